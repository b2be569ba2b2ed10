"""The causes of a wrong split by their numbers, as docs/diagnosis.md lists them."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[int, str] = {
    1: "the sample is too small",
    2: "the caller has no sidecar",
    3: "the namespace was labelled for injection after its pods were made",
    4: "the VirtualService is not for the host that is called",
    5: "the VirtualService has a short host in another namespace",
    6: "the VirtualService is for the gateway, and not for sidecars",
    7: "a subset is not defined",
    8: "a subset selects no pod",
    9: "subsets or labels mix up versions",
    10: "the Service selects one version only",
    11: "the port is taken for TCP",
    12: "the weights are below tcp",
    13: "two VirtualServices are for one host",
    14: "an earlier rule takes the calls",
    15: "a weight is missing, or the sum is wrong",
    16: "a proxy did not take the routes",
    17: "calls of before the routes were in force are counted",
    18: "consistent hashing",
    19: "retries hide a failing version",
    20: "a version is unhealthy",
    21: "fault injection is on",
    22: "mTLS is asked for on one side only",
    23: "ambient mode without a waypoint",
    24: "calls go past the service",
    25: "somebody else changes the weights",
    26: "the measurement misses calls",
    27: "the gateway lets no page in",
    28: "versions are drawn once a connection",
    29: "no weights are in force",
    30: "the routes are hidden from the caller",
    31: "the routes in force ask for other weights",
}
"""1 to 28 are those that people reported; 29 to 31 are what is left where none of them shows."""
