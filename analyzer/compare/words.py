"""Which of four words a difference gets: it is there, it is not larger than so much, or nobody can tell."""

from __future__ import annotations

from enum import StrEnum

from ..wilson import Interval
from .metrics import Kind, Metric


class Word(StrEnum):
    """What is said of one metric of a candidate, against its baseline."""

    FASTER = "faster"
    SLOWER = "slower"
    MORE = "more"
    LESS = "less"
    SAME = "no difference larger than"
    UNKNOWN = "cannot tell"

    @property
    def is_difference(self) -> bool:
        return self not in (Word.SAME, Word.UNKNOWN)


def word(metric: Metric, interval: Interval | None, margin: float) -> Word:
    """By the interval alone, around 1 for a ratio and around 0 for a difference.

    ``margin`` is how large a difference may be that the interval leaves possible: beyond it, to have found
    none says nothing.
    """
    if interval is None:
        return Word.UNKNOWN
    none = 1.0 if metric.is_ratio else 0.0
    if interval.low > none:
        return Word.SLOWER if metric.kind is Kind.LATENCY else Word.MORE
    if interval.high < none:
        return Word.FASTER if metric.kind is Kind.LATENCY else Word.LESS
    return Word.SAME if reach(metric, interval) <= margin else Word.UNKNOWN


def reach(metric: Metric, interval: Interval) -> float:
    """The largest difference that the interval leaves possible: a part of the baseline's, or of 1."""
    none = 1.0 if metric.is_ratio else 0.0
    return max(interval.high - none, none - interval.low)
