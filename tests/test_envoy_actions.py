"""What a rule of a VirtualService does with a request, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_rules import GATEWAY, TO_V2, TO_V3, V2, V3, route, rule, translated

from setup.local.envoy.retries import retry_policy


@pytest.mark.parametrize(
    ("written", "expected"), [("2s", "2s"), ("1m", "60s"), ("500ms", "0.5s"), ("0s", "0s")]
)
def test_a_timeout_is_written_in_seconds(written: str, expected: str) -> None:
    assert translated(rule(timeout=written)) == [route(route={"timeout": expected})]


def test_no_retries_when_attempts_is_zero() -> None:
    (found,) = translated(rule(retries={"attempts": 0}))
    assert "retry_policy" not in found["route"]


def test_retries_keep_istios_conditions_where_none_are_written() -> None:
    assert retry_policy({"attempts": 5}) == {**(retry_policy(None) or {}), "num_retries": 5}


def test_a_status_among_the_conditions_is_a_retriable_one() -> None:
    policy = retry_policy(
        {"attempts": 1, "retryOn": "5xx, 503,reset", "perTryTimeout": "2s", "backoff": "25ms"}
    )
    assert policy == {
        **(retry_policy(None) or {}),
        "num_retries": 1,
        "retry_on": "5xx,reset,retriable-status-codes",
        "retriable_status_codes": [503],
        "per_try_timeout": "2s",
        "retry_back_off": {"base_interval": "0.025s"},
    }


def test_a_hashed_request_is_tried_again_where_it_was() -> None:
    assert "retry_host_predicate" not in (retry_policy(None, hashed=True) or {})


def test_a_retry_may_go_where_it_was_on_request() -> None:
    assert "retry_host_predicate" not in (
        retry_policy({"attempts": 1, "retryIgnorePreviousHosts": False}) or {}
    )


def test_a_fault_strikes_in_millionths() -> None:
    fault = {
        "delay": {"percentage": {"value": 12.5}, "fixedDelay": "7s"},
        "abort": {"percentage": {"value": 0.01}, "httpStatus": 555},
    }
    assert translated(rule(fault=fault)) == [
        route(
            typed_per_filter_config={
                "envoy.filters.http.fault": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                    "delay": {
                        "percentage": {"numerator": 125000, "denominator": "MILLION"},
                        "fixed_delay": "7s",
                    },
                    "abort": {"percentage": {"numerator": 100, "denominator": "MILLION"}, "http_status": 555},
                }
            }
        )
    ]


def test_cors_is_told_to_the_filter() -> None:
    cors = {
        "allowOrigins": [{"exact": "https://a"}, {"regex": "b.*"}],
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["x-a", "x-b"],
        "exposeHeaders": ["x-c"],
        "maxAge": "24h",
        "allowCredentials": True,
    }
    assert translated(rule(corsPolicy=cors)) == [
        route(
            typed_per_filter_config={
                "envoy.filters.http.cors": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
                    "allow_origin_string_match": [{"exact": "https://a"}, {"safe_regex": {"regex": "b.*"}}],
                    "allow_methods": "GET,POST",
                    "allow_headers": "x-a,x-b",
                    "expose_headers": "x-c",
                    "max_age": "86400",
                    "allow_credentials": True,
                    "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
                    "forward_not_matching_preflights": True,
                }
            }
        )
    ]


def mirror(numerator: int) -> dict[str, Any]:
    return {
        "cluster": TO_V3,
        "runtime_fraction": {"default_value": {"numerator": numerator, "denominator": "MILLION"}},
        "trace_sampled": False,
        "disable_shadow_host_suffix_append": True,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mirror": V3}, [mirror(1_000_000)]),
        ({"mirror": V3, "mirrorPercentage": {"value": 10}}, [mirror(100_000)]),
        ({"mirrors": [{"destination": V3, "percentage": {"value": 0.5}}]}, [mirror(5_000)]),
        ({"mirrors": [{"destination": V3}, {"destination": V3}]}, [mirror(1_000_000)] * 2),
    ],
)
def test_a_mirror_copies_requests(fields: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert translated(rule(**fields)) == [route(route={"request_mirror_policies": expected})]


def test_a_mirror_of_zero_percent_copies_nothing() -> None:
    assert translated(rule(mirror=V3, mirrorPercentage={"value": 0})) == [route()]


@pytest.mark.parametrize(
    ("rewrite", "expected"),
    [
        ({"uri": "/b"}, {"prefix_rewrite": "/b"}),
        ({"authority": "a.example.com"}, {"host_rewrite_literal": "a.example.com"}),
        (
            {"uriRegexRewrite": {"match": "/(.*)", "rewrite": r"/b/\1"}},
            {"regex_rewrite": {"pattern": {"regex": "/(.*)"}, "substitution": r"/b/\1"}},
        ),
    ],
)
def test_a_rewrite_changes_path_and_authority(rewrite: dict[str, Any], expected: dict[str, Any]) -> None:
    assert translated(rule(rewrite=rewrite)) == [route(route=expected)]


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        ({"uri": "/b"}, {"path_redirect": "/b"}),
        (
            {"authority": "a", "redirectCode": 308},
            {"host_redirect": "a", "response_code": "PERMANENT_REDIRECT"},
        ),
        ({"scheme": "https", "port": 8443}, {"scheme_redirect": "https", "port_redirect": 8443}),
        ({"scheme": "https", "port": 443}, {"scheme_redirect": "https"}),
        ({"uri": "/b", "derivePort": "FROM_REQUEST_PORT"}, {"path_redirect": "/b", "port_redirect": 8080}),
        ({"uri": "/b", "derivePort": "FROM_PROTOCOL_DEFAULT"}, {"path_redirect": "/b"}),
        ({"prefixRewrite": "/b"}, {"prefix_rewrite": "/b"}),
    ],
)
def test_a_redirect_sends_the_caller_elsewhere(redirect: dict[str, Any], expected: dict[str, Any]) -> None:
    """The request's port is the one that people see, which a Gateway document need not say."""
    assert translated({"redirect": redirect}, viewpoint=GATEWAY) == [
        {"match": {"prefix": "/"}, "redirect": {"response_code": "MOVED_PERMANENTLY", **expected}}
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"body": {"string": "tea"}}, {"body": {"inline_string": "tea"}}),
        ({"body": {"bytes": "dGVh"}}, {"body": {"inline_bytes": "dGVh"}}),
    ],
)
def test_a_direct_response_answers_by_itself(body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert translated({"directResponse": {"status": 418, **body}}) == [
        {"match": {"prefix": "/"}, "direct_response": {"status": 418, **expected}}
    ]


def option(key: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    return {"header": {"key": key, "value": value}, "append_action": action}


CHANGES = {
    "request": {"set": {"b": "1", "a": "2"}, "add": {"c": "3"}, "remove": ["d"]},
    "response": {"set": {"e": "5"}, "add": {"f": "6"}, "remove": ["g"]},
}
CHANGED = {
    "request_headers_to_add": [
        option("a", "2"),
        option("b", "1"),
        option("c", "3", "APPEND_IF_EXISTS_OR_ADD"),
    ],
    "request_headers_to_remove": ["d"],
    "response_headers_to_add": [option("e", "5"), option("f", "6", "APPEND_IF_EXISTS_OR_ADD")],
    "response_headers_to_remove": ["g"],
}


def test_headers_are_set_added_and_removed_on_a_route() -> None:
    assert translated(rule(headers=CHANGES)) == [route(**CHANGED)]


def test_headers_of_a_single_destination_come_after_those_of_its_route() -> None:
    own = {"request": {"set": {"z": "26"}}}
    found = translated({"route": [{"destination": V2, "headers": own}], "headers": CHANGES})
    after = {**CHANGED, "request_headers_to_add": [*CHANGED["request_headers_to_add"], option("z", "26")]}
    assert found == [route(**after)]


def test_headers_of_a_weighted_destination_stay_with_it() -> None:
    (found,) = translated(
        {"route": [{"destination": V2, "weight": 1, "headers": CHANGES}, {"destination": V3, "weight": 1}]}
    )
    assert found["route"]["weighted_clusters"]["clusters"] == [
        {"name": TO_V2, "weight": 1, **CHANGED},
        {"name": TO_V3, "weight": 1},
    ]


@pytest.mark.parametrize("name", ["host", "Host", ":authority"])
def test_setting_the_host_header_rewrites_the_authority(name: str) -> None:
    headers = {"request": {"set": {name: "a.example.com"}, "remove": [name]}}
    assert translated(rule(headers=headers)) == [route(route={"host_rewrite_literal": "a.example.com"})]


def test_a_rewritten_authority_goes_before_one_that_a_destination_sets() -> None:
    destination = {"destination": V2, "headers": {"request": {"set": {"host": "late.example.com"}}}}
    found = translated({"route": [destination], "rewrite": {"authority": "a.example.com"}})
    assert found == [route(route={"host_rewrite_literal": "a.example.com"})]
