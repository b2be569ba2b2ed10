"""The headers that each service copies from a request to the calls it makes on its behalf."""

from __future__ import annotations

from collections.abc import Set

from .messages import Request
from .spec import Generation

_TRACE = frozenset(
    b"x-request-id x-ot-span-context x-datadog-trace-id x-datadog-parent-id x-datadog-sampling-priority "
    b"traceparent tracestate x-cloud-trace-context grpc-trace-bin "
    b"x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled x-b3-flags user-agent".split()
)
_CONTEXT = frozenset([b"sw8", b"cookie", b"authorization", b"jwt"])
"""Copied since Istio 1.15 (``sw8``: 1.16), so from the images of generation B on."""


def copied_by_productpage(generation: Generation) -> Set[bytes]:
    """Never ``end-user``: productpage sets that itself, and only for a user who has logged in."""
    return _TRACE if generation is Generation.A else _TRACE | _CONTEXT


def copied_by_reviews(generation: Generation) -> Set[bytes]:
    return copied_by_productpage(generation) | {b"end-user"}


def lines(request: Request, names: Set[bytes]) -> bytes:
    """The named headers as they came, byte by byte, as lines of a request."""
    return b"".join([b"%s: %s\r\n" % header for header in request.headers if header[0] in names])
