"""What was asked before every proxy served the weights is counted, told, and left out of the verdict."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from front_door import FrontDoor
from readers import ask, begun, ended, reader

from analyzer.records import Request, Weights
from analyzer.run.folder import Promise, RunFolder
from setup import routes
from setup.local.mesh import LocalMesh

pytestmark = pytest.mark.e2e

OLD, NEW = Weights.parse("v1=1"), Weights.parse("v2=50,v3=50")
LENIENT = Promise(NEW, 20.0, 0.01, 0.95, 400)


def read_while_routes_change(mesh: LocalMesh, folder: RunFolder) -> int:
    """Four readers ask without a pause while the weights change; gives how many pages began before that."""
    mesh.route(routes.split(OLD))
    log, run, sequence = mesh.access_log(folder.access_log), begun(mesh, "gate", LENIENT), itertools.count()
    enough = threading.Event()

    def read() -> list[Request]:
        rows = []
        with reader(mesh) as session:
            while not enough.is_set():
                rows.append(ask(mesh, "gate", session, next(sequence)))
        return rows

    with ThreadPoolExecutor(4) as readers:
        found = [readers.submit(read) for _ in range(4)]
        while next(sequence) < 40:  # these numbers are never asked for: a gap is nothing unusual
            time.sleep(0.01)
        applied = time.time()
        live = mesh.route(routes.split(NEW))
        reached = next(sequence)
        while next(sequence) < reached + 600:
            time.sleep(0.01)
        enough.set()
    rows = [row for one in found for row in one.result()]
    log.finish()
    ended(mesh, folder, replace(run, applied=applied, live=live), rows)
    return sum(row.start < live for row in rows)


def test_pages_from_before_the_weights_were_live_are_told_and_not_judged(
    home: Path, mesh: LocalMesh, tmp_path: Path
) -> None:
    """Each shows v1, to which the new weights promise nothing: a single one judged would be a FAIL."""
    early = read_while_routes_change(mesh, RunFolder(tmp_path / "run"))
    assert early >= 20
    door = FrontDoor(home, tmp_path)
    done = door("analyze", "run")
    assert done.code == 0, done.out
    (gate,) = (line.strip() for line in done.out.splitlines() if line.startswith("  gate: "))
    told = door("analyze", "run", "--json").json
    assert told["excluded_before_live"] == early
    assert told["split"]["strays"] == {}
    assert set(told["witnesses"]["proxy"]) == {"v2", "v3"}
    run = RunFolder(tmp_path / "run").read()
    assert run.applied is not None
    assert run.live is not None
    waited = f"{run.live - run.applied:.2g}"
    assert gate == f"gate: weights live after {waited} s; {early} requests before, not counted"
