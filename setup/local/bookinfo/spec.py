"""What one Bookinfo process is to be: its pods and their addresses, the page generation, the time limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from analyzer.errors import WorkError

APPS = ("details", "ratings", "reviews", "productpage")


class BookinfoError(WorkError):
    """The Bookinfo process cannot be started or steered: the message says why, the hint what to do."""


class Generation(StrEnum):
    """The three ages of Bookinfo's images; markup, bodies and forwarded headers differ."""

    A = "A"  # image tags up to 1.16.2, Istio 1.7 to 1.13.4
    B = "B"  # image tags 1.16.4 to 1.19.1, Istio 1.13.5 to 1.22
    C = "C"  # image tags since 1.20, Istio since 1.23


@dataclass(frozen=True, slots=True)
class BookinfoPod:
    """One pod's application: where it listens, and where it sends its calls (its own sidecar)."""

    name: str
    app: str
    version: str
    listen: tuple[str, int]
    outbound: tuple[str, int]

    def __post_init__(self) -> None:
        if self.app not in APPS:
            raise ValueError(f"{self.app!r} is no service of Bookinfo")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a caller waits, in seconds. The real values are the defaults; tests scale them down."""

    page: float = 3.0  # each of productpage's calls
    black: float = 10.0  # reviews with black stars (v2) for ratings
    red: float = 2.5  # reviews with red stars (v3) for ratings


@dataclass(frozen=True, slots=True)
class Spec:
    """One Bookinfo process. ``control`` is its control socket's path; ``seed`` is for the faults' draws."""

    generation: Generation
    control: str
    pods: tuple[BookinfoPod, ...]
    timeouts: Timeouts = field(default_factory=Timeouts)
    seed: int | None = None

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))


def read(path: Path) -> Spec:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Spec)
    except OSError as error:
        raise BookinfoError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BookinfoError(f"{path} is no Bookinfo spec: {error}") from error
