"""Claims are one plain line each; what cannot be read is refused with an example of what can."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.performance.claims import Claim, ClaimError, ErrorClaim, LatencyClaim, ShareClaim, parse, read


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("p95 of v3 <= 1.1 x v2", LatencyClaim("p95 of v3 <= 1.1 x v2", "v3", 0.95, None, 1.1, "v2")),
        (
            "p99.9 of v3<=1.1x v2",
            LatencyClaim("p99.9 of v3<=1.1x v2", "v3", 0.999, None, 1.1, "v2"),
        ),
        ("median of v3 < 250ms", LatencyClaim("median of v3 < 250ms", "v3", 0.5, 250, None, None)),
        ("p50  of v3 ≤ 0.25 s", LatencyClaim("p50 of v3 ≤ 0.25 s", "v3", 0.5, 250, None, None)),
        ("errors of v3 < 1%", ErrorClaim("errors of v3 < 1%", "v3", 0.01)),
        ("share of v3 within 2", ShareClaim("share of v3 within 2", "v3", 2)),
        ("share of v3 within 0.5 points", ShareClaim("share of v3 within 0.5 points", "v3", 0.5)),
    ],
)
def test_a_claim_is_read(text: str, claim: Claim) -> None:
    assert parse(text) == claim


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no claim"),
        ("v3 is fast", "'v3 is fast' is no claim"),
        ("p95 of v3 >= 100 ms", "'p95 of v3 >= 100 ms' does not say at most what"),
        ("p95 of v3 <= 100", "'p95 of v3 <= 100' has no bound we know"),
        ("p0 of v3 <= 100 ms", "'p0' in 'p0 of v3 <= 100 ms' is nothing we measure"),
        ("pig of v3 <= 100 ms", "'ig' in 'pig of v3 <= 100 ms' is no number"),
        ("errors of v3 < 0%", "'errors of v3 < 0%' has no error rate above 0"),
        ("errors of v3 < 1", "'errors of v3 < 1' has no error rate above 0"),
        ("share of v3 within 0", "'share of v3 within 0' has no margin above 0"),
        ("share of v3 within -2", "'-2' in 'share of v3 within -2' is no number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(ClaimError) as refusal:
        parse(text)
    assert str(refusal.value) == message
    assert refusal.value.hint


def test_a_file_has_one_claim_a_line_and_comments() -> None:
    text = "# what v3 must keep\n\nerrors of v3 < 1%   # strict\nshare of v3 within 2\n"
    assert read(text) == (parse("errors of v3 < 1%"), parse("share of v3 within 2"))


def test_an_error_in_a_file_names_the_line() -> None:
    with pytest.raises(ClaimError, match=r"line 2: 'nonsense' is no claim"):
        read("errors of v3 < 1%\nnonsense\n")


@given(st.text(max_size=300) | st.text("p95ofv3<=1.x %within share errors", max_size=60))
def test_any_text_is_either_a_claim_or_refused(text: str) -> None:
    with suppress(ClaimError):
        assert parse(text).text
