"""Istio put into a cluster by istioctl, as the tutorial does, and taken out again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.objects import dumped

from ..mesh import MeshError, MeshSettingError
from . import installed
from .api import Api
from .istio_version import IstioVersion
from .istioctl import Hear, Istioctl

PROFILES = ("demo", "default", "minimal")
ACCESS_LOG = "/dev/stdout"
TRACER = {
    "name": "zipkin",
    "zipkin": {"service": "zipkin.istio-system.svc.cluster.local", "port": 9411},
}
"""The extension provider that a Telemetry names; Jaeger answers at the same Service."""
NO_TRACER_SINCE = 22
"""From Istio 1.22 on nothing is sent to Zipkin unless a provider and a Telemetry say so."""
_VERIFY_COMMAND_GONE = 24
_UNINSTALL_SINCE = 16
_PROFILE_IN_CHARTS_SINCE = 21
_COMPONENTS = 4
"""Base, istiod, two gateways: each is waited for on its own."""
_AGAIN = "see `kubectl -n istio-system get pods`, then run this again: it goes on from there"
_BEYOND_READINESS = 60.0
"""Seconds that istioctl may take for all that is not waiting."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is installed; ``sampling`` is the percentage of requests that are traced."""

    profile: str = "demo"
    sampling: float = 100.0
    readiness: float = 300.0
    """Seconds until each component must be ready."""

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise MeshSettingError(f"there is no profile {self.profile}", f"known: {', '.join(PROFILES)}")
        if not 0 <= self.sampling <= 100:
            raise MeshSettingError(f"{self.sampling:g} % cannot be sampled", "give 0 to 100")


class Install:
    """The step that installs Istio; one that is there is used as it is, whatever its version and revision.

    An installation that was interrupted is gone through again from its start.
    """

    name = "istio"

    def __init__(self, api: Api, istioctl: Istioctl | None, settings: Settings | None = None) -> None:
        """Without an istioctl, an Istio must be there already."""
        self._api = api
        self._istioctl = istioctl
        self._settings = settings or Settings()

    def plan(self) -> Iterable[str]:
        if self._istioctl is not None and needed(self._api):
            version, profile = self._istioctl.version, self._settings.profile
            yield f"install Istio {version}, profile {profile}, with its access log on"

    def run(self, say: Hear) -> None:
        here = installed.first(self._api)
        if here is None or installed.is_unfinished(self._api):
            self._install(say)
            return
        say(f"{here} is there and is used as it is")
        if not here.logs:
            say(f"its access log is off: set meshConfig.accessLogFile={ACCESS_LOG}, or apply a Telemetry")

    def _install(self, say: Hear) -> None:
        if self._istioctl is None:
            raise MeshError(
                f"there is no Istio in the cluster of context {self._api.target.context}",
                "name an istioctl with --istioctl, or fetch one with --istio-version",
            )
        installed.begin(self._api)
        install(self._istioctl, self._settings, say)
        installed.finish(self._api)


def needed(api: Api) -> bool:
    """Whether there is no Istio, or half of one that an interrupted installation of ours has left."""
    return installed.first(api) is None or installed.is_unfinished(api)


def operator(version: IstioVersion, settings: Settings) -> dict[str, Any]:
    """The IstioOperator document that ``istioctl install -f`` takes; what is not in it is the profile's."""
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {"profile": settings.profile, "meshConfig": mesh_config(version, settings)},
    }


def mesh_config(version: IstioVersion, settings: Settings) -> dict[str, Any]:
    """An access log on every proxy and a tracer; lists replace those of the profile."""
    config: dict[str, Any] = {
        "accessLogFile": ACCESS_LOG,
        "defaultConfig": {"tracing": {"sampling": settings.sampling}},
    }
    if version.since(NO_TRACER_SINCE):
        config["extensionProviders"] = [TRACER]
    return config


def install(istioctl: Istioctl, settings: Settings, hear: Hear | None = None) -> None:
    """Install, or bring what is installed to the same state; returns when it is ready and as it should be."""
    limit = settings.readiness * _COMPONENTS + _BEYOND_READINESS
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
        file = Path(folder) / "istio.yaml"
        file.write_text(dumped([operator(istioctl.version, settings)]))
        istioctl.do(*install_arguments(istioctl.version, file, settings), limit=limit, hear=hear, hint=_AGAIN)
    if not istioctl.version.since(_VERIFY_COMMAND_GONE):
        istioctl.do("verify-install", hear=hear)


def install_arguments(version: IstioVersion, file: Path, settings: Settings) -> Sequence[str]:
    """Verification is an option of it since the command of its own, ``verify-install``, ended with 1.23."""
    verify = ("--verify",) if version.since(_VERIFY_COMMAND_GONE) else ()
    return ("install", "-y", "-f", str(file), "--readiness-timeout", f"{settings.readiness:g}s", *verify)


def uninstall_arguments(version: IstioVersion) -> Sequence[str]:
    """Everything of Istio, whatever its revision."""
    experimental = () if version.since(_UNINSTALL_SINCE) else ("x",)
    return (*experimental, "uninstall", "--purge", "-y")


def uninstall(istioctl: Istioctl, hear: Hear | None = None) -> None:
    """Take Istio out of the cluster. Its namespace stays, since others may have put things there."""
    istioctl.do(*uninstall_arguments(istioctl.version), limit=300.0, hear=hear)


def helm_values(version: IstioVersion, settings: Settings) -> Mapping[str, Any]:
    """Values of the istiod chart that come to the same, for those who install with Helm."""
    values: dict[str, Any] = {"meshConfig": mesh_config(version, settings)}
    if version.since(_PROFILE_IN_CHARTS_SINCE) and settings.profile == "demo":
        values = {"profile": "demo", **values}
    return values


def helm(version: IstioVersion, settings: Settings) -> str:
    """A values file for the istiod chart, with what to type above it, instead of ``istioctl install``."""
    charts = [
        ("istio-base", "istio/base --create-namespace"),
        ("istiod", "istio/istiod -f values.yaml --wait"),
    ]
    if settings.profile != "minimal":
        charts.append(("istio-ingressgateway", "istio/gateway"))
    lines = [
        "# helm repo add istio https://istio-release.storage.googleapis.com/charts",
        *(f"# helm install {name} {chart} -n istio-system --version {version}" for name, chart in charts),
    ]
    return "\n".join(lines) + "\n" + dumped([helm_values(version, settings)])
