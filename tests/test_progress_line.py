"""The line that people watch while a run lasts: shares, promise, verdict so far, time to certainty."""

from __future__ import annotations

import pytest

from analyzer.records import Outcome, Weights
from analyzer.split.sequential import SplitTest
from analyzer.split.watch import Decision, Tally, start
from weighbridge.watch import standing

CANARY = SplitTest(Weights.parse("v2=90,v3=10"), within=2)


@pytest.mark.parametrize(
    ("tally", "line"),
    [
        (start(CANARY), "v2 – (90)  v3 – (10)  not yet certain"),
        (
            Tally((903, 97)),
            "v2 90.3 % (90)  v3 9.7 % (10)  about 2,040 requests (68 s) to certainty",
        ),
        (
            Tally((5, 7), decision=Decision(Outcome.FAIL, 12, (5, 7), 0, 0)),
            "v2 41.7 % (90)  v3 58.3 % (10)  fail after 12",
        ),
    ],
    ids=["nothing yet", "on its way", "certain"],
)
def test_the_line_says_how_it_stands(tally: Tally, line: str) -> None:
    assert standing(CANARY, tally, pace=30.0) == line
