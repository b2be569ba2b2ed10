"""What the load is told: one JSON file, typed here; ``_options.py`` takes the same as arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec

from analyzer import tag
from analyzer.errors import InputError
from analyzer.pages.version_source import VersionSource
from analyzer.records import Weights

ENVIRONMENT = "WEIGHBRIDGE_LOAD"
"""Names the environment variable that names the settings file. Without it, nothing is recorded."""
ROWS = "requests"


class SettingsError(InputError):
    """The load cannot run as told: the message says what is wrong, the hint what to write instead."""


class Arrivals(StrEnum):
    """How an open load's requests are spread in time."""

    CONSTANT = "constant"
    POISSON = "poisson"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read the page, and where the rows go.

    ``folder``, as seen from the file these stand in, gets ``requests/*.parquet`` and ``summary.json``; None
    keeps no rows. ``requests`` is the exact number after which the load ends by itself. ``rate`` is
    requests per second over all users, 0 for as fast as they answer; ``arrivals`` makes it an open load, in
    which at most ``in_flight`` requests of a worker wait for an answer. ``think`` is the mean of a reader's
    seconds between two pages. ``timeout`` is seconds for one whole request. ``login`` is the name of the
    user who reads, ``version_from`` says where an answer names its version
    (``analyzer/pages/version_source.py``); without it the answer is a page of Bookinfo. ``weights`` are what
    the Split tab judges pages by, ``within`` so many points, where nobody else judges calls. ``part`` is 0,
    and one more each time a run is gone on with: its rows come after those that are there.
    """

    run: str = "by-hand"
    folder: str | None = None
    requests: int | None = None
    rate: float = 0.0
    arrivals: Arrivals | None = None
    in_flight: int = 1000
    think: float = 0.0
    path: str = "/productpage"
    login: str | None = None
    version_from: str | None = None
    timeout: float = 15.0
    insecure: bool = False
    weights: str | None = None
    within: float | None = None
    seed: int = 0
    part: int = 0

    def __post_init__(self) -> None:
        if not tag.RUN.fullmatch(self.run):
            raise SettingsError(f"{self.run!r} is no run id", "use 1 to 40 of a-z, 0-9 and -")
        if self.requests is not None and self.requests < 1:
            raise SettingsError(f"{self.requests} requests cannot be read", "ask for 1 or more")
        if not 0 < self.timeout < float("inf"):
            raise SettingsError(f"{self.timeout} is no timeout", "give seconds above 0")
        if not re.fullmatch(r"/[!-~]*", self.path):
            raise SettingsError(f"{self.path!r} is no path", "start it with / and escape what is not ASCII")
        if self.login is not None and not (self.login and self.login.isprintable()):
            raise SettingsError(f"{self.login!r} is no user's name", "write for example jason")
        if self.version_from is not None:
            VersionSource.parse(self.version_from)
        if self.weights is not None:
            Weights.parse(self.weights)
        self._check_schedule()

    def _check_schedule(self) -> None:
        if not 0 <= self.rate < float("inf"):
            raise SettingsError(f"{self.rate} is no rate", "give requests per second, 0 for no limit")
        if not 0 <= self.think < float("inf"):
            raise SettingsError(f"{self.think} is no time to think", "give seconds, 0 for none")
        if self.in_flight < 1:
            raise SettingsError(f"{self.in_flight} requests cannot be in flight", "allow 1 or more")
        if self.arrivals and not self.rate:
            raise SettingsError(f"{self.arrivals} arrivals need a rate", "give requests per second")
        if self.think and self.rate:
            raise SettingsError(
                "readers who think have no rate", "give either a rate or a time to think, and more users"
            )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings that the environment points to; the defaults where it points nowhere."""
        if not (path := environment.get(ENVIRONMENT)):
            return cls()
        try:
            told = msgspec.json.decode(Path(path).read_bytes(), type=cls)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise SettingsError(f"{ENVIRONMENT}={path}: {error}", "let weighbridge run write it") from error
        if told.folder is None:
            return told
        return msgspec.structs.replace(told, folder=str(Path(path).parent / told.folder))

    def json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2)
