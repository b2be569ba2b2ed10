"""The Istio that a cluster has: version, revision, and whether its proxies log and trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer import objects

from .api import Api
from .errors import ApiError
from .istio_version import IstioVersion, found_in

ISTIO_NAMESPACE = "istio-system"
_NAMESPACE_PATH = f"/api/v1/namespaces/{ISTIO_NAMESPACE}"
_BEGUN = "weighbridge/installing"
_CONTROL_PLANE = "app=istiod"


@dataclass(frozen=True, slots=True)
class Installed:
    """One control plane; a cluster may have several, each of a revision of its own."""

    version: IstioVersion
    revision: str
    """``default`` where it has no other name."""
    deployment: str
    ready: bool
    mesh_config: Mapping[str, Any]

    @property
    def logs(self) -> bool:
        """Whether the mesh configuration itself switches the access log on; a Telemetry may do it, too."""
        return bool(self.mesh_config.get("accessLogFile"))

    @property
    def tracers(self) -> Sequence[str]:
        """Names of the providers that a Telemetry may send traces to."""
        providers = self.mesh_config.get("extensionProviders") or ()
        return [str(one.get("name")) for one in providers if isinstance(one, Mapping)]

    def __str__(self) -> str:
        return f"Istio {self.version}, revision {self.revision}"


def installed(api: Api) -> Sequence[Installed]:
    """Every control plane of the cluster, the default revision first; none where Istio is not installed."""
    found = list(_control_planes(api))
    return sorted(found, key=lambda one: (one.revision != "default", one.revision))


def first(api: Api) -> Installed | None:
    """The control plane of the default revision, else the first by name; None where there is none."""
    return next(iter(installed(api)), None)


def is_unfinished(api: Api) -> bool:
    """Whether an installation of ours was begun and never ended: killed, failed, or still under way."""
    return _BEGUN in _namespace(api).get("metadata", {}).get("annotations", {})


def begin(api: Api) -> None:
    """Note in the cluster that an installation begins: half an Istio looks like somebody else's whole one."""
    if not _namespace(api):
        api.post("/api/v1/namespaces", {"metadata": {"name": ISTIO_NAMESPACE}})
    api.merge(_NAMESPACE_PATH, {"metadata": {"annotations": {_BEGUN: "true"}}})


def finish(api: Api) -> None:
    """Take the note away: what is there is whole."""
    api.merge(_NAMESPACE_PATH, {"metadata": {"annotations": {_BEGUN: None}}})


def _namespace(api: Api) -> Mapping[str, Any]:
    """Istio's namespace; empty where it is not there, or not ours to see: then we installed nothing."""
    try:
        return api.find(_NAMESPACE_PATH) or {}
    except ApiError as error:
        if error.status == 403:
            return {}
        raise


def _control_planes(api: Api) -> Iterator[Installed]:
    for deployment in api.items(api.path("apps/v1", "Deployment", ISTIO_NAMESPACE), _CONTROL_PLANE):
        version = _version(deployment)
        metadata = deployment["metadata"]
        if version is None or "deletionTimestamp" in metadata:
            continue
        labels = metadata.get("labels", {})
        revision = str(labels.get("istio.io/rev") or "default")
        ready = int(deployment.get("status", {}).get("readyReplicas") or 0) > 0
        yield Installed(version, revision, metadata["name"], ready, _mesh_config(api, revision))


def _version(deployment: Mapping[str, Any]) -> IstioVersion | None:
    """From the tag of the image, ``…/pilot:1.30.3-distroless``; labels tell it since Istio 1.24 only."""
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        if container["name"] == "discovery":
            tag = found_in(str(container["image"]).rpartition(":")[2])
            return tag and IstioVersion(tag.major, tag.minor, tag.patch)
    return None


def _mesh_config(api: Api, revision: str) -> Mapping[str, Any]:
    name = "istio" if revision == "default" else f"istio-{revision}"
    found = api.find(api.path("v1", "ConfigMap", ISTIO_NAMESPACE, name))
    text = (found or {}).get("data", {}).get("mesh", "")
    try:
        config: Any = next(iter(objects.loaded(text)), {})
    except objects.ObjectsError:
        return {}
    return config if isinstance(config, Mapping) else {}
