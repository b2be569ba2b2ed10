"""What an API server knows that bears on routing, kept for a diagnosis that is made without it.

Only what a test of a cause looks at is kept: no environment, no volumes, no annotations of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..documents import API_VERSION
from .api import Api
from .errors import ApiError
from .installed import ISTIO_NAMESPACE

SECURITY = "security.istio.io/v1beta1"
_ROUTES = ("Gateway", "VirtualService", "DestinationRule", "Sidecar")
_GATEWAY_APIS = ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1")
_ANNOTATIONS = (
    "sidecar.istio.io/inject",
    "sidecar.istio.io/status",
    "traffic.sidecar.istio.io/excludeOutboundPorts",
)
_INGRESS = "istio-ingressgateway"


class _Wanted(NamedTuple):
    """A kind; ``everywhere`` where documents of other namespaces act on ours."""

    api_version: str
    kind: str
    everywhere: bool = False


_KINDS = (
    *(_Wanted(API_VERSION, kind, everywhere=True) for kind in _ROUTES),
    _Wanted(SECURITY, "PeerAuthentication"),
    _Wanted("v1", "Service"),
    _Wanted("v1", "Pod"),
    *(_Wanted(version, "Gateway") for version in _GATEWAY_APIS),
)


def objects(api: Api) -> list[dict[str, Any]]:
    """What may be read of it. What the account may not see is left out: a diagnosis does without."""
    namespace = api.find(f"/api/v1/namespaces/{api.target.namespace}")
    found = [] if namespace is None else [_kept({**namespace, "kind": "Namespace"})]
    for wanted in _KINDS:
        if _serves(api, wanted):
            found += [_kept({**one, "kind": wanted.kind}) for one in _items(api, wanted)]
    return found


def _serves(api: Api, wanted: _Wanted) -> bool:
    try:
        return api.serves(wanted.api_version, wanted.kind)
    except ApiError as error:
        if error.status == 403:
            return False
        raise


def _items(api: Api, wanted: _Wanted) -> Iterator[Mapping[str, Any]]:
    """Of all namespaces where that is allowed, else of our own and of Istio's."""
    path = api.path(wanted.api_version, wanted.kind, None)
    if wanted.everywhere:
        root, plural = path.rpartition("/namespaces/")[0], path.rpartition("/")[2]
        all_of_them = _allowed(api, f"{root}/{plural}")
        if all_of_them is not None:
            yield from all_of_them
            return
    yield from _allowed(api, path) or ()
    if api.target.namespace != ISTIO_NAMESPACE:
        there = _allowed(api, api.path(wanted.api_version, wanted.kind, ISTIO_NAMESPACE)) or ()
        yield from (one for one in there if wanted.kind != "Pod" and _matters(one, wanted.kind))


def _matters(one: Mapping[str, Any], kind: str) -> bool:
    """Of Istio's own Services, the gateway's alone."""
    return kind != "Service" or one["metadata"]["name"] == _INGRESS


def _allowed(api: Api, path: str) -> list[dict[str, Any]] | None:
    """None where the account may not list them, or where there is no such namespace."""
    try:
        return list(api.items(path))
    except ApiError as error:
        if error.status in (403, 404):
            return None
        raise


def _kept(one: Mapping[str, Any]) -> dict[str, Any]:
    metadata = one.get("metadata", {})
    kept: dict[str, Any] = {
        name: metadata[name]
        for name in ("name", "namespace", "labels", "creationTimestamp")
        if name in metadata
    }
    annotations = {k: v for k, v in metadata.get("annotations", {}).items() if k in _ANNOTATIONS}
    managers = [{"manager": field.get("manager")} for field in metadata.get("managedFields", ())]
    kept |= {"annotations": annotations} if annotations else {}
    kept |= {"managedFields": managers} if managers and one["kind"] == "VirtualService" else {}
    kind = one["kind"]
    spec = _pod(one.get("spec", {})) if kind == "Pod" else one.get("spec", {})
    found = {"kind": kind, "metadata": kept, "spec": {} if kind == "Namespace" else spec}
    conditions = one.get("status", {}).get("conditions") if kind in ("Pod", "Gateway") else None
    told = [{key: c[key] for key in ("type", "status") if key in c} for c in conditions or ()]
    return found | ({"status": {"conditions": told}} if told else {})


def _pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Names and images of the containers: their environment may hold secrets."""
    return {
        part: [{"name": one["name"], "image": one.get("image", "")} for one in spec[part]]
        for part in ("containers", "initContainers")
        if spec.get(part)
    }
