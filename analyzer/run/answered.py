"""Pages as they were answered, row by row: what a live test needs to know of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from ..records import UNKNOWN, Version
from .calls import is_served
from .decided import Decided, Drawn, Place


class AnsweredPage(NamedTuple):
    """``served`` says whether a version must have answered, although none may be named."""

    place: Place
    version: Version
    served: bool

    @property
    def call(self) -> tuple[int, int, float, Version]:
        """What stands in for a call, where the proxies' logs are not at hand."""
        start, worker, seq = self.place
        return worker, seq, start, self.version


def answered(rows: pd.DataFrame) -> Iterator[AnsweredPage]:
    """One for each row; columns as ``requests.read`` gives."""
    versions = rows["version"].astype(object).fillna(UNKNOWN)
    places = zip(rows["start"], rows["worker"], rows["seq"], strict=True)
    return map(AnsweredPage, places, versions, is_served(rows))


class PagesAsCalls:
    """Pages in the order in which they were asked for: the only witness without the proxies' logs."""

    def __init__(self) -> None:
        self._decided = Decided()

    def take(self, rows: pd.DataFrame, until: float) -> list[Drawn]:
        """What is decided by now; every page that left before ``until`` (Unix seconds) has been given."""
        pages = list(answered(rows))
        self._decided.add_calls(page.call for page in pages)
        self._decided.add_pages(
            [page.place for page in pages], until, {page.place for page in pages if page.served}
        )
        return self._decided.take()
