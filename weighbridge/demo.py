"""``weighbridge demo``: the main job in one command."""

from __future__ import annotations

import os

import click

from analyzer.records import Weights

from . import console, options, run

_WEIGHTS = Weights.parse("v2=90,v3=10")


@click.command(epilog=options.examples("weighbridge demo", "weighbridge demo --json"))
@options.as_json
@click.pass_context
def demo(context: click.Context, as_json: bool) -> int:
    """Start a local mesh of real Envoys, split 90/10, load it, judge it, and take it down again."""
    console.say("The tutorial's canary: v2 gets 90 %, v3 gets 10 %. Do the proxies keep it?")
    code: int = context.invoke(run.run, weights=_WEIGHTS, mesh_name=f"demo-{os.getpid()}", as_json=as_json)
    return code
