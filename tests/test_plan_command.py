"""What ``weighbridge plan`` says, for people and for machines, and where it knows the rate from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.run.load_summary import Summary
from weighbridge.plan import plan

CANARY = "v2=90,v3=10"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(*arguments: str) -> str:
    done = CliRunner().invoke(plan, [CANARY, *arguments], catch_exceptions=False)
    return done.output


def told_to_machines(*arguments: str) -> Any:
    return json.loads(told(*arguments, "--json"))


def recorded(name: str, ended: float, requests: int) -> None:
    folder = Path("results") / name
    folder.mkdir(parents=True)
    Summary(
        run=name,
        requests=requests,
        failures=0,
        rows=requests,
        started=ended - 10,
        ended=ended,
        complete=True,
        trouble=(),
        workers=(),
    ).write(folder)


def test_a_plan_says_what_a_claim_takes() -> None:
    assert told("--rate", "400") == (
        "claim      v2=90,v3=10 within 2 points (suggested: --within sets it), α = 0.01, power 0.95\n"
        "plan       4,217 requests, if their number is fixed beforehand\n"
        "             v2: 4,217\n"
        "             v3: 4,217\n"
        "sequential 3,266 expected on a correct mesh, at most 5,867 in 95 of 100 runs\n"
        "budget     6,748: undecided there, as 2.7% of correct meshes are\n"
        "time       8 s expected at 400/s\n"
    )


def test_without_a_rate_the_newest_run_tells_it() -> None:
    recorded("older", ended=100.0, requests=50)
    recorded("newer", ended=200.0, requests=4_000)
    assert told("--within", "5").splitlines()[-1] == (
        "time       1 s expected at 400/s, as measured in results/newer"
    )
    machines = told_to_machines("--within", "5")
    assert (machines["rate"], machines["measured"]) == (400.0, "results/newer")
    assert machines["seconds"] == pytest.approx(machines["expected_requests"] / 400)


def test_the_run_can_be_named() -> None:
    recorded("older", ended=100.0, requests=50)
    recorded("newer", ended=200.0, requests=4_000)
    machines = told_to_machines("--from", "results/older")
    assert (machines["rate"], machines["measured"]) == (5.0, "results/older")


def test_where_nobody_measured_a_rate_the_time_is_left_open() -> None:
    (Path("results") / "empty").mkdir(parents=True)
    (Path("results") / "broken").mkdir()
    (Path("results") / "broken" / "summary.json").write_text("{")
    assert told().splitlines()[-1] == "time       no run has measured a rate yet: give --rate"
    machines = told_to_machines()
    assert (machines["rate"], machines["measured"], machines["seconds"]) == (None, None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "nowhere"), "nowhere tells no rate: no summary.json of a load that ended in order"),
        (("--from", "nowhere", "--rate", "5"), "give --rate or --from, not both"),
    ],
)
def test_a_rate_that_cannot_be_told_is_refused(arguments: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(plan, [CANARY, *arguments], standalone_mode=False)
    assert str(done.exception) == message
