"""How fast a mesh was asked before: the rate that earlier runs measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import JudgementError
from analyzer.run.load_summary import Summary

from .folders import RESULTS


@dataclass(frozen=True, slots=True)
class Pace:
    """``rate`` is requests a second over one whole load; ``measured`` names where."""

    rate: float
    measured: Path


def of_run(folder: Path) -> Pace:
    """The rate of one run; raises JudgementError where its load left no word on it."""
    if pace := _read(folder):
        return pace[1]
    raise JudgementError(
        f"{folder} tells no rate: no summary.json of a load that ended in order", "give --rate instead"
    )


def newest(results: Path = RESULTS) -> Pace | None:
    """The rate of the run below ``results`` that ended last; None where there is none."""
    found = filter(None, map(_read, results.glob("*/")))
    return max(found, key=lambda pace: pace[0], default=(0.0, None))[1]


def _read(folder: Path) -> tuple[float, Pace] | None:
    """When the load in that folder ended, and its pace."""
    try:
        summary = Summary.read(folder)
    except JudgementError:
        return None
    if summary is None or not summary.requests or summary.ended <= summary.started:
        return None
    return summary.ended, Pace(summary.requests / (summary.ended - summary.started), folder)
