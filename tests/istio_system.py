"""The namespace of Istio on the real API server, for tests that put something of their own into it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster_fixtures import Namespace
from control_plane import CRDS, ControlPlane

from analyzer import objects

_CORE = "/api/v1/namespaces/istio-system"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_TELEMETRIES = "/apis/telemetry.istio.io/v1alpha1"
_ROUTES = "/apis/networking.istio.io/v1beta1/namespaces/istio-system"
_COLLECTIONS = (
    "/apis/apps/v1/namespaces/istio-system/deployments",
    "/apis/apps/v1/namespaces/istio-system/replicasets",
    *(f"{_ROUTES}/{kind}" for kind in ("gateways", "virtualservices", "destinationrules")),
    f"{_TELEMETRIES}/namespaces/istio-system/telemetries",
    f"{_CORE}/configmaps",
    f"{_CORE}/pods?gracePeriodSeconds=0",
)


@pytest.fixture
def istio_system(plane: ControlPlane, namespace: Namespace) -> Iterator[ControlPlane]:
    """The namespace of Istio, empty, and Istio's kind Telemetry; the namespace stays, emptied again."""
    if not plane.has(_CORE):
        plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "istio-system"}})
    if not plane.has(f"{_CRDS}/telemetries.telemetry.istio.io"):
        for crd in objects.loaded(CRDS["today"].read_text()):
            if crd["metadata"]["name"] == "telemetries.telemetry.istio.io":
                plane.call("POST", _CRDS, crd)
        plane.until(lambda: plane.has(f"{_TELEMETRIES}/telemetries"))
    yield plane
    unmarked = {"metadata": {"annotations": None}}
    plane.call("PATCH", _CORE, unmarked, "application/merge-patch+json")
    for service in plane.call("GET", f"{_CORE}/services")["items"]:
        plane.call("DELETE", f"{_CORE}/services/{service['metadata']['name']}")
    plane.until(lambda: _emptied(plane))


def _emptied(plane: ControlPlane) -> bool:
    """Delete what does not go by itself: these pods have no kubelet any more that would let them."""
    for collection in _COLLECTIONS:
        plane.call("DELETE", collection)
    return not plane.call("GET", f"{_CORE}/pods")["items"]
