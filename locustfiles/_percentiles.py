"""How finely Locust's own statistics keep times: their percentiles are those of the buckets."""

from __future__ import annotations


def bucket(milliseconds: float) -> float:
    """The time in three digits, at most 0.5 % off; Locust's own two are up to 33 % off at 1.5 ms."""
    return float(f"{milliseconds:.3g}")
