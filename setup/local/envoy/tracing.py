"""Spans for Zipkin, with Istio's settings and tags; Bookinfo hands the headers on that join them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...mesh import MeshSettingError, Pod
from .messages import Json, address, typed

_CLUSTER = "zipkin"
_SPANS = "/api/v2/spans"
_HINT = "write for example http://127.0.0.1:9411"


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where spans go, and for how many percent of the requests from outside."""

    url: str
    sampling: float

    def manager(self, pod: Pod) -> Json:
        """What makes a listener of the pod's proxy report spans."""
        split = urlsplit(self.url)
        zipkin = typed(
            "envoy.config.trace.v3.ZipkinConfig",
            collector_cluster=_CLUSTER,
            collector_endpoint=split.path.rstrip("/") + _SPANS,
            collector_hostname=split.netloc,
            collector_endpoint_version="HTTP_JSON",
            trace_id_128bit=True,
            shared_span_context=False,
        )
        tags = {
            "istio.canonical_service": pod.labels["app"],
            "istio.canonical_revision": pod.labels.get("version", "latest"),
            "istio.namespace": pod.namespace,
        }
        return {
            "tracing": {
                "provider": {"name": "envoy.tracers.zipkin", "typed_config": zipkin},
                "client_sampling": {"value": 100},
                "random_sampling": {"value": self.sampling},
                "overall_sampling": {"value": 100},
                "custom_tags": [{"tag": tag, "literal": {"value": value}} for tag, value in tags.items()],
            }
        }

    def cluster(self) -> Json:
        """Zipkin as a cluster; it may be on another machine, so no pod's address is spoken from."""
        split = urlsplit(self.url)
        host = split.hostname or ""
        endpoint = {"endpoint": {"address": address(host, split.port or 80)}}
        return {
            "name": _CLUSTER,
            "type": "STATIC" if _is_ip(host) else "STRICT_DNS",
            "load_assignment": {"cluster_name": _CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
            "upstream_bind_config": {
                "source_address": {"address": "::" if ":" in host else "0.0.0.0", "port_value": 0}
            },
        }


def refuse_bad(url: str) -> str:
    """The URL as it was given; raises MeshSettingError where no span could be sent there."""
    if url:
        try:
            split = urlsplit(url)
            wrong = split.scheme != "http" or not split.hostname or split.query or split.username
            split.port  # noqa: B018 - raises where it is no number
        except ValueError:
            wrong = True
        if wrong:
            raise MeshSettingError(f"{url!r} is no place for spans", _HINT)
    return url


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
