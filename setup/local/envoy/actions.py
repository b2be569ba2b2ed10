"""What a route does with a request: send it somewhere, copy it, rewrite it, redirect it, answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.hosts import qualified

from ..topology import SERVICE_PORT
from .header_changes import header_changes, joined, new_authority
from .messages import NO_TIMEOUT, Json, duration, fraction, outbound
from .policies import Policies, Policy
from .retries import retry_policy

_REDIRECTS = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def forwarded(rule: Mapping[str, Any], namespace: str, policies: Policies) -> Json:
    """The fields of an Envoy route that sends requests to pods; the namespace completes short host names."""
    destinations = rule["route"]
    headers = header_changes(rule.get("headers", {}))
    authority = rule.get("rewrite", {}).get("authority") or new_authority(rule.get("headers", {}))
    hashes = [_hash(route["destination"], namespace, policies) for route in _chosen(destinations)]
    if len(destinations) == 1:
        (only,) = destinations
        headers = joined(headers, header_changes(only.get("headers", {})))
        authority = authority or new_authority(only.get("headers", {}))
        target: Json = {"cluster": cluster_name(only["destination"], namespace)}
    else:
        target = {"weighted_clusters": {"clusters": [_weighted(r, namespace) for r in _chosen(destinations)]}}
    hashed = len(destinations) == 1 and hashes[0] is not None
    action = {
        **target,
        **_times(rule),
        **_retries(rule, hashed=hashed),
        **_rewrite(rule.get("rewrite", {})),
        **({"host_rewrite_literal": authority} if authority else {}),
        **_mirrors(rule, namespace),
        **hash_policy(*hashes),
    }
    return {"route": action, **headers}


def to_service(host: str, policies: Policies) -> Json:
    """What Istio does with calls to a service that no VirtualService speaks of."""
    own_hash = policies.hash_of(host)
    return {"route": {"cluster": outbound(host), **_times({}), **_retries({}), **hash_policy(own_hash)}}


def redirected(redirect: Mapping[str, Any], listener_port: int) -> Json:
    """The fields of an Envoy route that sends the caller elsewhere."""
    port = redirect.get("port", 0)
    if redirect.get("derivePort") == "FROM_REQUEST_PORT":
        port = listener_port
    if (port, redirect.get("scheme", "http")) in ((80, "http"), (443, "https")):
        port = 0
    fields = {
        "host_redirect": redirect.get("authority"),
        "scheme_redirect": redirect.get("scheme"),
        "path_redirect": redirect.get("uri"),
        "prefix_rewrite": redirect.get("prefixRewrite"),
        "port_redirect": port,
        "response_code": _REDIRECTS[redirect.get("redirectCode", 301)],
    }
    return {"redirect": {name: value for name, value in fields.items() if value}}


def answered(response: Mapping[str, Any]) -> Json:
    """The fields of an Envoy route that answers by itself."""
    body = response.get("body", {})
    source = {"string": "inline_string", "bytes": "inline_bytes"}
    given = {source[kind]: value for kind, value in body.items()}
    return {"direct_response": {"status": response["status"], **({"body": given} if given else {})}}


def cluster_name(destination: Mapping[str, Any], namespace: str) -> str:
    port = destination.get("port", {}).get("number", SERVICE_PORT)
    return outbound(qualified(destination["host"], namespace), destination.get("subset", ""), port)


def hash_policy(*hashes: Policy | None) -> Json:
    """What of a request decides its pod, where a consistent hash picks it."""
    found = [_hash_source(policy) for policy in hashes if policy is not None]
    return {"hash_policy": found} if found else {}


def _chosen(destinations: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A destination of weight 0 is no destination, unless it is the only one."""
    return destinations if len(destinations) == 1 else [r for r in destinations if r.get("weight", 0)]


def _weighted(route: Mapping[str, Any], namespace: str) -> Json:
    headers = route.get("headers", {})
    authority = new_authority(headers)
    return {
        "name": cluster_name(route["destination"], namespace),
        "weight": route["weight"],
        **header_changes(headers),
        **({"host_rewrite_literal": authority} if authority else {}),
    }


def _times(rule: Mapping[str, Any]) -> Json:
    """No timeout unless one is written; Envoy's own default would be 15 s."""
    timeout = duration(rule["timeout"]) if "timeout" in rule else NO_TIMEOUT
    return {"timeout": timeout}


def _retries(rule: Mapping[str, Any], *, hashed: bool = False) -> Json:
    policy = retry_policy(rule.get("retries"), hashed=hashed)
    return {} if policy is None else {"retry_policy": policy}


def _rewrite(rewrite: Mapping[str, Any]) -> Json:
    if "uriRegexRewrite" in rewrite:
        regex = rewrite["uriRegexRewrite"]
        return {"regex_rewrite": {"pattern": {"regex": regex["match"]}, "substitution": regex["rewrite"]}}
    return {"prefix_rewrite": rewrite["uri"]} if rewrite.get("uri") else {}


def _mirrors(rule: Mapping[str, Any], namespace: str) -> Json:
    wanted = [(one["destination"], one.get("percentage")) for one in rule.get("mirrors", ())]
    if "mirror" in rule:
        wanted.insert(0, (rule["mirror"], rule.get("mirrorPercentage")))
    policies = [
        {
            "cluster": cluster_name(destination, namespace),
            "runtime_fraction": {"default_value": fraction(percentage)},
            "trace_sampled": False,
            "disable_shadow_host_suffix_append": True,
        }
        for destination, percentage in wanted
        if fraction(percentage)["numerator"]
    ]
    return {"request_mirror_policies": policies} if policies else {}


def _hash(destination: Mapping[str, Any], namespace: str, policies: Policies) -> Policy | None:
    return policies.hash_of(qualified(destination["host"], namespace), destination.get("subset", ""))


def _hash_source(policy: Policy) -> Json:
    if "httpHeaderName" in policy:
        return {"header": {"header_name": policy["httpHeaderName"]}}
    if "httpQueryParameterName" in policy:
        return {"query_parameter": {"name": policy["httpQueryParameterName"]}}
    if "httpCookie" in policy:
        cookie = policy["httpCookie"]
        lifetime = {"ttl": duration(cookie["ttl"])} if "ttl" in cookie else {}
        path = {"path": cookie["path"]} if cookie.get("path") else {}
        return {"cookie": {"name": cookie["name"], **lifetime, **path}}
    return {"connection_properties": {"source_ip": policy["useSourceIp"]}}
