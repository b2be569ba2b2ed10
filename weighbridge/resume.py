"""A run that ended too early, gone on with: same promise, same mesh, what is left of its load."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzer.errors import JudgementError
from analyzer.judge import judge
from analyzer.records import Outcome
from analyzer.run import requests
from analyzer.run.folder import Resumed, Run, RunFolder
from analyzer.run.load_summary import SUMMARY
from setup import documents, redaction, routes
from setup.local.mesh import LocalMesh
from setup.local.standing import Layout
from setup.mesh import Mesh

from . import folders, load_options, meshes
from .conduct import Wanted
from .folders import Fresh

_ANEW = "start a new run instead"
_PARTS = 100
"""Parts that the numbers of workers have room for."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do of a run."""

    run: Run
    wanted: Wanted
    fresh: Fresh


@contextmanager
def opened(path: Path) -> Iterator[Rest]:
    """The run in that folder, which nobody else writes to meanwhile; raises JudgementError if it is over."""
    folder = RunFolder(path.absolute())
    run = folder.read()
    with folders.claimed(folder.path):
        _check(folder, run)
        ending = run.ending or "it was killed, or its machine went down"
        again = replace(run, ended=None, ending="", resumed=(*run.resumed, Resumed(time.time(), ending)))
        yield Rest(again, _wanted(folder, run), Fresh(run.id, folder))


def keep_summary(folder: RunFolder, run: Run) -> None:
    """Each part of the load leaves a summary of its own; those before the last are numbered."""
    summary = folder.path / SUMMARY
    if summary.exists():
        summary.rename(summary.with_name(f"summary-{len(run.resumed)}.json"))


def mesh_of(run: Run) -> Mesh | None:
    """The mesh that the run was on, by its record; None where it loaded a URL."""
    if run.mesh is None:
        return None
    told = dict(run.mesh)
    if told["kind"] == "cluster":
        return meshes.cluster({"context": told["context"], "namespace": told["namespace"]})
    fields = {name: told[name] for name in Layout.__dataclass_fields__ if name in told}
    fields["prometheus"] = bool(told.get("prometheus"))  # the record names its address
    return LocalMesh(told["name"], Layout(**fields))


def route(run: Run, mesh: Mesh) -> None:
    """Have the mesh serve what it served before; raises JudgementError where that cannot be."""
    if run.applied is not None:
        mesh.route(routes.split(run.promise.weights, namespace=mesh.namespace))
    if documents.dump(redaction.recorded(mesh.documents())) != run.documents:
        raise JudgementError(f"the mesh {mesh.name} serves other routes than the run began with", _ANEW)


def _check(folder: RunFolder, run: Run) -> None:
    """Refuse what cannot go on; the evidence so far would be worth nothing, or nothing is left to find."""
    if run.earlier:
        raise JudgementError("weights were changed while the run lasted: it has no one promise", _ANEW)
    if run.until is not None:
        raise JudgementError("the routes were changed by somebody else while the run lasted", _ANEW)
    if run.load.get("shape"):
        raise JudgementError(f"a {run.load['shape']} cannot begin in its middle", _ANEW)
    if len(run.resumed) >= _PARTS - 1:
        raise JudgementError(f"the run was gone on with {len(run.resumed)} times already", _ANEW)
    outcome = judge(folder).split.outcome
    if run.load.get("until_certain", True) and outcome is not Outcome.UNDECIDED:
        raise JudgementError(
            f"the verdict of the run is certain already: {outcome.name}",
            f"see it with `weighbridge analyze {folder.path}`",
        )


def _wanted(folder: RunFolder, run: Run) -> Wanted:
    """What was asked for, less what was done."""
    load: dict[str, Any] = dict(run.load)
    rows = requests.read(folder.requests)
    left = load["requests"] - len(rows) if load["requests"] else None
    seconds = load["seconds"]
    if seconds is not None and len(rows):
        seconds -= float(rows["start"].max() - rows["start"].min())
    if (left is not None and left < 1) or (seconds is not None and seconds < 1):
        raise JudgementError(
            f"the load of the run is complete: {len(rows):,} pages were asked for",
            f"see what came of it with `weighbridge analyze {folder.path}`, or {_ANEW}",
        )
    return Wanted(
        promise=run.promise,
        users=load["users"],
        rate=load["rate"],
        timeout=load["timeout"],
        requests=left,
        seconds=seconds,
        until_certain=load.get("until_certain", True),
        how={name: load[name] for name in load_options.NAMES if name in load},
        part=len(run.resumed) + 1,
    )
