"""The shapes of a load: how many users there are after which part of its time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

_STEPS = 5
_BASE = 0.1


def _ramp(spent: float) -> float:
    """From nobody to all, evenly."""
    return spent


def _steps(spent: float) -> float:
    """A fifth of the users more in each fifth of the time."""
    return (math.floor(spent * _STEPS) + 1) / _STEPS


def _spike(spent: float) -> float:
    """A tenth of the users, and all of them in the middle fifth of the time."""
    return 1.0 if 0.4 <= spent < 0.6 else _BASE


SHAPES: Mapping[str, Callable[[float], float]] = {"ramp": _ramp, "steps": _steps, "spike": _spike}


def users_at(shape: str, spent: float, peak: int) -> int | None:
    """How many of ``peak`` users there are when that part of the time (0 to 1) is spent; None at the end."""
    if spent >= 1:
        return None
    return min(peak, max(1, math.ceil(SHAPES[shape](spent) * peak)))
