"""The parts of a run between two changes of the weights: each has a promise of its own, and is judged alone.

Whatever a proxy drew while the weights changed is judged by neither promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..records import Weights
from ..run.calls import LOG_TICK
from ..run.folder import Promise
from .verdict import SplitVerdict


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when weights were in force; Unix seconds, None where nobody can tell, or not yet."""

    live: float | None
    ended: float | None = None

    def holds(self, asked: float, drawn: float) -> bool:
        """Whether a page was surely served by these weights; ``calls.join`` keeps the same pages.

        It was ``asked`` for since they were live, and its last call ``drawn`` before others were asked for.
        """
        since = self.live is None or asked >= self.live
        return since and (self.ended is None or drawn + LOG_TICK <= self.ended)


@dataclass(frozen=True, slots=True)
class Segment:
    """What the weights of one span came to."""

    promise: Promise
    span: Span
    split: SplitVerdict

    @property
    def weights(self) -> Weights:
        return self.promise.weights

    def as_dict(self) -> dict[str, Any]:
        return {
            "weights": self.weights.as_dict(),
            "within": self.promise.within,
            "alpha": self.promise.alpha,
            "live": self.span.live,
            "ended": self.span.ended,
            "split": self.split.as_dict(),
        }
