"""The values of Istio's fields: what is one, and what is none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setup.schema import values
from setup.schema.shapes import Text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2s", Decimal(2)),
        ("500ms", Decimal("0.5")),
        ("1m", Decimal(60)),
        ("1h30m", Decimal(5400)),
        ("1.5s", Decimal("1.5")),
        ("0s", Decimal(0)),
        ("250us", Decimal("0.00025")),
        ("", None),
        ("2", None),
        ("s", None),
        ("-2s", None),
        ("2 s", None),
        ("2s3", None),
        ("1d", None),
    ],
)
def test_a_duration_is_written_as_go_writes_it(text: str, expected: Decimal | None) -> None:
    assert values.seconds(text) == expected


@given(st.integers(0, 10**9), st.sampled_from(["ns", "us", "ms", "s", "m", "h"]))
def test_a_whole_number_of_any_unit_is_a_duration(number: int, unit: str) -> None:
    length = {"ns": "1e-9", "us": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600"}[unit]
    assert values.seconds(f"{number}{unit}") == number * Decimal(length)


@given(st.text())
def test_any_text_is_a_duration_or_none(text: str) -> None:
    length = values.seconds(text)
    assert length is None or length >= 0


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (values.DURATION, ["1ms", "2s"], ["0s", "0.5ms", "2"]),
        (values.DURATION_OR_ZERO, ["0s", "2s"], ["", "99999999h"]),
        (values.HOST, ["reviews", "reviews.default.svc.cluster.local", "*", "*.example.com", "10.0.0.1"],
         ["", "Reviews", "re_views", "a..b", "*example.com", "a b", "a" * 64, "reviews:9080"]),
        (values.SERVER_HOST, ["*", "default/reviews", "*/a.example.com", "./reviews"], ["a/b/c", "/reviews"]),
        (values.REFERENCE, ["mesh", "bookinfo-gateway", "default/bookinfo-gateway"],
         ["", "a/b/c", "/a", "A"]),
        (values.LABEL_VALUE, ["", "v1", "a.b_c-d"], ["-v1", "v 1", "v" * 64, "é"]),
        (values.HEADER, ["end-user", ":authority", "x_y", "*"], ["", "a b", "ü", "a:b"]),
        (values.HEADER_VALUE, ["plain", "100%%", "%START_TIME%", "%REQ(x-a?y):10%"],
         ["100%", "%a", "line\nline"]),
        (values.RETRY_ON, ["5xx", "connect-failure, 503"], ["", "5xxx", "5xx,,503", "600"]),
        (values.LINE, ["a b"], ["", "a\nb", "\x1b[31m"]),
        (values.BASE64, ["", "dGVh"], ["?", "dGV"]),
        (values.AUTHORITY, ["reviews:9080", "a.example.com", "[::1]:80"], ["", "a b", "a/b"]),
    ],
)  # fmt: skip
def test_values_are_told_apart_from_what_only_looks_like_them(
    shape: Text, good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if list(shape.faults(text, "spec"))] == []
    assert [text for text in bad if not list(shape.faults(text, "spec"))] == []
