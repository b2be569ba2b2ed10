"""The two files from which a running Envoy takes its clusters and routes, and where it says what it took."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from ...mesh import Pod
from ..topology import Topology
from .listeners import INGRESS_STATS, OUTBOUND_STATS
from .messages import Json, typed
from .translation import ProxyConfig
from .virtual_hosts import INGRESS_ROUTES, OUTBOUND_ROUTES

CLUSTERS_FILE = "clusters.json"
ROUTES_FILE = "routes.json"

CLUSTERS_STAT = "cluster_manager.cds"
"""Below it Envoy counts update_success, update_rejected and update_failure, and shows version_text."""


def files(config: ProxyConfig) -> Mapping[str, str]:
    """The text of each file by its name, in the order to write them: routes must find their clusters.

    Write each beside its place and rename it there: Envoy notices nothing else.
    """
    clusters = [typed("envoy.config.cluster.v3.Cluster", **cluster) for cluster in config.clusters]
    routes = [typed("envoy.config.route.v3.RouteConfiguration", **config.routes)]
    return {CLUSTERS_FILE: _response(clusters), ROUTES_FILE: _response(routes)}


def version(file: str) -> str:
    """The version in a file's text, which Envoy shows as ``<stat>.version_text`` once it serves it."""
    return str(json.loads(file)["version_info"])


def routes_stat(pod: Pod, topology: Topology) -> str:
    """Below it Envoy counts what became of the pod's routes file, as below CLUSTERS_STAT."""
    if pod == topology.gateway.pod:
        return f"http.{INGRESS_STATS}.rds.{INGRESS_ROUTES}"
    return f"http.{OUTBOUND_STATS}.rds.{OUTBOUND_ROUTES}"


def _response(resources: Sequence[Json]) -> str:
    """The version is a hash of the content, so equal content is never a new version."""
    digest = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({"version_info": digest, "resources": resources}, indent=1)
