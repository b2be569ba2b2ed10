"""``weighbridge plan``: how many requests a claim needs, before any is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analyzer.records import Weights

from . import console, options

if TYPE_CHECKING:
    from analyzer.plan import Plan


@click.command(
    epilog=options.examples(
        "weighbridge plan v2=90,v3=10",
        "weighbridge plan v1=80,v2=10,v3=10 --within 1 --alpha 0.05 --rate 600",
    )
)
@click.argument("weights", type=options.WEIGHTS)
@options.claim
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Requests per second, to say how long.")
@options.as_json
def plan(
    weights: Weights, within: float | None, alpha: float, power: float, rate: float | None, as_json: bool
) -> None:
    """Say how many requests it takes to prove that a mesh keeps WEIGHTS."""
    from analyzer import plan as plans  # scipy takes half a second to import

    planned = plans.plan(weights, within, alpha, power)
    if as_json:
        console.emit(planned.as_dict() | ({"seconds": planned.seconds(rate)} if rate else {}))
    else:
        console.show("\n".join(_lines(planned, rate)))


def _lines(planned: Plan, rate: float | None) -> list[str]:
    expected, longest = planned.expected_requests, planned.p95_requests
    lines = [
        f"claim      {planned.weights} within {planned.within:g} points, "
        f"α = {planned.alpha:g}, power {planned.power:g}",
        f"plan       {planned.requests:,} requests, if their number is fixed beforehand",
        *(f"             {version}: {number:,}" for version, number in planned.by_version),
        f"sequential {expected:,} expected on a correct mesh, at most {longest:,} in 95 of 100 runs",
        f"budget     {planned.budget:,}: undecided there, as {1 - planned.passes:.1%} of correct meshes are",
    ]
    return lines + ([f"time       {planned.seconds(rate):,.0f} s expected at {rate:g}/s"] if rate else [])
