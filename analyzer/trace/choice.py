"""Which request of a run is worth a look: the slowest, those that failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from ..tag import Tag

SHOWN = 10


class Row(NamedTuple):
    """What the reader kept of one request; ``trouble`` is what was wrong, or ""."""

    tag: str
    latency_ms: float
    status: int
    version: str | None
    pod: str | None
    trouble: str


def slowest(rows: pd.DataFrame, many: int = SHOWN) -> list[Row]:
    return _rows(rows.nlargest(many, "latency_ms"))


def failed(rows: pd.DataFrame, many: int = SHOWN) -> list[Row]:
    """Those without a whole answer, with another status than 200, or with a trouble on the page."""
    bad = rows["error"].notna() | (rows["status"] != 200) | rows["trouble"].notna() | rows["details_trouble"]
    return _rows(rows[bad].head(many))


def named(rows: pd.DataFrame, names: Iterable[str]) -> list[Row]:
    """By their ``worker.seq``; those without a row are left out."""
    wanted = pd.MultiIndex.from_tuples(
        [tuple(map(int, name.split("."))) for name in names], names=["worker", "seq"]
    )
    return _rows(rows[pd.MultiIndex.from_frame(rows[["worker", "seq"]]).isin(wanted)])


def of(rows: pd.DataFrame, tag: Tag) -> Row | None:
    """What the reader kept of that request."""
    return next(iter(named(rows, [f"{tag.worker}.{tag.seq}"])), None)


def _rows(rows: pd.DataFrame) -> list[Row]:
    return [_row(values) for values in rows.to_dict("records")]


def _row(values: dict[Any, Any]) -> Row:
    told = ("error", "trouble", "doubt")
    troubles = [str(values[name]) for name in told if pd.notna(values[name])]
    troubles += ["details"] if values["details_trouble"] else []
    version, pod = (None if pd.isna(values[name]) else str(values[name]) for name in ("version", "pod"))
    tag = f"{values['worker']}.{values['seq']}"
    return Row(tag, float(values["latency_ms"]), int(values["status"]), version, pod, ", ".join(troubles))
