"""``weighbridge selftest``: our own error rates, measured on real Envoys."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from analyzer.exit_codes import ExitCode
from analyzer.plan import plan
from analyzer.records import Outcome, Weights
from analyzer.rounds import Record, Scenario, record, rounds
from analyzer.run import Promise
from analyzer.split import SplitTest
from analyzer.witnesses import evidence
from setup import routes
from setup.local.mesh import LocalMesh

from . import conduct, console, folders, options
from .conduct import Wanted

_PROMISED = Weights.parse("v2=90,v3=10")
_WITHIN = 5.0
_SCENARIOS = (
    Scenario("as promised", "v2=90,v3=10", Outcome.PASS, 800),
    Scenario("half and half", "v2=50,v3=50", Outcome.FAIL, 40),
    Scenario("swapped", "v2=10,v3=90", Outcome.FAIL, 20),
    Scenario("v3 never answers", "v2=100,v3=0", Outcome.FAIL, 200),
    Scenario("v3 gets 25 %", "v2=75,v3=25", Outcome.FAIL, 400),
    Scenario("v1 still answers", "v1=5,v2=86,v3=9", Outcome.FAIL, 60),
)


@click.command(epilog=options.examples("weighbridge selftest", "weighbridge selftest --rounds 100 --json"))
@click.option(
    "--rounds", "most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Per scenario."
)
@options.as_json
def selftest(most: int, as_json: bool) -> int:
    """Measure how often the verdict is wrong, on a local mesh with right and with wrong weights.

    The promise is v2=90,v3=10 within 5 points. Exits 1 when a correct split failed or a wrong one did not.
    """
    test = SplitTest(_PROMISED, _WITHIN, budget=plan(_PROMISED, _WITHIN).budget)
    mesh = LocalMesh(f"selftest-{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="weighbridge-selftest-") as folder:
        try:
            mesh.up()
            records = [_measure(scenario, mesh, test, most, Path(folder)) for scenario in _SCENARIOS]
        finally:
            mesh.down()
    if as_json:
        scenarios = [_row(one) for one in records]
        console.emit({"promise": str(_PROMISED), "within": _WITHIN, "scenarios": scenarios})
    else:
        console.show(_table(records))
    return ExitCode.REFUTED if any(one.wrong or not one.outcomes for one in records) else ExitCode.HOLDS


def _measure(scenario: Scenario, mesh: LocalMesh, test: SplitTest, most: int, folder: Path) -> Record:
    console.say(f"{scenario.name}: {scenario.applied}, {most} rounds")
    live = mesh.route(routes.split(Weights.parse(scenario.applied)))
    wanted = Wanted(
        promise=Promise(test.weights, test.within, test.alpha, 0.95, test.budget or 0),
        users=8,
        rate=0.0,
        timeout=15.0,
        requests=scenario.requests * most,
        seconds=None,
        until_certain=False,
    )
    with folders.fresh(folder / scenario.name.replace(" ", "-")) as fresh:
        conducted = conduct.conduct(wanted, fresh, mesh.url, mesh, conduct.Live(live, live))
        if conducted.trouble is not None:
            raise conducted.trouble
        if conducted.interrupted:
            raise KeyboardInterrupt
        return record(scenario, rounds(test, evidence(conducted.folder).decided, most))


def _row(one: Record) -> dict[str, Any]:
    return {
        "scenario": one.scenario.name,
        "applied": one.scenario.applied,
        "rounds": len(one.outcomes),
        **{outcome.value: one.count(outcome) for outcome in Outcome},
        "wrong": one.wrong,
        "wrong_share": one.interval.as_dict(),
        "median_requests": one.median_requests,
    }


def _table(records: list[Record]) -> Table:
    head = ("mesh", "rounds", "pass", "fail", "undecided", "wrong", "wrong share at 99 %", "median requests")
    table = Table(*head, box=None, pad_edge=False)
    for one in records:
        counts = [str(one.count(outcome)) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED)]
        share = f"{100 * one.interval.low:.1f} – {100 * one.interval.high:.1f} %"
        median = "–" if one.median_requests is None else f"{one.median_requests:.0f}"
        table.add_row(one.scenario.name, str(len(one.outcomes)), *counts, str(one.wrong), share, median)
    return table
