"""Why pages show other shares than the calls behind them: Bookinfo asks reviews again after an error.

productpage.py calls reviews up to twice, and the proxy draws a version for each call. A version that fails
loses pages to the others though the mesh splits as it should: pages share as the calls that succeeded do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..records import UNKNOWN, Version
from .calls import Joined


@dataclass(frozen=True, slots=True)
class Shown:
    """One version: its calls, how many failed, and three shares of it, 0 to 1.

    Those are of all calls, of the calls that succeeded, and of the pages that show a version.
    """

    version: Version
    calls: int
    failed: int
    of_calls: float
    of_successes: float
    of_pages: float


@dataclass(frozen=True, slots=True)
class SecondTry:
    """``pages`` took two calls; ``versions`` in the order of their names."""

    pages: int
    versions: tuple[Shown, ...]

    @property
    def most_biased(self) -> Shown:
        return max(self.versions, key=lambda one: (round(abs(one.of_pages - one.of_calls), 9), one.failed))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def second_try(joined: Joined, failed: Mapping[Version, tuple[int, int]]) -> SecondTry | None:
    """None where no page took a second call, or none shows a version: then there is no bias to explain."""
    pages = joined.by_page
    shown = pages.total - pages[UNKNOWN]
    calls = sum(count for _, count in failed.values())
    sound = sum(count - bad for bad, count in failed.values())
    if not joined.asked_again or not shown or not sound:
        return None
    return SecondTry(
        joined.asked_again,
        tuple(
            Shown(version, count, bad, count / calls, (count - bad) / sound, pages[version] / shown)
            for version, (bad, count) in sorted(failed.items())
        ),
    )
