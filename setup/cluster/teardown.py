"""Taking away what we created: found by our label, so that nothing of anybody else's goes."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents import API_VERSION
from . import changes
from .addon_manifests import TELEMETRY
from .api import Api
from .errors import ApiError
from .installed import ISTIO_NAMESPACE

ROUTES = tuple((API_VERSION, kind) for kind in ("VirtualService", "DestinationRule", "Gateway"))
_BOOKINFO = (("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ServiceAccount"))
_ADDONS = (
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    (TELEMETRY, "Telemetry"),
    *ROUTES,
    *_BOOKINFO,
    ("v1", "ConfigMap"),
)


def routes(api: Api) -> Iterator[str]:
    """The documents that we created, in our namespace; a line for each that went."""
    yield from changes.remove(api, ROUTES)


def bookinfo(api: Api) -> Iterator[str]:
    """Routes and application, in our namespace; a line for each object that went. The namespace stays."""
    yield from routes(api)
    yield from changes.remove(api, _BOOKINFO)


def addons(api: Api) -> Iterator[str]:
    """Addons and their way in, in Istio's namespace; a line for each object that went.

    Who may not even look for them cannot have brought them.
    """
    try:
        yield from changes.remove(api, _ADDONS, ISTIO_NAMESPACE)
    except ApiError as error:
        if error.status != 403:
            raise
