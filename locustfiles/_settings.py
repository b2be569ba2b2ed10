"""What the load is told: one JSON file, typed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

from analyzer import tag
from analyzer.errors import InputError

ENVIRONMENT = "WEIGHBRIDGE_LOAD"
"""Names the environment variable that names the settings file. Without it, nothing is recorded."""
ROWS = "requests"


class SettingsError(InputError):
    """The load cannot run as told: the message says what is wrong, the hint what to write instead."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read the page, and where the rows go.

    ``folder`` gets ``requests/*.parquet`` and ``summary.json``; None keeps no rows. ``requests`` is the exact
    number after which the load ends by itself. ``rate`` is requests per second over all users, 0 for as fast
    as they answer. ``timeout`` is seconds for one whole request.
    """

    run: str = "by-hand"
    folder: str | None = None
    requests: int | None = None
    rate: float = 0.0
    path: str = "/productpage"
    timeout: float = 15.0
    insecure: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not tag.RUN.fullmatch(self.run):
            raise SettingsError(f"{self.run!r} is no run id", "use 1 to 40 of a-z, 0-9 and -")
        if self.requests is not None and self.requests < 1:
            raise SettingsError(f"{self.requests} requests cannot be read", "ask for 1 or more")
        if not 0 <= self.rate < float("inf"):
            raise SettingsError(f"{self.rate} is no rate", "give requests per second, 0 for no limit")
        if not 0 < self.timeout < float("inf"):
            raise SettingsError(f"{self.timeout} is no timeout", "give seconds above 0")
        if not re.fullmatch(r"/[!-~]*", self.path):
            raise SettingsError(f"{self.path!r} is no path", "start it with / and escape what is not ASCII")

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings that the environment points to; the defaults where it points nowhere."""
        if not (path := environment.get(ENVIRONMENT)):
            return cls()
        try:
            return msgspec.json.decode(Path(path).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise SettingsError(f"{ENVIRONMENT}={path}: {error}", "let weighbridge run write it") from error

    def json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2)
