"""One rule of a VirtualService as Envoy's route, and what it is beside the field in question."""

from __future__ import annotations

from typing import Any

from setup.documents import Document
from setup.local.envoy.policies import Policies
from setup.local.envoy.retries import retry_policy
from setup.local.envoy.routes import Viewpoint, routes
from setup.local.topology import topology

MESH = topology(7, 8080)
PRODUCTPAGE = Viewpoint(MESH.sidecars[-1].pod, "mesh", 9080, 9080)
GATEWAY = Viewpoint(MESH.gateway.pod, "default/front", 80, 8080)
V2, V3 = ({"host": "reviews", "subset": subset} for subset in ("v2", "v3"))
TO_V2, TO_V3 = (f"outbound|9080|{subset}|reviews.default.svc.cluster.local" for subset in ("v2", "v3"))


def translated(
    *rules: dict[str, Any], viewpoint: Viewpoint = PRODUCTPAGE, **spec: Any
) -> list[dict[str, Any]]:
    document = Document("VirtualService", "default", "reviews", {"http": list(rules), **spec}, "test")
    return routes(document, viewpoint, Policies(()))


def rule(**fields: Any) -> dict[str, Any]:
    return {"route": [{"destination": V2}], **fields}


def route(**fields: Any) -> dict[str, Any]:
    """What comes out for a rule without any of the fields in question."""
    action = {
        "cluster": TO_V2,
        "timeout": "0s",
        "retry_policy": retry_policy(None),
        **fields.pop("route", {}),
    }
    return {"match": {"prefix": "/"}, "route": action, **fields}
