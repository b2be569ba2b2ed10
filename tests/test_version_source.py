"""Where an answer of any application names its version: a header, a JSON path, a linear-time expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pages.version_source import VersionSource, VersionSourceError

HEADERS = [(b"Content-Type", b"text/html"), (b"X-Version", b"v2"), (b"Server", b"app-v3-6c9f")]
REVIEWS = b'{"podname": "reviews-v3-84779c7bbc-9drws", "reviews": [{"stars": 5, "of": 1.5, "ok": true}]}'


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("header:x-version", "v2"),
        ("header: X-VERSION", "v2"),
        ("header:server~app-(v[0-9]+)-", "v3"),
        ("header:server~v[0-9]", "v3"),
        ("header:server~app-(w[0-9]+)", None),
        ("header:absent", None),
        ("header:content-type", None),
        ("json:podname~reviews-(v[0-9]+)-", "v3"),
        ("json:$.reviews.0.stars", "5"),
        ("json:reviews.0.of", "1.5"),
        ("json:reviews.0.ok", None),
        ("json:reviews.1.stars", None),
        ("json:reviews", None),
        ("json:podname.x", None),
        ("regex:reviews-(v[0-9]+)-", "v3"),
        ("regex:reviews-v[0-9]+", "reviews-v3"),
        ("regex:(absent)|nothing", None),
    ],
)
def test_the_version_stands_where_the_source_says(source: str, version: str | None) -> None:
    assert VersionSource.parse(source).version(HEADERS, REVIEWS) == version


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x-version", "says of no place where a version stands"),
        ("header:", "says of no place"),
        ("header:x version", "says of no place"),
        ("json:$", "says of no place"),
        ("regex:", "says of no place"),
        ("regex:(", "is no RE2 expression: missing \\)"),
        ("regex:(?=v)", "is no RE2 expression: invalid perl operator"),
        ("json:a~\\1", "is no RE2 expression: invalid escape sequence"),
    ],
)
def test_a_source_that_says_nothing_is_refused(source: str, message: str) -> None:
    with pytest.raises(VersionSourceError, match=message):
        VersionSource.parse(source)


@given(st.binary(), st.sampled_from(["json:a.0.b", "regex:v([0-9]+)", "json:podname~(.*)"]))
def test_no_answer_breaks_the_reader(body: bytes, source: str) -> None:
    VersionSource.parse(source).version(HEADERS, body)


def test_a_deep_answer_breaks_nothing_either() -> None:
    assert VersionSource.parse("json:a").version([], b"[" * 100_000) is None


def test_what_cannot_be_a_version_is_none() -> None:
    source = VersionSource.parse("regex:version: (.*)")
    assert source.version([], b"version: <script>") is None
    assert source.version([], b"version: " + b"v" * 64) is None
    assert source.version([], b"version: " + b"v" * 63) == "v" * 63


def test_an_expression_takes_linear_time_where_backtracking_would_never_end() -> None:
    """Python's own ``re`` would try 2 to the 40 ways here; the test ends, or it does not."""
    assert VersionSource.parse("regex:(a+)+$").version([], b"a" * 40 + b"b") is None
