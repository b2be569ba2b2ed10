"""Configurations in turn on one mesh, round by round, each run in its own folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from analyzer.compare.folder import ComparisonFolder, Plan
from setup.documents import Document
from setup.mesh import Mesh, MeshError

from . import console, folders
from .conduct import Live, Wanted, conduct
from .configurations import Configuration
from .load import LoadError
from .signals import Terminated

_WARM_UP = 2.0
"""Seconds of load before the first round: a mesh that just came up is slower than it will be."""


@dataclass(frozen=True, slots=True)
class Played:
    """The finished rounds; ``trouble`` is what broke them off, if something did."""

    plan: Plan
    trouble: MeshError | LoadError | None = None
    interrupted: bool = False


def play(
    configurations: Sequence[Configuration],
    rounds: int,
    folder: ComparisonFolder,
    mesh: Mesh,
    asked: Mapping[str, Any],
) -> Played:
    """Run every configuration once a round; the order turns from round to round, as in ABBA.

    Ctrl-C, and what breaks a run off, end it all; the rounds that were finished are kept.
    """
    turns = _Turns(configurations, rounds, folder, mesh, asked)
    played = Played(Plan(tuple(one.name for one in configurations)))
    with _restored(mesh):
        try:
            turns.prepare()
            for number in range(1, rounds + 1):
                played = turns.play(number, played)
                if played.trouble or played.interrupted:
                    break
                folder.write(played.plan)
        except (KeyboardInterrupt, Terminated):
            played = replace(played, interrupted=True)
        except MeshError as error:  # between two runs: the rounds before stand
            played = replace(played, trouble=error)
    return played


class _Turns:
    def __init__(
        self,
        configurations: Sequence[Configuration],
        rounds: int,
        folder: ComparisonFolder,
        mesh: Mesh,
        asked: Mapping[str, Any],
    ) -> None:
        self._configurations = configurations
        self._rounds = rounds
        self._folder = folder
        self._mesh = mesh
        self._wanted = [_wanted(one, asked) for one in configurations]
        self._routes = _Routes(mesh, configurations)
        self._began = time.monotonic()

    def prepare(self) -> None:
        """Put each in force once, so that what cannot be is refused before any load; then warm up."""
        for configuration in reversed(self._configurations):
            live = self._routes.apply(configuration)
        short = replace(self._wanted[0], requests=None, seconds=_WARM_UP, heading="warming up")
        with (
            tempfile.TemporaryDirectory(prefix="weighbridge-warm-up-") as name,
            folders.fresh(Path(name) / "run") as fresh,
        ):
            warmed = conduct(short, fresh, self._mesh.url, self._mesh, live)
        if warmed.trouble:
            raise warmed.trouble
        if warmed.interrupted:
            raise KeyboardInterrupt
        self._began = time.monotonic()

    def play(self, number: int, played: Played) -> Played:
        """One round; where it was not finished, what is given back has one round less."""
        order = range(len(self._configurations))
        of_round: dict[int, str] = {}
        for index in order if number % 2 else reversed(order):
            label, configuration = ascii_uppercase[index], self._configurations[index]
            name = f"{number:02d}-{label}"
            heading = f"round {number} of {self._rounds}{self._left(number)}: {label}, {configuration.name}"
            wanted = replace(self._wanted[index], heading=heading)
            with folders.fresh(self._folder.path / name) as fresh:
                live = self._routes.apply(configuration)
                run = conduct(wanted, fresh, self._mesh.url, self._mesh, live)
            if run.trouble or run.interrupted:
                return replace(played, trouble=run.trouble, interrupted=run.interrupted)
            of_round[index] = name
        return replace(played, plan=played.plan.after(tuple(of_round[index] for index in order)))

    def _left(self, number: int) -> str:
        """How long it will take, by the rounds so far."""
        if number == 1:
            return ""
        took = (time.monotonic() - self._began) / (number - 1)
        return f", about {took * (self._rounds - number + 1):.0f} s to go"


class _Routes:
    """Puts one configuration in force after another."""

    def __init__(self, mesh: Mesh, configurations: Sequence[Configuration]) -> None:
        self._mesh = mesh
        self._before = tuple(mesh.documents())
        # Where all have the same documents, each takes the place of the other's. Else one's would stay.
        self._alike = len({frozenset(one.key for one in each.documents) for each in configurations}) == 1

    def apply(self, configuration: Configuration) -> Live:
        asked = time.time()
        if not self._alike:
            _back_to(self._mesh, self._before)
        return Live(asked, self._mesh.route(configuration.documents))


@contextmanager
def _restored(mesh: Mesh) -> Iterator[None]:
    """Leave the mesh with the routes that it had."""
    before = tuple(mesh.documents())
    try:
        yield
    finally:
        try:
            _back_to(mesh, before)
        except MeshError as error:  # a mesh that died is told of where it died
            console.say(f"warning: the routes are not as they were: {error}")


def _back_to(mesh: Mesh, before: Sequence[Document]) -> None:
    """Only what differs is changed; what came in since can only go with all that we brought."""
    there = {document.key: document.spec for document in mesh.documents()}
    if there.keys() - {document.key for document in before}:
        mesh.reset()
        there = {document.key: document.spec for document in mesh.documents()}
    missing = [document for document in before if there.get(document.key) != document.spec]
    if missing:
        mesh.route(missing, force=True)  # whatever was in force was in force


def _wanted(configuration: Configuration, asked: Mapping[str, Any]) -> Wanted:
    """The load of each of its runs. What its weights promise is judged by `analyze`, not here."""
    usual = {"within": None, "alpha": 0.01, "power": 0.95, "claims": (), "claims_file": None}
    return Wanted.of(configuration.weights, {**asked, **usual, "until_certain": False})
