"""RE2's regular expressions are told apart from other engines'."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setup.schema.expressions import is_re2

TAKEN = [
    ".*", "/reviews/[0-9]+", r"\d+(?:a|b)?", "(?i)a", "(?-i:a)", "(?U)a+", "(?P<n>a)", "(?<n>a)", r"\pL+",
    r"\z", r"\Qa.b\E", "[[:alpha:]]+", "[*+]", "[]a]", r"\*+", r"\\1", r"\x{41}",
    "a{1000}", "a{,5}", "a|", "é+", "]",
]  # fmt: skip
REFUSED = [
    "", "*", "a**", "a++", "(?>a)", "(?=a)", "(?<!a)", r"(a)\1", "(?P=n)", "(?(1)a|b)", "(?#c)a", "(?x)a",
    "(?u)a", r"\Z", r"\u0041", r"\h", r"\8", "a{1001}", "(", ")", "[",
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_an_expression_that_re2_takes_is_taken(text: str) -> None:
    assert is_re2(text)


@pytest.mark.parametrize("text", REFUSED)
def test_an_expression_that_re2_refuses_is_refused(text: str) -> None:
    assert not is_re2(text)


@given(st.text(alphabet="ab()[]{}?*+|\\<>P=!:^$.-1,imsU", max_size=12))
def test_any_text_is_judged_without_an_error_or_a_warning(text: str) -> None:
    assert is_re2(text) in (True, False)
