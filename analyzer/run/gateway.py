"""Through which gateway pod and over which connection each page was asked for, by its log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from .. import tag
from ..records import LogEntry

GATEWAY = "istio-ingressgateway"
"""The value of the label ``app`` on the pods of Istio's ingress gateway."""


class Arrival(NamedTuple):
    """``connection`` is the client's address and port as this pod saw them: one reader, while it is kept."""

    worker: int
    seq: int
    gateway: str
    connection: str


def arrivals(pod: str, entries: Iterable[LogEntry], run: str) -> Iterable[Arrival]:
    """The requests of one run in one gateway pod's log."""
    for entry in entries:
        mark = tag.parse(entry.user_agent)
        if mark and mark.run == run:
            yield Arrival(mark.worker, mark.seq, pod, f"{pod}/{entry.downstream_remote_address}")


def beside(decisions: pd.DataFrame, seen: Iterable[Arrival]) -> pd.DataFrame:
    """The decisions in their order, with columns ``gateway`` and ``connection``, None where no log tells."""
    came = pd.DataFrame(seen, columns=list(Arrival._fields)).drop_duplicates(["worker", "seq"])
    came = came.astype({"worker": "int64", "seq": "int64"})
    both = decisions.merge(came, on=["worker", "seq"], how="left").astype(object)
    return both.where(both.notna(), None)
