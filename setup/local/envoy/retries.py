"""When a request is tried again: Istio's retries, and its default where a rule is silent."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from .messages import Json, duration, typed

_STATUSES = {str(status.value) for status in HTTPStatus}
_PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
}
_PREVIOUS_PRIORITIES = {
    "name": "envoy.retry_priorities.previous_priorities",
    "typed_config": typed(
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", update_frequency=2
    ),
}


def retry_policy(retries: Mapping[str, Any] | None, *, hashed: bool = False) -> Json | None:
    """None where the rule says ``attempts: 0``; a hashed request is tried again on its own pod.

    The default does not retry an answered 503 (Istio 1.24; earlier releases did).
    """
    if retries is not None and not retries.get("attempts", 0):
        return None
    retries = retries or {"attempts": 2}
    policy: Json = {
        "num_retries": retries["attempts"],
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "host_selection_retry_max_attempts": "5",
        **(_conditions(retries["retryOn"]) if retries.get("retryOn") else {}),
    }
    if retries.get("retryIgnorePreviousHosts", not hashed):
        policy["retry_host_predicate"] = [_PREVIOUS_HOSTS]
    if retries.get("retryRemoteLocalities"):
        policy["retry_priority"] = _PREVIOUS_PRIORITIES
    if "perTryTimeout" in retries:
        policy["per_try_timeout"] = duration(retries["perTryTimeout"])
    if "backoff" in retries:
        policy["retry_back_off"] = {"base_interval": duration(retries["backoff"])}
    return policy


def _conditions(retry_on: str) -> Json:
    """``5xx,503``: a status code among the conditions is a retriable one."""
    words = [word for word in (part.strip() for part in retry_on.split(",")) if word]
    codes = [int(word) for word in words if word in _STATUSES]
    names = [word for word in words if word not in _STATUSES]
    if codes and "retriable-status-codes" not in names:
        names.append("retriable-status-codes")
    return {"retry_on": ",".join(names), **({"retriable_status_codes": codes} if codes else {})}
