"""The way from an empty cluster to Bookinfo behind its gateway: which steps, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..routes import REVIEWS_VERSIONS
from . import downloads, installed
from .addon_manifests import Addon
from .addons import Addons
from .api import Api
from .bookinfo import Bookinfo, Inject, Layout
from .check import check
from .ingress import Ingress
from .install import Install, Settings, needed
from .istio_version import IstioVersion
from .istioctl import IstioctlError
from .scale import Scale
from .steps import Say, Step


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked of the cluster; ``replicas`` of Istio's parts, 0 leaves them as they are."""

    inject: Inject = Inject.ALL
    reviews: Sequence[str] = REVIEWS_VERSIONS
    settings: Settings = field(default_factory=Settings)
    istioctl: downloads.Wanted = field(default_factory=downloads.Wanted)
    replicas: int = 2
    addons: Sequence[Addon] = ()
    domain: str | None = None
    """Each addon is served as ``<addon>.<domain>``; None leaves them inside the cluster."""


def steps(api: Api, wanted: Wanted, say: Say) -> list[Step]:
    """The steps for this cluster, which was checked for them; where Istio is there, no istioctl is needed."""
    if (here := installed.first(api)) is not None and not needed(api):
        istioctl = None
        layout = Layout(here.version, wanted.inject, wanted.reviews, here.revision)
    else:
        istioctl = downloads.find(wanted.istioctl, api.target.kubeconfig_context, say)
        layout = Layout(istioctl.version, wanted.inject, wanted.reviews)
    addons = []
    if wanted.addons:
        release = (istioctl and istioctl.release) or _release(wanted.istioctl, layout.istio, say)
        addons = [Addons(api, release, wanted.addons, wanted.domain, wanted.settings.sampling)]
    check(api, istioctl, lambda line: say(f"check: {line}"))
    return [
        Install(api, istioctl, wanted.settings),
        *([Scale(api, wanted.replicas)] if wanted.replicas else []),
        Bookinfo(api, layout),
        Ingress(api),
        *addons,
    ]


def _release(wanted: downloads.Wanted, istio: IstioVersion, say: Say) -> Path:
    """The release folder that the addons come from."""
    try:
        return downloads.release(wanted, say)
    except IstioctlError as error:
        if wanted != downloads.Wanted():
            raise
        raise IstioctlError(
            f"the addons come with the release of Istio, and {error}",
            f"fetch it with --istio-version {istio}, or give its folder with --istio-release",
        ) from error
