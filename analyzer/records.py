"""The nouns every part speaks: weights, requests, proxy log entries, distributions, claims and verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from .errors import InputError

Version = str
"""A version label such as ``v2``; also the name of its subset in the documents we write."""

UNKNOWN: Version = "unknown"
"""Stands where no witness could tell the version. Never a version of its own."""

_EXAMPLE = "write for example v2=90,v3=10"
_VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")


_POD = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")
_MOST_VERSIONS = 100


def is_version(text: str) -> bool:
    """Whether a text can be a version label, as Kubernetes takes label values."""
    return _VERSION.match(text) is not None


def is_pod_name(text: str) -> bool:
    """Whether a text can be a pod's name, as Kubernetes takes it (RFC 1123); it can then be a file's, too."""
    return _POD.match(text) is not None


class WeightsError(InputError):
    """The weights cannot be: the message says why, the hint what to write instead."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What was promised: a non-negative integer per version; a version's share is its weight over the sum."""

    by_version: tuple[tuple[Version, int], ...]

    def __post_init__(self) -> None:
        if not self.by_version:
            raise WeightsError("no weights given", _EXAMPLE)
        if len(self.by_version) > _MOST_VERSIONS:
            raise WeightsError(
                f"{len(self.by_version)} versions have a weight", f"name at most {_MOST_VERSIONS}"
            )
        seen: set[Version] = set()
        for version, weight in self.by_version:
            if not is_version(version):
                raise WeightsError(f"{version[:200]!r} is no version name", _EXAMPLE)
            if version in seen:
                raise WeightsError(f"{version} is named twice", f"give {version} one weight")
            seen.add(version)
            if weight < 0:
                raise WeightsError(f"the weight of {version} is {weight}", "write 0 or more")
            if weight > 2**31 - 1:
                raise WeightsError(f"the weight of {version} is {weight}", "write at most 2147483647")
        if not self.total:
            raise WeightsError("all weights are zero", "give at least one version a weight above 0")

    @classmethod
    def parse(cls, text: str) -> Weights:
        """Read ``v2=90,v3=10``; spaces are allowed, everything else is refused with a hint."""
        pairs: list[tuple[Version, int]] = []
        for part in text.split(","):
            version, equals, weight = (piece.strip() for piece in part.partition("="))
            if not equals or not version:
                raise WeightsError(f"{part.strip()[:200]!r} is not VERSION=WEIGHT", _EXAMPLE)
            if not re.fullmatch(r"[+-]?[0-9]{1,12}", weight):
                name = version if is_version(version) else repr(version[:200])
                raise WeightsError(f"the weight of {name} is {weight[:200]!r}, not a whole number", _EXAMPLE)
            pairs.append((version, int(weight)))
        return cls(tuple(pairs))

    @classmethod
    def of(cls, weights: Mapping[Version, int]) -> Weights:
        return cls(tuple(weights.items()))

    @property
    def versions(self) -> tuple[Version, ...]:
        return tuple(version for version, _ in self.by_version)

    @property
    def total(self) -> int:
        return sum(weight for _, weight in self.by_version)

    def share(self, version: Version) -> float:
        """The promised share, 0 to 1; a version without a weight is promised nothing."""
        return dict(self.by_version).get(version, 0) / self.total

    def as_dict(self) -> dict[Version, int]:
        return dict(self.by_version)

    def __iter__(self) -> Iterator[tuple[Version, int]]:
        return iter(self.by_version)

    def __str__(self) -> str:
        return ",".join(f"{version}={weight}" for version, weight in self.by_version)


class Trouble(StrEnum):
    """Why a page shows no usable stars; the page itself answers 200 in all cases but the last."""

    REVIEWS = "reviews"  # "Error fetching product reviews": no reviews call succeeded
    RATINGS = "ratings"  # reviews came, ratings did not: v2 and v3 look alike
    NO_VERSION = "no-version"  # of another application than Bookinfo: the answer names no version
    NOT_A_PAGE = "not-a-page"  # the gateway's own error text, an empty body, anything else


class Doubt(StrEnum):
    """Why a page without trouble still does not tell its version: an alarm, never averaged away."""

    DISAGREE = "witnesses-disagree"  # the stars name one version, the pod another
    UNKNOWN_COLOUR = "unknown-colour"  # stars of a colour that no version of Bookinfo has, and no pod


@dataclass(frozen=True, slots=True)
class Page:
    """What one /productpage body says about the reviews version that served it.

    Where ``version`` is None, ``trouble`` or ``doubt`` says why; ``pod`` is the name as the page shows it.
    """

    version: Version | None
    pod: str | None
    trouble: Trouble | None
    details_trouble: bool
    doubt: Doubt | None = None


class Request(msgspec.Struct, frozen=True, gc=False):
    """One row of the client's view; a refused connection is a row with status 0, never a lost one.

    A struct and no dataclass, because the load makes one for each request: 0.08 µs instead of 1.2.

    Times are Unix seconds, latencies milliseconds. ``worker`` and ``seq`` are the two numbers of the tag that
    the request carried in its User-Agent (``tag.py``), so that every proxy line of the page can be found.
    ``intended`` is when the schedule wanted the request, ``start`` when it left; ``latency_ms`` counts from
    ``start``. ``error`` names what kept a whole answer from coming, and is None when one came.
    """

    worker: int
    seq: int
    intended: float
    start: float
    latency_ms: float
    status: int
    version: Version | None
    pod: str | None
    trouble: Trouble | None
    doubt: Doubt | None
    details_trouble: bool
    bytes: int
    error: str | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One istio-proxy access-log line, in Envoy's words. ``-`` in the log is None here.

    ``start`` is Unix seconds (the log has milliseconds), durations are milliseconds.
    """

    start: float
    method: str | None
    path: str | None
    protocol: str | None
    response_code: int
    response_flags: str | None
    response_code_details: str | None
    connection_termination_details: str | None
    upstream_transport_failure_reason: str | None
    bytes_received: int | None
    bytes_sent: int | None
    duration: int | None
    upstream_service_time: int | None
    x_forwarded_for: str | None
    user_agent: str | None
    request_id: str | None
    authority: str | None
    upstream_host: str | None
    upstream_cluster: str | None
    upstream_local_address: str | None
    downstream_local_address: str | None
    downstream_remote_address: str | None
    requested_server_name: str | None
    route_name: str | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """Counts per version from one witness."""

    counts: tuple[tuple[Version, int], ...]

    @classmethod
    def of(cls, versions: Iterable[Version]) -> Distribution:
        counts: dict[Version, int] = {}
        for version in versions:
            counts[version] = counts.get(version, 0) + 1
        return cls(tuple(sorted(counts.items())))

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)

    def __getitem__(self, version: Version) -> int:
        return dict(self.counts).get(version, 0)

    def share(self, version: Version) -> float | None:
        """The seen share, 0 to 1; None where nothing was seen."""
        return self[version] / self.total if self.total else None

    def as_dict(self) -> dict[Version, int]:
        return dict(self.counts)


class Outcome(StrEnum):
    """What a claim came to. UNDECIDED is a result, and never a success."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    UNDECIDED = "undecided"
