"""Istio's standard metrics from Envoy's own counters, and the door where Prometheus reads them.

Istio's proxies count in a filter that upstream Envoy does not have. Envoy's stats access logger counts the
same moment, the end of a stream, whether or not a line of it reaches a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import requests

from ...mesh import Pod
from ..topology import DOMAIN, Topology
from . import listeners
from .messages import Json, typed

PORT = 15090
"""Where Istio's proxies show their metrics, too."""
PATH = "/stats/prometheus"

_CLUSTER = "prometheus_stats"
_NAMES = Path(__file__).with_name("istio_names.lua").read_text()
_OTHER_END = {
    "source": "%UPSTREAM_CLUSTER_RAW%;%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "destination": ";%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
}


def counters(reporter: str) -> Json:
    """An access logger that counts what a listener did; ``reporter`` is source (the caller's) or destination.

    Durations go into Envoy's default buckets, which are Istio's as well.
    """
    key = f"{reporter};{_OTHER_END[reporter]};%RESPONSE_CODE%;%RESPONSE_FLAGS%"
    tags = [{"name": "key", "value_format": key}]  # each tag costs as much as the rest of the counting
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": typed(
            "envoy.extensions.access_loggers.stats.v3.Config",
            stats_scope={"prefix": "istio"},
            counters=[{"stat": {"name": "requests_total", "tags": tags}, "value_fixed": 1}],
            histograms=[
                {
                    "stat": {"name": "request_duration_milliseconds", "tags": tags},
                    "unit": "Milliseconds",
                    "value_format": "%DURATION%",
                }
            ],
        ),
    }


def door(pod: Pod, topology: Topology) -> Json:
    """The listener that shows the metrics of the pod's proxy, and of its admin interface nothing else."""
    names = typed(
        "envoy.extensions.filters.http.lua.v3.Lua",
        default_source_code={"inline_string": _script(pod, topology)},
    )
    route = {"match": {"path": PATH}, "route": {"cluster": _CLUSTER}}
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="stats",
        http_filters=[{"name": "envoy.filters.http.lua", "typed_config": names}, listeners.ROUTER],
        route_config={"virtual_hosts": [{"name": "backend", "domains": ["*"], "routes": [route]}]},
    )
    return listeners.listener("metrics", pod.ip, PORT, "UNSPECIFIED", manager)


def read(pod: Pod) -> str:
    """What Prometheus would read of a running proxy now; raises requests.RequestException."""
    answer = requests.get(f"http://{pod.ip}:{PORT}{PATH}", timeout=5)
    answer.raise_for_status()
    return answer.text


def admin_cluster(admin_socket: Path) -> Json:
    """The proxy's own admin interface, as a cluster."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(admin_socket)}}}}
    return {
        "name": _CLUSTER,
        "type": "STATIC",
        "load_assignment": {"cluster_name": _CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _script(pod: Pod, topology: Topology) -> str:
    """The names of the pods, written before the script that fills them in."""
    service = f"{pod.labels['app']}.{pod.namespace}.{DOMAIN}"
    pods = ", ".join(f"[{_text(one.ip)}] = {_text(_labels(one))}" for one in topology.pods)
    here, unknown = _text(_labels(pod)), _text(_joined(dict.fromkeys(_labels_of(pod), "unknown")))
    own = f"local HERE, SERVICE, UNKNOWN = {here}, {_text(service)}, {unknown}"
    return f"{own}\nlocal PODS = {{{pods}}}\n{_NAMES}"


def _labels_of(pod: Pod) -> Mapping[str, str]:
    """What Istio says of a pod at either side of a call."""
    app, version = pod.labels["app"], pod.labels.get("version")
    return {
        "workload": f"{app}-{version}" if version else app,
        "workload_namespace": pod.namespace,
        "principal": "unknown",
        "app": app,
        "version": version or "unknown",
        "cluster": "Kubernetes",
        "canonical_service": app,
        "canonical_revision": version or "latest",
    }


def _labels(pod: Pod) -> str:
    return _joined(_labels_of(pod))


def _joined(labels: Mapping[str, str]) -> str:
    return ",".join(f"SIDE_{name}={_text(value)}" for name, value in labels.items())


def _text(value: str) -> str:
    """A string as Lua and Prometheus read it; names and labels of pods hold nothing that needs an escape."""
    return json.dumps(value)
