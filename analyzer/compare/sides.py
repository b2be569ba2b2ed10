"""Folders go in, the sides of a comparison come out: which runs belong together, and which make a round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Self

from ..errors import JudgementError
from ..run.folder import Run, RunFolder
from .alike import check
from .comparison import Side
from .folder import ComparisonFolder
from .recorded import of_run

_HINT = "give run folders, folders of runs (one a side), or the folder of a comparison"
MOST = len(ascii_uppercase)
"""Sides of one comparison, since each has a letter."""


@dataclass(frozen=True, slots=True)
class Sides:
    """``interleaved`` where the i-th runs of all sides are one round; see ``Side``."""

    sides: tuple[Side, ...]
    interleaved: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A run whose rows and logs nobody has read yet."""

    folder: RunFolder
    run: Run

    @classmethod
    def at(cls, path: Path) -> Self:
        folder = RunFolder(path)
        return cls(folder, folder.read())


_Groups = Mapping[str, Sequence[_Found]]
"""The runs of each side by its name, the baseline first."""


def sides(paths: Sequence[Path], quantiles: Sequence[float], *, unlike: bool = False) -> Sides:
    """Read what the folders hold; raises JudgementError where they make no comparison.

    The folder of a comparison is one by itself. A folder with runs in it is a side. Runs that are named one
    by one belong together where the same weights and documents were in force.
    """
    if len(paths) == 1 and ComparisonFolder(paths[0]).is_one:
        groups, warnings = _of_comparison(ComparisonFolder(paths[0])), []
        rounds: int | None = len(next(iter(groups.values())))
    else:
        groups = _by_time(_groups(paths))
        rounds = _rounds(list(groups.values()))
        left = sum(map(len, groups.values())) - (rounds or 0) * len(groups)
        warnings = [f"runs left out, of a round that was not finished: {left}"] if rounds and left else []
        groups = {name: runs[:rounds] for name, runs in groups.items()}
    every = [one for runs in groups.values() for one in runs]
    if not unlike:
        check([(str(one.folder.path), one.run) for one in every])
    if missing := sum(bool(one.run.missing) for one in every):
        warnings.append(f"runs that may lack some evidence: {missing}")
    return Sides(tuple(_sides(groups, quantiles)), rounds is not None, tuple(warnings))


def _of_comparison(folder: ComparisonFolder) -> _Groups:
    plan = folder.read()
    if not plan.rounds:
        raise JudgementError(f"{folder.path} has no finished round", "let one round end")
    return {
        name: [_Found.at(folder.path / of_round[index]) for of_round in plan.rounds]
        for index, name in enumerate(plan.names)
    }


def _groups(paths: Sequence[Path]) -> _Groups:
    loose: dict[tuple[str, str], list[_Found]] = {}
    groups: dict[str, list[_Found]] = {}
    for path in paths:
        if RunFolder(path).run_file.exists():
            one = _Found.at(path)
            loose.setdefault((str(one.run.promise.weights), one.run.documents), []).append(one)
            continue
        folders = sorted(found.parent for found in path.glob("*/run.json"))
        if not folders:
            raise JudgementError(f"{path} holds no run", _HINT)
        groups[str(path)] = [_Found.at(folder) for folder in folders]
    for (weights, _), runs in loose.items():
        groups[_unused(weights, groups)] = runs
    if len(groups) < 2:
        raise JudgementError(f"these runs are all of one configuration: {next(iter(groups))}", _HINT)
    if len(groups) > MOST:
        raise JudgementError(f"{len(groups)} configurations are too many", f"compare {MOST} at most")
    return groups


def _unused(name: str, taken: _Groups) -> str:
    """Configurations of the same weights differ in their documents, and are told apart by a number."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _by_time(groups: _Groups) -> _Groups:
    return {name: sorted(runs, key=lambda one: one.run.started) for name, runs in groups.items()}


def _rounds(groups: Sequence[Sequence[_Found]]) -> int | None:
    """How many rounds there are, where the sides took turns; None where they did not.

    In the order of time each stretch of as many runs as there are sides has one of each.
    """
    order = sorted((one.run.started, index) for index, runs in enumerate(groups) for one in runs)
    turns = [index for _, index in order]
    k = len(groups)
    full = len(turns) // k
    in_turn = all(set(turns[k * at : k * at + k]) == set(range(k)) for at in range(full))
    rest = turns[k * full :]
    return full if in_turn and len(set(rest)) == len(rest) else None


def _sides(groups: _Groups, quantiles: Sequence[float]) -> Iterator[Side]:
    for label, (name, runs) in zip(ascii_uppercase, groups.items(), strict=False):
        figures = tuple(of_run(one.folder, quantiles) for one in runs)
        yield Side(label, name, figures, tuple(str(one.folder.path) for one in runs), _promised(runs))


def _promised(runs: Sequence[_Found]) -> dict[str, float] | None:
    """The shares that a side's weights promise, where all of its runs promise the same."""
    promised = {one.run.promise.weights for one in runs}
    if len(promised) != 1:
        return None
    (weights,) = promised
    return {version: weights.share(version) for version in weights.versions}
