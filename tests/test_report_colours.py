"""One visual language: the same colours in report and Split tab, with the contrast that eyes need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REPORT = (ROOT / "analyzer" / "report" / "templates" / "style.css").read_text()
TAB = (ROOT / "locustfiles" / "split_tab" / "split.css").read_text()
_BLOCK = re.compile(r":root(?:\.dark)? \{(.*?)\}", re.S)
_COLOUR = re.compile(r"--([a-z0-9]+): (#[0-9a-f]{3,6})\b")


def palettes(css: str) -> tuple[dict[str, str], dict[str, str]]:
    """The light one and the dark one."""
    light, dark = (dict(_COLOUR.findall(block)) for block in _BLOCK.findall(css)[:2])
    return light, dark


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it, 1 to 21."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_and_shapes_have_the_contrast_that_wcag_asks_for(mode: int) -> None:
    colours = palettes(REPORT)[mode]
    for name in ("ink", "soft", "pass", "fail", "undecided"):
        assert all(contrast(colours[name], colours[paper]) >= 4.5 for paper in ("card", "paper")), name
    for name in ("alone", *(f"v{number}" for number in range(8))):
        assert contrast(colours[name], colours["card"]) >= 3, name


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_a_version_and_its_promise_look_alike_in_the_report_and_in_the_split_tab(mode: int) -> None:
    report, tab = palettes(REPORT)[mode], palettes(TAB)[mode]
    shared = [name for name in tab if re.fullmatch(r"v\d|zone|pass|fail|undecided", name)]
    assert {name: tab[name] for name in shared} == {name: report[name] for name in shared}
    assert {"v0", "v5", "zone", "pass"} <= set(shared)
