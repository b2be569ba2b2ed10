"""Releases of Istio as their numbers order them, and the releases of Kubernetes that each works on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NUMBER = re.compile(r"(?<![\w.])v?(1)\.(\d{1,3})(?:\.(\d{1,3}))?(-[\w.-]+)?(?![\w.])")

_NEEDS = ((12, 17), (18, 23), (19, 24), (24, 28), (26, 29), (29, 30), (30, 32))
"""From which minor release of Istio on which minor release of Kubernetes is the oldest one.

Source: MinK8SVersion in istioctl/pkg/install/k8sversion/version.go, and the release notes that raised it.
"""
_LAST_WITH_OLD_APIS = 14
_END_OF_OLD_APIS = 24
"""The charts up to Istio 1.14 use policy/v1beta1, which Kubernetes 1.25 does not serve."""


@dataclass(frozen=True, slots=True, order=True)
class IstioVersion:
    """A release such as 1.12.1, or what becomes one, such as 1.31-dev; ``text`` is how it calls itself."""

    major: int
    minor: int
    patch: int = 0
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text or f"{self.major}.{self.minor}.{self.patch}"

    def since(self, minor: int) -> bool:
        """Whether it is at least 1.``minor``."""
        return (self.major, self.minor) >= (1, minor)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an Istio and a Kubernetes do not go together, and what to take instead."""

    message: str
    hint: str


def found_in(text: str) -> IstioVersion | None:
    """The first version of Istio that a text names; None where it names none."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    major, minor, patch, _ = found.groups()
    return IstioVersion(int(major), int(minor), int(patch or 0), found.group().removeprefix("v"))


def oldest_kubernetes(istio: IstioVersion) -> int:
    """The minor release of Kubernetes below which this Istio does not work."""
    return max((needs for since, needs in _NEEDS if istio.since(since)), default=_NEEDS[0][1])


def newest_istio(kubernetes: int) -> int:
    """The newest minor release of Istio that we know to work on a minor release of Kubernetes."""
    later = [since for since, needs in _NEEDS if needs > kubernetes]
    return later[0] - 1 if later else _NEEDS[-1][0]


def misfit(istio: IstioVersion, kubernetes: int) -> Misfit | None:
    """Why this Istio cannot be installed on Kubernetes 1.``kubernetes``; None where it can."""
    instead = f"take another release, for example --istio-version 1.{newest_istio(kubernetes)}.0"
    if kubernetes < _NEEDS[0][1]:
        instead = "update the cluster"
    if kubernetes < (oldest := oldest_kubernetes(istio)):
        return Misfit(
            f"Istio {istio} needs Kubernetes 1.{oldest} or newer, and this cluster runs 1.{kubernetes}",
            instead,
        )
    if not istio.since(_LAST_WITH_OLD_APIS + 1) and kubernetes > _END_OF_OLD_APIS:
        return Misfit(
            f"Istio {istio} uses APIs that ended with Kubernetes 1.{_END_OF_OLD_APIS}, and this cluster runs "
            f"1.{kubernetes}",
            instead,
        )
    return None
