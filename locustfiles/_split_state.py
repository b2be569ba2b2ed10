"""Where the Split tab gets what it shows: from the front door, or from the pages that this load reads."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa

from analyzer.live import About, Answer, LiveSplit, Wish
from analyzer.records import Weights
from analyzer.run import whole_file
from analyzer.run.answered import PagesAsCalls
from analyzer.run.folder import Promise, RunFolder
from analyzer.split.pace import Pace
from analyzer.split.plan import plan, suggested_within

from ._arrivals import now
from ._settings import Settings, SettingsError

_ALPHA, _POWER = 0.01, 0.95
_CHOSEN_BEFORE = "They are chosen when Locust is started, with --weights; nobody here can change a mesh."


class SplitState(Protocol):
    """How a split stands, and who may change its weights."""

    def json(self) -> bytes:
        """A ``live.Live``; raises InputError where there is nothing to show, and says why."""

    def wish(self, weights: str) -> int:
        """Ask for other weights; gives the number under which it will be answered. Raises InputError."""


class FrontDoor:
    """The front door judges the proxies' calls and changes the weights; both meet in the run's folder."""

    def __init__(self, folder: Path) -> None:
        self._files = RunFolder(folder)

    def json(self) -> bytes:
        return self._files.live.read_bytes()

    def wish(self, weights: str) -> int:
        wish = Wish(number=1 + secrets.randbelow(2**31), weights=str(Weights.parse(weights)))
        whole_file.write(self._files.wish, msgspec.json.encode(wish))
        return wish.number


class Pages:
    """Nobody else judges: pages are the only witness, by the weights that each test is started with."""

    def __init__(self, settings: Settings) -> None:
        self._about = About(run=settings.run, witness="page", versions=(), fixed=_CHOSEN_BEFORE)
        self.begin(settings)

    def begin(self, settings: Settings) -> None:
        """A test begins: a new verdict, too."""
        self._split = _split(settings)
        self._feed = PagesAsCalls()
        self._pages = 0
        self._pace = Pace(now())

    def take(self, rows: pa.Table, until: float, **_: object) -> None:
        """A listener of ``_ledger.new_rows``."""
        if self._split is None:
            return
        frame = rows.to_pandas()
        self._split.add_pages(frame)
        self._split.add_calls(self._feed.take(frame, until))
        self._pages += len(frame)
        self._pace.add(now(), self._pages)

    def json(self) -> bytes:
        if self._split is None:
            raise SettingsError("no weights to judge by", "start Locust with --weights, such as v2=90,v3=10")
        return self._split.state(self._about, now(), self._pace.per_second, Answer(wish=0)).json()

    def wish(self, weights: str) -> int:
        raise SettingsError(f"the weights cannot become {weights} here", _CHOSEN_BEFORE)


def of(settings: Settings) -> FrontDoor | Pages:
    """The front door's, where it has left its state in the run's folder; else that of our own pages."""
    if settings.folder is not None and RunFolder(Path(settings.folder)).live.exists():
        return FrontDoor(Path(settings.folder))
    return Pages(settings)


def _split(settings: Settings) -> LiveSplit | None:
    if settings.weights is None:
        return None
    weights = Weights.parse(settings.weights)
    within = settings.within or suggested_within(weights)
    budget = plan(weights, within, _ALPHA, _POWER).budget
    return LiveSplit(Promise(weights, within, _ALPHA, _POWER, budget), None)
