"""Which hosts a name stands for."""

from __future__ import annotations

import pytest

from analyzer.hosts import narrower, qualified, specificity


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("reviews", "reviews.books.svc.cluster.local"),
        ("reviews.default", "reviews.default"),
        ("reviews.default.svc.cluster.local", "reviews.default.svc.cluster.local"),
        ("*.example.com", "*.example.com"),
        ("*", "*"),
    ],
)
def test_only_a_name_without_a_dot_is_completed(host: str, expected: str) -> None:
    """``reviews.default`` stays what it is, and is no service then (Istio's analyzer calls it IST0101)."""
    assert qualified(host, "books") == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("*", "a.example.com", "a.example.com"),
        ("a.example.com", "*.example.com", "a.example.com"),
        ("*.example.com", "*.a.example.com", "*.a.example.com"),
        ("*", "*", "*"),
        ("a.example.com", "b.example.com", None),
        ("*.example.com", "example.com", None),
        ("*.example.com", "*.example.org", None),
    ],
)
def test_two_hosts_have_the_narrower_in_common(one: str, other: str, expected: str | None) -> None:
    assert narrower(one, other) == narrower(other, one) == expected


def test_the_closest_description_of_a_host_comes_last() -> None:
    hosts = ["a.example.com", "*", "*.example.com", "*.com"]
    assert sorted(hosts, key=specificity) == ["*", "*.com", "*.example.com", "a.example.com"]
