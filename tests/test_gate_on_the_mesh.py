"""``weighbridge gate`` beside a run on real Envoys: undecided at first, then what the run ends with."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from front_door import FrontDoor, Invocation

pytestmark = pytest.mark.e2e
CANARY = {"name": "reviews", "namespace": "default", "phase": "Progressing", "checksum": "7", "metadata": {}}
"""What Flagger posts."""
HOLDS = ("v2=90,v3=10", "--within", "8", "--requests", "1000", "--to-the-end")
REFUTED = ("--expect", "v2=90,v3=10", "--no-route", "--within", "8", "--requests", "300", "--to-the-end")
UNDECIDED = ("v2=90,v3=10", "--within", "8", "--requests", "20")


@dataclass
class Controllers:
    """Flagger and Argo Rollouts, who ask again and again; ``heard`` has an answer where it was a new one."""

    url: str
    hooks: list[tuple[int, str, bool | None]] = field(default_factory=list)
    metrics: list[tuple[int, str, bool | None]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)

    def ask(self) -> tuple[int, str, bool | None]:
        """Both once; gives what Flagger hears."""
        for answers, answer in (
            (self.hooks, requests.post(f"{self.url}/gate", json=CANARY, timeout=10)),
            (self.metrics, requests.get(f"{self.url}/verdict", timeout=10)),
        ):
            self.last = answer.json()
            told = (answer.status_code, self.last["verdict"], self.last.get("running"))
            if told not in answers[-1:]:
                answers.append(told)
        return self.hooks[-1]

    def ask_until(self, invocation: Invocation) -> None:
        """All through the life of that command, and once more when it has ended."""
        while invocation.process.poll() is None:
            self.ask()
            time.sleep(0.05)  # leaves the run its share of the machine
        self.ask()


@pytest.fixture
def beside(standing: FrontDoor, tmp_path: Path) -> Iterator[FrontDoor]:
    """The mesh that stands for the whole module, and a folder of this test's own."""
    door = FrontDoor(standing.home, tmp_path)
    yield door
    door.close()


def opened(door: FrontDoor, *options: str) -> tuple[Invocation, Controllers]:
    """A gate for the latest run below results/, where there is none yet."""
    gate = door.start("gate", "--port", "0", "--json", *options)
    gate.until(lambda: gate.said("Ctrl-C ends it"))
    return gate, Controllers(json.loads(gate.out.read_text())["url"])


@pytest.mark.parametrize(
    ("how", "load", "code", "hooks"),
    [
        ("hold", HOLDS, 0, [(409, "inconclusive", True), (200, "pass", True), (200, "pass", False)]),
        ("pass", REFUTED, 1, [(200, "inconclusive", True), (409, "fail", True), (409, "fail", False)]),
        ("pass", UNDECIDED, 3, [(200, "inconclusive", True), (409, "inconclusive", False)]),
    ],
    ids=["holds", "refuted", "undecided"],
)
def test_who_asks_all_the_time_hears_of_no_run_then_of_nothing_certain_then_the_verdict_of_its_exit_code(
    beside: FrontDoor, how: str, load: tuple[str, ...], code: int, hooks: list[tuple[int, str, bool]]
) -> None:
    """What is certain is told while the load still runs, once and for all."""
    assert beside("route", "v2=50,v3=50").code == 0
    gate, controllers = opened(beside, "--undecided", how)
    controllers.ask()
    run = beside.start("run", *load, "--rate", "100", "--json")
    controllers.ask_until(run)
    done = run.done()
    assert done.code == code, done.err
    assert controllers.hooks == [(409, "inconclusive", None), *hooks]
    metrics = [(200, verdict, running) for _, verdict, running in hooks]
    assert controllers.metrics == [(200, "inconclusive", None), *metrics]
    judged = done.json
    assert {name: controllers.last[name] for name in ("run", "reason", "requests")} == {
        "run": judged["id"],
        "reason": judged["split"]["reason"],
        "requests": judged["requests"],
    }
    gate.interrupt()
    assert gate.done().code == 0


def test_a_run_that_is_killed_shuts_the_gate_again(beside: FrontDoor) -> None:
    """Nobody will ever judge it: what was certain in mid-run is not what it came to."""
    gate, controllers = opened(beside, "--undecided", "pass")
    run = beside.start("run", *HOLDS, "--rate", "100")
    run.until(lambda: controllers.ask() == (200, "pass", True))
    run.process.kill()
    run.done()
    gate.until(lambda: controllers.ask()[0] == 409)
    assert (controllers.last["verdict"], controllers.last["running"]) == ("inconclusive", False)
    assert controllers.last["reason"].startswith("the run was last heard of ")
    gate.interrupt()
    assert gate.done().code == 0
