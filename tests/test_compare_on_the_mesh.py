"""``weighbridge compare`` on real Envoys: noise is called noise, and what was put there is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from front_door import FrontDoor
from test_json_schemas import COMPARE, check

from analyzer.compare.comparison import Comparison, Difference
from analyzer.compare.differences import compare
from analyzer.compare.folder import ComparisonFolder
from analyzer.compare.sides import sides
from analyzer.compare.words import Word
from analyzer.records import Weights
from setup import routes
from setup.documents import Document
from setup.local.bookinfo import control
from setup.local.bookinfo.faults import Fault
from setup.local.mesh import LocalMesh
from weighbridge.configurations import Configuration
from weighbridge.rounds import play

pytestmark = pytest.mark.e2e

EVEN = Weights.parse("v2=50,v3=50")
ROUNDS = 8
TIMEOUT = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - timeout: 9s
    route: [{destination: {host: ratings}}]
"""
ASKED: dict[str, Any] = {
    "requests": None,
    "seconds": 2.0,
    "users": 6,  # who wait for what is put there, not for a processor
    "rate": 0.0,
    "timeout": 15.0,
    "processes": 1,
    "workers": 0,
    "listen": ("127.0.0.1", 0),
    "arrivals": None,
    "in_flight": 1000,
    "think": 0.0,
    "shape": None,
    "path": "/productpage",
    "login": None,
    "version_from": None,
    "insecure": False,
}


class FaultyMesh:
    """A local mesh whose services change with the routes: a document's annotation names the fault of v3."""

    def __init__(self, mesh: LocalMesh, faults: dict[str, Sequence[Fault]]) -> None:
        self._mesh = mesh
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mesh, name)

    def route(self, documents: Sequence[Document], *, force: bool = False) -> float:
        control.clear_faults(self._mesh.control_socket)
        for fault in self._faults.get(documents[-1].annotations.get("fault", ""), ()):
            control.set_fault(self._mesh.control_socket, fault)
        return self._mesh.route(documents, force=force)


def configuration(name: str) -> Configuration:
    rule, virtual_service = routes.split(EVEN)
    return Configuration(name, EVEN, (rule, replace(virtual_service, annotations={"fault": name})))


def by_name(comparison: Comparison) -> dict[str, Difference]:
    return {one.metric.name: one for one in comparison.differences}


def test_a_slower_and_a_failing_version_are_found(mesh: LocalMesh, tmp_path: Path) -> None:
    """Ratings take 60 ms, so a page does a little more; then v3 takes 13 ms longer, and 5 % of v2 fail.

    What is there is found at a family risk of 5 %. What is not there is found, and the size of what is there
    is wrong, once in a thousand times.
    """
    usual = Fault("ratings", delay=0.06)
    worse = (usual, Fault("reviews", "v3", delay=0.013), Fault("reviews", "v2", status=503, share=0.05))
    faulty = FaultyMesh(mesh, {"usual": [usual], "worse": worse})
    pair = [configuration("usual"), configuration("worse")]
    played = play(pair, ROUNDS, ComparisonFolder(tmp_path), faulty, ASKED)
    assert (played.trouble, played.interrupted, len(played.plan.rounds)) == (None, False, ROUNDS)

    read = sides([tmp_path], (0.5,))
    told = by_name(compare(read.sides, interleaved=read.interleaved))
    assert told["p50 of v3"].word is Word.SLOWER
    assert told["errors of v2"].word is Word.MORE

    sure = by_name(compare(read.sides, interleaved=read.interleaved, alpha=0.001))
    assert sure["p50 of v2"].word is not Word.SLOWER, "readers who wait for v3 leave v2 the machine"
    assert not sure["errors of v3"].word.is_difference
    for name, least, most in (("p50 of v3", 1.1, 1.25), ("errors of v2", 0.05, 0.05)):
        interval = sure[name].interval
        assert interval is not None
        assert interval.low <= most, name
        assert interval.high >= least, name


def test_ctrl_c_keeps_the_finished_rounds_and_the_routes_are_as_before(standing: FrontDoor) -> None:
    """The risk of a false difference is 0.1 %: both are the same weights, and the timeout never strikes."""
    (standing.cwd / "timeout.yaml").write_text(TIMEOUT)
    assert standing("route", "v2=75,v3=25").code == 0
    before = standing("status", "--json").json
    what = ("v2=50,v3=50", "v2=50,v3=50+timeout.yaml")
    limits = ("--alpha", "0.001", "--claim", "errors <= 50 points")
    invocation = standing.start(
        "compare", *what, "--rounds", "50", "--time", "1", *limits, "--out", "found", "--json"
    )
    invocation.until(lambda: invocation.said("round 3 of 50"))
    invocation.interrupt()
    done = invocation.done()
    check(done.json, COMPARE)
    assert done.code == done.json["exit_code"] in (0, 3)
    assert [one["name"] for one in done.json["configurations"]] == list(what)
    assert (done.json["rounds"], done.json["interleaved"]) == (2, True)
    words = {one["word"] for one in done.json["differences"]}
    assert words <= {"no difference larger than", "cannot tell"}
    assert standing("status", "--json").json == before

    again = standing("compare", "found", *limits, "--json", "--html", "page.html", "--markdown", "page.md")
    assert (again.code, again.json | {"configurations": 0}) == (done.code, done.json | {"configurations": 0})
    assert json.loads((standing.cwd / "found" / "differences.json").read_text()) == done.json
    for page in ("found/report.html", "found/report.md", "page.html", "page.md"):
        assert "v2=50,v3=50+timeout.yaml" in (standing.cwd / page).read_text()
    timeouts = [
        "timeout: 9s" in json.loads((standing.cwd / "found" / run / "run.json").read_text())["documents"]
        for run in ("01-A", "01-B", "02-B", "02-A")
    ]
    assert timeouts == [False, True, True, False]
