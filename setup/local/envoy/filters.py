"""The HTTP filters that every listener has, and what a route tells them: faults and CORS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .messages import Json, duration, fraction, string_match, typed

_FAULT = "envoy.filters.http.fault"
_CORS = "envoy.filters.http.cors"

CHAIN: list[Json] = [
    {"name": _FAULT, "typed_config": typed("envoy.extensions.filters.http.fault.v3.HTTPFault")},
    {"name": _CORS, "typed_config": typed("envoy.extensions.filters.http.cors.v3.Cors")},
    {
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router"),
    },
]
"""In Istio's order, without what only its control plane and its telemetry need."""


def per_route(rule: Mapping[str, Any]) -> Json:
    """What the rule's fault and corsPolicy tell the filters."""
    told: Json = {}
    if "fault" in rule:
        told[_FAULT] = _fault(rule["fault"])
    if "corsPolicy" in rule:
        told[_CORS] = _cors(rule["corsPolicy"])
    return {"typed_per_filter_config": told} if told else {}


def _fault(fault: Mapping[str, Any]) -> Json:
    fields: Json = {}
    if "delay" in fault:
        delay = fault["delay"]
        fields["delay"] = {
            "percentage": fraction(delay["percentage"]),
            "fixed_delay": duration(delay["fixedDelay"]),
        }
    if "abort" in fault:
        abort = fault["abort"]
        fields["abort"] = {"percentage": fraction(abort["percentage"]), "http_status": abort["httpStatus"]}
    return typed("envoy.extensions.filters.http.fault.v3.HTTPFault", **fields)


def _cors(policy: Mapping[str, Any]) -> Json:
    fields: Json = {
        "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        "forward_not_matching_preflights": policy.get("unmatchedPreflights") != "IGNORE",
    }
    if policy.get("allowOrigins"):
        fields["allow_origin_string_match"] = [string_match(origin) for origin in policy["allowOrigins"]]
    for ours, theirs in (
        ("allowMethods", "allow_methods"),
        ("allowHeaders", "allow_headers"),
        ("exposeHeaders", "expose_headers"),
    ):
        if policy.get(ours):
            fields[theirs] = ",".join(policy[ours])
    if "maxAge" in policy:
        fields["max_age"] = duration(policy["maxAge"]).removesuffix("s").partition(".")[0]
    if "allowCredentials" in policy:
        fields["allow_credentials"] = policy["allowCredentials"]
    return typed("envoy.extensions.filters.http.cors.v3.CorsPolicy", **fields)
