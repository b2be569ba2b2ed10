"""Taking away what we created: found by our label, so that nothing of anybody else's goes."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents import API_VERSION
from . import changes
from .api import Api

ROUTES = tuple((API_VERSION, kind) for kind in ("VirtualService", "DestinationRule", "Gateway"))
_BOOKINFO = (("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ServiceAccount"))


def routes(api: Api) -> Iterator[str]:
    """The documents that we created, in our namespace; a line for each that went."""
    yield from changes.remove(api, ROUTES)


def bookinfo(api: Api) -> Iterator[str]:
    """Routes and application, in our namespace; a line for each object that went. The namespace stays."""
    yield from routes(api)
    yield from changes.remove(api, _BOOKINFO)
