"""Whether the cluster can take what comes: permissions, versions, and what istioctl itself finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..mesh import MeshError
from . import precheck
from .api import Api
from .installed import ISTIO_NAMESPACE
from .istio_version import misfit
from .istioctl import Istioctl
from .steps import Say


class Need(NamedTuple):
    """One thing that must be allowed; ``istio`` where it is in Istio's namespace."""

    verb: str
    group: str
    resource: str
    istio: bool = False


_ROUTES = ("gateways", "virtualservices", "destinationrules")
NEEDS: tuple[Need, ...] = (
    *(
        Need(verb, "networking.istio.io", kind)
        for kind in _ROUTES
        for verb in ("get", "list", "create", "patch", "delete")
    ),
    *(
        Need(verb, group, kind)
        for group, kind in (("", "services"), ("", "serviceaccounts"), ("apps", "deployments"))
        for verb in ("get", "list", "create", "patch", "delete")
    ),
    Need("get", "", "pods"),
    Need("list", "", "pods"),
    Need("get", "", "pods/log"),
    Need("create", "", "pods/portforward"),
    Need("get", "", "pods/portforward"),
    Need("get", "", "pods", istio=True),
    Need("list", "", "pods", istio=True),
    Need("get", "", "pods/log", istio=True),
    Need("get", "", "pods/portforward", istio=True),
    Need("create", "", "pods/portforward", istio=True),
    Need("list", "", "services", istio=True),
    Need("list", "apps", "deployments", istio=True),
)
"""What the steps do, but for installing and scaling Istio: setup/manifests/rbac.yaml grants just this."""


def check(api: Api, istioctl: Istioctl | None, say: Say) -> None:
    """Refuse what could only fail later; changes nothing. Without istioctl, Istio must be there already."""
    context, namespace = api.target.context, api.target.namespace
    kubernetes = str(api.get("/version")["gitVersion"])
    say(f"context {context}, namespace {namespace}, Kubernetes {kubernetes}")
    if missing := list(_missing(api)):
        raise MeshError(
            f"no permission in context {context} to {', '.join(missing)}",
            "ask for the role in setup/manifests/rbac.yaml",
        )
    if api.find(api.path("v1", "Namespace", None, namespace)) is None:
        raise MeshError(
            f"there is no namespace {namespace} in context {context}",
            f"create it: kubectl create namespace {namespace}",
        )
    if istioctl is not None:
        _fit(istioctl, kubernetes, say)


def _fit(istioctl: Istioctl, kubernetes: str, say: Say) -> None:
    """Whether this Istio runs on this Kubernetes, by the releases' windows and by istioctl's own precheck."""
    say(f"istioctl {istioctl.version}")
    if reason := misfit(istioctl.version, int(kubernetes.split(".")[1])):
        raise MeshError(reason.message, reason.hint)
    found = precheck.precheck(istioctl)
    precheck.refuse(found, istioctl)
    for finding in found:
        say(str(finding))


def _missing(api: Api) -> Iterator[str]:
    """What the API server says that we may not do."""
    for need in NEEDS:
        namespace = ISTIO_NAMESPACE if need.istio else api.target.namespace
        resource, _, part = need.resource.partition("/")
        wanted = {"verb": need.verb, "group": need.group, "resource": resource, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted | ({"subresource": part} if part else {})},
        }
        answer = api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        if not answer["status"]["allowed"]:
            yield f"{need.verb} {need.resource} in {namespace}"
