"""``weighbridge selftest``: our own error rates, measured on real Envoys."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from analyzer.records import Outcome, Weights
from analyzer.run.folder import Promise
from analyzer.run.witnesses import evidence
from analyzer.split.plan import plan
from analyzer.split.rounds import Record, Scenario, rate, record, rounds, verdict
from analyzer.split.sequential import SplitTest
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


@click.command(
    epilog=options.examples(
        "weighbridge selftest",
        "weighbridge selftest --rounds 100 --json",
        "weighbridge selftest --mesh 'as promised' --rounds 200",
    )
)
@click.option(
    "--rounds", "most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Per mesh."
)
@click.option(
    "--mesh",
    "names",
    multiple=True,
    type=click.Choice([scenario.name for scenario in _SCENARIOS]),
    help="Only this one; may be given several times.",
)
@options.as_json
def selftest(most: int, names: tuple[str, ...], as_json: bool) -> int:
    """Measure how often the verdict is wrong, on local meshes with right and with wrong weights.

    The promise is v2=90,v3=10 within 5 points, at 1 %. Exits 1 when a correct split failed or a wrong one did
    not.
    """
    test = SplitTest(_PROMISED, _WITHIN, budget=plan(_PROMISED, _WITHIN).budget)
    mesh = LocalMesh(f"selftest-{os.getpid()}")
    chosen = [scenario for scenario in _SCENARIOS if not names or scenario.name in names]
    with tempfile.TemporaryDirectory(prefix="weighbridge-selftest-") as folder:
        try:
            mesh.up()
            records = [_measure(scenario, mesh, test, most, Path(folder)) for scenario in chosen]
        finally:
            mesh.down()
    if as_json:
        console.emit(_as_dict(test, records))
    else:
        console.show(_table(records))
        console.show("\n".join(_rates(records)))
    return verdict(records)


def _as_dict(test: SplitTest, records: list[Record]) -> dict[str, Any]:
    return {
        "exit_code": int(verdict(records)),
        "promise": test.weights.as_dict(),
        "within": test.within,
        "alpha": test.alpha,
        "false_fail": rate(records, Outcome.PASS).as_dict(),
        "missed": rate(records, Outcome.FAIL).as_dict(),
        "meshes": [_row(one) for one in records],
    }


def _rates(records: list[Record]) -> Iterator[str]:
    """Our own error rates over all meshes of a kind, as sentences."""
    for expected, words in (
        (Outcome.PASS, "correct splits failed"),
        (Outcome.FAIL, "wrong splits not found"),
    ):
        found = rate(records, expected)
        if found.rounds:
            low, high = 100 * found.interval.low, 100 * found.interval.high
            yield f"{words}: {found.wrong} of {found.rounds}, a rate of {low:.1f} to {high:.1f} % (at 99 %)"


def _measure(scenario: Scenario, mesh: LocalMesh, test: SplitTest, most: int, folder: Path) -> Record:
    console.say(f"{scenario.name}: {scenario.applied}, {most} rounds")
    live = mesh.route(routes.split(Weights.parse(scenario.applied)))
    wanted = Wanted(
        promise=Promise(test.weights, test.within, test.alpha, 0.95, test.budget or 0),
        users=8,
        rate=0.0,
        timeout=15.0,
        requests=scenario.requests * (most + 1),  # rounds differ in length; the last one needs room
        seconds=None,
        until_certain=False,
    )
    with folders.fresh(folder / scenario.name.replace(" ", "-")) as fresh:
        conducted = conduct.conduct(wanted, fresh, mesh.url, mesh, conduct.Live(live, live))
        if conducted.trouble is not None:
            raise conducted.trouble
        if conducted.interrupted:
            raise KeyboardInterrupt
        found = record(scenario, rounds(test, evidence(conducted.folder).decided, most))
    console.say(f"{scenario.name}: {found.wrong} wrong of {len(found.outcomes)}")
    return found


def _row(one: Record) -> dict[str, Any]:
    return {
        "mesh": one.scenario.name,
        "applied": one.scenario.applied,
        "expected": one.scenario.expected.value,
        **{outcome.value: one.count(outcome) for outcome in Outcome},
        **one.rate.as_dict(),
        "median_requests": one.median_requests,
    }


def _table(records: list[Record]) -> Table:
    head = ("mesh", "weights", "rounds", "pass", "fail", "undecided", "wrong", "median requests")
    table = Table(*head, box=None, pad_edge=False)
    for one in records:
        counts = [str(one.count(outcome)) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED)]
        median = "–" if one.median_requests is None else f"{one.median_requests:.0f}"
        rounds_ = str(len(one.outcomes))
        table.add_row(one.scenario.name, one.scenario.applied, rounds_, *counts, str(one.wrong), median)
    return table
