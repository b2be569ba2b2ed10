"""When a rule of a VirtualService applies, and to which of its destinations it leads."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_rules import GATEWAY, TO_V3, V2, V3, route, rule, translated

MATCHES = [
    ({"uri": {"exact": "/a"}}, {"path": "/a"}),
    ({"uri": {"prefix": "/a"}}, {"prefix": "/a"}),
    ({"uri": {"regex": "/a.*"}}, {"safe_regex": {"regex": "/a.*"}}),
    ({"uri": {"prefix": "/a"}, "ignoreUriCase": True}, {"prefix": "/a", "case_sensitive": False}),
    (
        {"headers": {"b": {"exact": "1"}, "a": {"prefix": "2"}, "c": {"regex": "3"}, "d": {}}},
        {
            "prefix": "/",
            "headers": [
                {"name": "a", "string_match": {"prefix": "2"}},
                {"name": "b", "string_match": {"exact": "1"}},
                {"name": "c", "string_match": {"safe_regex": {"regex": "3"}}},
                {"name": "d", "present_match": True},
            ],
        },
    ),
    (
        {"headers": {"any": {"regex": "*"}}},
        {"prefix": "/", "headers": [{"name": "any", "present_match": True}]},
    ),
    (
        {"withoutHeaders": {"a": {"exact": "1"}, "b": {}}},
        {
            "prefix": "/",
            "headers": [
                {
                    "name": "a",
                    "string_match": {"exact": "1"},
                    "invert_match": True,
                    "treat_missing_header_as_empty": True,
                },
                {"name": "b", "present_match": True, "invert_match": True},
            ],
        },
    ),
    (
        {"method": {"exact": "GET"}, "authority": {"prefix": "r"}, "scheme": {"exact": "http"}},
        {
            "prefix": "/",
            "headers": [
                {"name": ":method", "string_match": {"exact": "GET"}},
                {"name": ":authority", "string_match": {"prefix": "r"}},
                {"name": ":scheme", "string_match": {"exact": "http"}},
            ],
        },
    ),
    (
        {"queryParams": {"a": {"exact": "1"}, "b": {}}},
        {
            "prefix": "/",
            "query_parameters": [
                {"name": "a", "string_match": {"exact": "1"}},
                {"name": "b", "present_match": True},
            ],
        },
    ),
]


@pytest.mark.parametrize(("match", "expected"), MATCHES)
def test_a_match_says_what_the_request_looks_like(match: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = translated(rule(match=[match]))
    assert found == route(match={"case_sensitive": True, **expected})


@pytest.mark.parametrize(
    ("match", "names", "there"),
    [
        ({"sourceLabels": {"app": "productpage"}}, "labels of productpage", True),
        ({"sourceLabels": {"app": "details"}}, "labels of another", False),
        ({"sourceNamespace": "default"}, "its namespace", True),
        ({"sourceNamespace": "istio-system"}, "another namespace", False),
        ({"port": 9080}, "the port", True),
        ({"port": 80}, "another port", False),
        ({"gateways": ["mesh"]}, "the mesh", True),
        ({"gateways": ["front"]}, "a gateway", False),
        ({"gateways": ["mesh"], "sourceLabels": {"app": "details"}}, "gateways count more than labels", True),
    ],
)
def test_a_match_on_the_caller_is_settled_beforehand(match: dict[str, Any], names: str, there: bool) -> None:
    """A rule that is for other proxies does not reach this one at all."""
    assert bool(translated(rule(match=[match]))) is there, names


def test_a_gateways_name_is_completed_with_the_documents_namespace() -> None:
    found = translated(
        rule(match=[{"gateways": ["front"]}, {"gateways": ["other/front"]}]), viewpoint=GATEWAY
    )
    assert len(found) == 1


def test_each_match_is_a_route_and_the_names_join() -> None:
    found = translated(
        rule(name="first", match=[{"name": "a", "uri": {"exact": "/a"}}, {"uri": {"exact": "/b"}}])
    )
    assert [one["name"] for one in found] == ["first.a", "first"]


@pytest.mark.parametrize("match", [None, [{}], [{"uri": {"prefix": "/"}}], [{"uri": {"regex": ".*"}}]])
def test_nothing_follows_a_catch_all(match: list[dict[str, Any]] | None) -> None:
    first = rule(name="first") if match is None else rule(name="first", match=match)
    assert [one["name"] for one in translated(first, rule(name="second"))] == ["first"]


def test_rules_keep_their_order() -> None:
    found = translated(rule(name="b", match=[{"uri": {"exact": "/b"}}]), rule(name="a"))
    assert [one["name"] for one in found] == ["b", "a"]


def test_the_weight_of_a_single_destination_does_not_count() -> None:
    assert translated({"route": [{"destination": V2, "weight": 0}]}) == [route()]


def test_a_destination_without_a_weight_gets_nothing_among_others() -> None:
    (found,) = translated({"route": [{"destination": V2}, {"destination": V3, "weight": 3}]})
    assert found["route"]["weighted_clusters"] == {"clusters": [{"name": TO_V3, "weight": 3}]}


def test_a_destination_in_full_is_the_same_cluster() -> None:
    full = {"host": "reviews.default.svc.cluster.local", "subset": "v2", "port": {"number": 9080}}
    assert translated({"route": [{"destination": full}]}) == [route()]


def test_a_match_may_name_its_statistics() -> None:
    (found,) = translated(rule(match=[{"uri": {"exact": "/a"}, "statPrefix": "a"}]))
    assert found == route(match={"path": "/a", "case_sensitive": True}, stat_prefix="a")
