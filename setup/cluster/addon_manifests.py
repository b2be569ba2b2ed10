"""What comes with Istio to look at it: the addons' own manifests, and the documents that let people in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer import objects

from ..documents import Document, checked
from ..mesh import MeshError, MeshSettingError
from ..routes import SOURCE
from .installed import ISTIO_NAMESPACE

TELEMETRY = "telemetry.istio.io/v1alpha1"
"""Every release from 1.11 to today serves it."""


@dataclass(frozen=True, slots=True)
class Addon:
    """One addon: its file below samples/addons, its Deployment, Service and port, its page and probe."""

    name: str
    file: str
    deployment: str
    service: str
    port: int
    page: str
    health: str


ADDONS: Mapping[str, Addon] = {
    one.name: one
    for one in (
        Addon("prometheus", "prometheus.yaml", "prometheus", "prometheus", 9090, "/", "/-/ready"),
        Addon("grafana", "grafana.yaml", "grafana", "grafana", 3000, "/", "/api/health"),
        Addon("kiali", "kiali.yaml", "kiali", "kiali", 20001, "/kiali", "/kiali/healthz"),
        Addon("zipkin", "extras/zipkin.yaml", "zipkin", "tracing", 80, "/zipkin/", "/health"),
        Addon("jaeger", "jaeger.yaml", "jaeger", "tracing", 80, "/", "/"),
    )
}
TRACERS = ("zipkin", "jaeger")
USUAL = ("prometheus", "grafana", "kiali", "zipkin")


def chosen(names: Sequence[str]) -> Sequence[Addon]:
    """The addons of these names; raises MeshSettingError for a stranger, and for two tracers at once."""
    for name in names:
        if name not in ADDONS:
            raise MeshSettingError(f"there is no addon {name}", f"known: {', '.join(ADDONS)}")
    if set(TRACERS) <= set(names):
        raise MeshSettingError(
            "zipkin and jaeger answer at the same Services, so the later one would take them over",
            "choose one",
        )
    return [ADDONS[name] for name in dict.fromkeys(names)]


def manifests(release: Path, addon: Addon) -> Sequence[dict[str, Any]]:
    """The objects of an addon, as the release folder has them."""
    file = release / "samples" / "addons" / addon.file
    try:
        found = list(objects.loaded(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise MeshError(
            f"{release} has no samples/addons/{addon.file}",
            "give the release folder of the Istio that is installed with --istio-release",
        ) from error
    except objects.ObjectsError as error:
        raise MeshError(f"{file}: {error}", "take the file as it was published") from error
    return [_with_protocols(one) for one in found]


def documents(addon: Addon, domain: str, selector: Mapping[str, str]) -> Sequence[Document]:
    """Gateway, VirtualService and DestinationRule that serve an addon as ``<addon>.<domain>`` on port 80.

    No addon has a sidecar, hence no TLS on the way to it. ``selector`` finds the gateway's pods.
    """
    host = f"{addon.name}.{domain}"
    port = {"number": 80, "name": f"http-{addon.name}", "protocol": "HTTP"}
    destination = {"host": addon.service, "port": {"number": addon.port}}
    return (
        _document(
            "Gateway",
            f"{addon.name}-gateway",
            {"selector": dict(selector), "servers": [{"port": port, "hosts": [host]}]},
        ),
        _document(
            "VirtualService",
            f"{addon.name}-vs",
            {
                "hosts": [host],
                "gateways": [f"{addon.name}-gateway"],
                "http": [{"route": [{"destination": destination}]}],
            },
        ),
        _document(
            "DestinationRule",
            addon.name,
            {"host": addon.service, "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
        ),
    )


def telemetry(provider: str, sampling: float) -> dict[str, Any]:
    """The mesh's own Telemetry, which sends traces to a provider of the mesh configuration."""
    return {
        "apiVersion": TELEMETRY,
        "kind": "Telemetry",
        "metadata": {"name": "mesh-default", "namespace": ISTIO_NAMESPACE},
        "spec": {"tracing": [{"providers": [{"name": provider}], "randomSamplingPercentage": sampling}]},
    }


def _document(kind: str, name: str, spec: dict[str, Any]) -> Document:
    return checked(Document(kind, ISTIO_NAMESPACE, name, spec, SOURCE))


def _with_protocols(manifest: dict[str, Any]) -> dict[str, Any]:
    """Server-side apply finds ports by number and protocol; older servers do not fill in its default."""
    for port in _ports(manifest.get("spec") or {}):
        port.setdefault("protocol", "TCP")
    return manifest


def _ports(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of a Service, and those of a Deployment's containers."""
    yield from spec.get("ports") or ()
    pod = spec.get("template", {}).get("spec", {})
    for container in pod.get("containers") or ():
        yield from container.get("ports") or ()
