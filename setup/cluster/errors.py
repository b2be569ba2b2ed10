"""What an API server, or the way to it, said instead of an answer: one line with what to do next."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client import ApiException
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from ..mesh import MeshError
from .connection import Target


class ApiError(MeshError):
    """The API server refused; ``status`` is the HTTP status, 0 where none came."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that another manager owns."""

    manager: str
    field: str


class ConflictError(ApiError):
    """Somebody else's tool owns fields that we were about to set."""

    def __init__(self, message: str, hint: str, conflicts: Sequence[Conflict]) -> None:
        super().__init__(message, hint, 409)
        self.conflicts = conflicts


def of_transport(error: Exception, target: Target) -> ApiError:
    """Why no answer came at all."""
    try_this = f"try: kubectl --context {target.context} cluster-info"
    server = f"the API server {target.server} of context {target.context}"
    certificate = _certificate_error(error)
    if certificate is not None:
        reason = certificate.verify_message or str(certificate)
        if "expired" in reason:
            return ApiError(
                f"{server}: its certificate has expired", "renew it, or correct the clock of this machine"
            )
        return ApiError(f"{server}: its certificate is not trusted: {reason}", "correct the kubeconfig")
    if isinstance(error, NameResolutionError):
        return ApiError(f"cannot reach {server}: its name is not known", try_this)
    if isinstance(error, NewConnectionError):
        return ApiError(f"cannot reach {server}: {_cause(error)}", try_this)
    if isinstance(error, ConnectTimeoutError):
        return ApiError(f"cannot reach {server}: nobody answers", try_this)
    if isinstance(error, ReadTimeoutError):
        return ApiError(f"{server} takes the request and does not answer", try_this)
    return ApiError(f"{server}: {_one_line(error)}", try_this)


def of_answer(status: int, body: bytes, target: Target) -> ApiError:
    """Why the API server refused, in its own words."""
    said = _status_object(body)
    message = str(said.get("message") or body.decode(errors="replace")[:300] or f"HTTP status {status}")
    message = " ".join(message.split())
    if status == 401:
        return ApiError(
            f"the API server of context {target.context} does not accept its credentials",
            "they may have expired: log in again",
            status,
        )
    if status == 403:
        hint = "ask for the role in setup/manifests/rbac.yaml"
        return ApiError(f"no permission in context {target.context}: {message}", hint, status)
    if status == 409 and (conflicts := _conflicts(said)):
        owners = ", ".join(sorted({one.manager for one in conflicts}))
        fields = ", ".join(sorted({one.field for one in conflicts}))
        return ConflictError(f"{owners} owns {fields}", "change it there, or delete the object", conflicts)
    return ApiError(message, "", status)


def _status_object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _conflicts(said: Mapping[str, Any]) -> list[Conflict]:
    """Of a refused server-side apply: ``conflict with "helm" using v1: .spec.http``."""
    found = []
    for cause in said.get("details", {}).get("causes", ()):
        if cause.get("reason") == "FieldManagerConflict":
            words = str(cause.get("message", "")).split('"')
            found.append(Conflict(words[1] if len(words) > 1 else "somebody", str(cause.get("field", ""))))
    return found


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The client library wraps it: it stands in the arguments or in the chain of causes."""
    seen: BaseException | None = error
    while seen is not None:
        for one in (seen, *seen.args):
            if isinstance(one, ssl.SSLCertVerificationError):
                return one
        seen = seen.__cause__ or seen.__context__
    return None


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    return (getattr(cause, "strerror", None) or _one_line(error)).lower()


def _one_line(error: BaseException) -> str:
    text = getattr(error, "reason", None) if isinstance(error, ApiException) else None
    return " ".join(str(text or error).split())[:300]


TRANSPORT = (HTTPError, ApiException, OSError)
"""What the client library raises where no answer came."""
