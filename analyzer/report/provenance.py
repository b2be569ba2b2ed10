"""Where a judgement comes from: the run, the mesh, every version of software, the load and its seed."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..judgement import Judgement
from ..run.folder import Run
from .figures import count, percent, seconds

_NAMES = {"in_flight": "in flight", "version_from": "version from"}
_DULL = (None, False, 0, 0.0, "")
"""Settings of a load that change nothing."""


def rows(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """(what, told) in the order in which people ask."""
    run, promise = judgement.run, judgement.run.promise
    yield "run", run.id
    yield "when", _when(run)
    yield "ingress", run.url
    if run.mesh:
        yield "mesh", _mesh(run)
    yield "software", software(run)
    yield (
        "promise",
        f"{promise.weights} within {promise.within:g} points, α {100 * promise.alpha:g}\u202f%, "
        f"power {percent(promise.power, 0)}, budget {count(promise.budget)}",
    )
    if run.load:
        yield "load", _load(run)
    yield "judge it again", f"weighbridge analyze {judgement.folder}"


def _when(run: Run) -> str:
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(run.started))
    return started + (f", for {seconds(run.ended - run.started)}" if run.ended else "")


def _mesh(run: Run) -> str:
    mesh = dict(run.mesh or {})
    told = [str(mesh.pop("kind", "")), str(mesh.pop("name", ""))]
    kept = ("context", "namespace", "revision", "generation", "log_format")
    return ", ".join(
        [" ".join(told), *(f"{name.replace('_', ' ')} {mesh[name]}" for name in kept if mesh.get(name))]
    )


def software(run: Run) -> str:
    """Everything that made the run, each with its version."""
    return ", ".join(f"{name} {version}" for name, version in _software(run))


def _software(run: Run) -> Iterator[tuple[str, str]]:
    yield "weighbridge", run.weighbridge or "of an unknown version"
    mesh = run.mesh or {}
    for name in ("envoy", "istio", "kubernetes"):
        if mesh.get(name):
            yield name.capitalize(), str(mesh[name])
    for name, version in run.software.items():
        yield name.capitalize(), version


def _load(run: Run) -> str:
    told = [
        f"{_NAMES.get(name, name)} {value}"
        for name, value in run.load.items()
        if name == "seed" or value not in _DULL
    ]
    return ", ".join(told)
