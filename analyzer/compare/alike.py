"""Whether runs can be compared at all: same mesh, same pages, same load; only the routes may differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..errors import InputError
from ..run.folder import Run

_WHEREABOUTS = frozenset({"name", "host", "port"})
"""Of a local mesh: which of several it was makes no difference."""
_LENGTH = frozenset({"requests", "seconds"})
"""How long a load goes on: a longer run tells the same, only better."""
_NAMES = {
    "generation": "page generation",
    "kind": "mesh",
    "log_format": "access-log format",
}


class UnlikeError(InputError):
    """Runs that tell nothing about each other: the message names what differs."""


def check(runs: Sequence[tuple[str, Run]]) -> None:
    """Raise UnlikeError for the first run that is not like the first one; each comes with its folder."""
    (first_folder, first), *others = runs
    for folder, run in runs:
        if run.ended is None:
            raise UnlikeError(f"{folder} did not end in order", f"leave it out, or {_UNLIKE}")
    for folder, run in others:
        if found := list(_unlike(first, run)):
            raise UnlikeError(
                f"{first_folder} and {folder} are not alike: {'; '.join(found)}",
                f"compare like with like, or {_UNLIKE}",
            )


_UNLIKE = "say --unlike to compare them all the same"


def _unlike(first: Run, run: Run) -> Iterator[str]:
    yield from _different(_surroundings(first), _surroundings(run))
    yield from _different(*(_without(_LENGTH, one.load) for one in (first, run)))


def _surroundings(run: Run) -> Mapping[str, Any]:
    mesh = run.mesh
    if mesh is None:
        return {"kind": None, "url": run.url}
    return _without(_WHEREABOUTS, mesh) if mesh.get("kind") == "local" else mesh


def _without(ignored: Collection[str], described: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in described.items() if key not in ignored}


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """What an older version did not record yet is not held against it."""
    for key, mine in one.items():
        theirs = other.get(key, mine)
        if mine != theirs:
            yield f"{_NAMES.get(key, key.replace('_', ' '))} {_shown(mine)} and {_shown(theirs)}"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
