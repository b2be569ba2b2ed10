"""``weighbridge plan``: how many requests a claim needs, before any is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.records import Weights

from . import console, options, pace
from .pace import Pace

if TYPE_CHECKING:
    from analyzer.split.plan import Plan


@click.command(
    epilog=options.examples(
        "weighbridge plan v2=90,v3=10",
        "weighbridge plan v1=80,v2=10,v3=10 --within 1 --alpha 0.05 --rate 600",
        "weighbridge plan v2=90,v3=10 --from results/example",
    )
)
@click.argument("weights", type=options.WEIGHTS)
@options.claim
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Requests per second, to say how long.")
@click.option(
    "--from",
    "run",
    type=click.Path(path_type=Path),
    help="The run that measured the rate; the newest below results/ if neither this nor --rate is given.",
)
@options.as_json
def plan(
    weights: Weights,
    within: float | None,
    alpha: float,
    power: float,
    rate: float | None,
    run: Path | None,
    as_json: bool,
) -> None:
    """Say how many requests it takes to prove that a mesh keeps WEIGHTS, and how long that takes."""
    from analyzer.split import plan as plans  # scipy takes half a second to import

    if rate and run:
        raise click.UsageError("give --rate or --from, not both")
    planned = plans.plan(weights, within, alpha, power)
    measured = pace.of_run(run) if run else None if rate else pace.newest()
    if as_json:
        console.emit(planned.as_dict() | _time(planned, rate, measured))
    else:
        console.show("\n".join(_lines(planned, rate, measured, suggested=within is None)))


def _time(planned: Plan, rate: float | None, measured: Pace | None) -> dict[str, Any]:
    rate = measured.rate if measured else rate
    return {
        "rate": rate,
        "measured": str(measured.measured) if measured else None,
        "seconds": planned.seconds(rate) if rate else None,
    }


def _lines(planned: Plan, rate: float | None, measured: Pace | None, *, suggested: bool) -> list[str]:
    expected, longest = planned.expected_requests, planned.p95_requests
    within = f"{planned.within:g} points" + (" (suggested: --within sets it)" if suggested else "")
    lines = [
        f"claim      {planned.weights} within {within}, α = {planned.alpha:g}, power {planned.power:g}",
        f"plan       {planned.requests:,} requests, if their number is fixed beforehand",
        *(f"             {version}: {number:,}" for version, number in planned.by_version),
        f"sequential {expected:,} expected on a correct mesh, at most {longest:,} in 95 of 100 runs",
        f"budget     {planned.budget:,}: undecided there, as {1 - planned.passes:.1%} of correct meshes are",
    ]
    if measured:
        seconds = f"{planned.seconds(measured.rate):,.0f} s expected"
        lines.append(f"time       {seconds} at {measured.rate:,.0f}/s, as measured in {measured.measured}")
    elif rate:
        lines.append(f"time       {planned.seconds(rate):,.0f} s expected at {rate:g}/s")
    else:
        lines.append("time       no run has measured a rate yet: give --rate")
    return lines
