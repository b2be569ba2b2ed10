"""Bookinfo's images, as each release of Istio pins them: the tag decides how the page looks."""

from __future__ import annotations

from .istio_version import IstioVersion

_TAGS = (
    (26, "1.20.3"),
    (24, "1.20.2"),
    (23, "1.20.1"),
    (22, "1.19.1"),
    (19, "1.18.0"),
    (16, "1.17.0"),
    (14, "1.16.4"),
    (0, "1.16.2"),
)
"""From which minor release on; newest first. Source: samples/bookinfo/platform/kube/bookinfo.yaml."""
_NEW_KEEPER_SINCE = 30
_USER_IN_IMAGE_SINCE = 19


def image(app: str, version: str, istio: IstioVersion) -> str:
    """The image of one workload."""
    keeper = "registry.istio.io/release" if istio.since(_NEW_KEEPER_SINCE) else "docker.io/istio"
    tag = next(tag for since, tag in _TAGS if istio.since(since))
    return f"{keeper}/examples-bookinfo-{app}-{version}:{tag}"


def sets_its_user(istio: IstioVersion) -> bool:
    """Whether the images run as nobody by themselves; before, the manifest has to say so."""
    return istio.since(_USER_IN_IMAGE_SINCE)
