"""What Envoy's response flags mean, in words.

Envoy's documentation of ``%RESPONSE_FLAGS%`` lists them; extensions may add their own. ztunnel has none, its
failed connections are given the flag ``error`` here.
"""

from __future__ import annotations

MEANINGS = {
    "DC": "the client went away",
    "DF": "name resolution failed",
    "DI": "delayed by fault injection",
    "DO": "dropped by the upstream's overload policy",
    "DPE": "the client broke the HTTP protocol",
    "DR": "the client reset the stream",
    "DT": "the connection or request lasted too long",
    "FI": "aborted by fault injection",
    "IH": "a header Envoy checks strictly was invalid",
    "LH": "the local service failed its health check",
    "LR": "the proxy reset the connection",
    "NC": "the cluster does not exist: no such subset or service",
    "NFCF": "a filter's configuration was missing",
    "NR": "no route, or no filter chain, matched",
    "OM": "the proxy's overload manager stopped it",
    "RFCF": "answered from the cache",
    "RL": "rate limited",
    "RLSE": "the rate limit service failed",
    "SI": "the stream was idle for too long",
    "UAEX": "denied by external authorization",
    "UC": "the upstream closed the connection",
    "UDO": "dropped by the upstream's overload policy",
    "UF": "the connection to the upstream failed",
    "UH": "no healthy upstream",
    "UMSDR": "the stream reached its maximum duration",
    "UO": "a circuit breaker was open",
    "UPE": "the upstream broke the HTTP protocol",
    "UR": "the upstream reset the stream",
    "URX": "retries or connection attempts were used up",
    "UT": "the upstream took longer than the timeout",
    "error": "the connection failed",
}


def meaning(flags: str) -> str:
    """Of flags as logged, such as ``UF,URX``; ``""`` where there are none."""
    return "; ".join(
        MEANINGS.get(flag, f"{flag}: not one of Envoy's own flags") for flag in flags.split(",") if flag
    )
