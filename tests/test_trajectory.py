"""A trajectory tells a chart how shares and bands moved."""

from __future__ import annotations

import numpy as np

from analyzer.records import Weights
from analyzer.split.sequential import SplitTest
from analyzer.split.trajectory import trajectory

CANARY = SplitTest(Weights.parse("v2=90,v3=10"), within=2)


def test_the_bands_narrow_around_the_shares_and_end_with_the_run() -> None:
    hits = np.random.default_rng(1).random(5_000) < 0.1
    looks = trajectory(CANARY, ["v3" if hit else "v2" for hit in hits], points=30)
    assert [look.requests for look in looks][-1] == 5_000
    assert 20 <= len(looks) <= 31
    widths = [band.high - band.low for look in looks for version, _, band in look.shares if version == "v3"]
    assert widths[-1] < 0.04 < 0.9 < widths[0]
    assert all(band.low <= (share or 0) <= band.high for look in looks for _, share, band in look.shares)


def test_before_any_label_shares_are_unknown_and_bands_are_everything() -> None:
    (look,) = trajectory(CANARY, [None])
    assert look.as_dict() == {
        "requests": 1,
        "unlabelled": 1,
        "shares": {version: {"share": None, "low": 0.0, "high": 1.0} for version in ("v2", "v3")},
    }


def test_a_run_without_requests_has_no_looks() -> None:
    assert trajectory(CANARY, []) == ()
