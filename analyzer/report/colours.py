"""Which colour a version has, the same on every page: the palette goes to versions that share a service."""

from __future__ import annotations

from collections.abc import Iterable

from ..records import UNKNOWN, Version

PALETTE = tuple(f"var(--v{number})" for number in range(8))
"""Of style.css, and of the Split tab's page: they differ in lightness as well as in hue."""
ALONE, NOBODY = "var(--alone)", "var(--soft)"
"""For a version that is the only one of its service, and for what tells no version."""


def colours(weighed: Iterable[Version], others: Iterable[Version] = ()) -> dict[Version, str]:
    """``weighed`` in their order, each in a colour of its own as far as there are any; ``others`` alike."""
    ordered = [version for version in dict.fromkeys(weighed) if version != UNKNOWN]
    found = {version: PALETTE[number % len(PALETTE)] for number, version in enumerate(ordered)}
    return dict.fromkeys(others, ALONE) | found | {UNKNOWN: NOBODY}
