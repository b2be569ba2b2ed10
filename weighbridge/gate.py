"""``weighbridge gate``: the verdict of a run where rollout controllers ask for it."""

from __future__ import annotations

from pathlib import Path

import click

from locustfiles._guard import is_loopback

from . import console, options
from .gate_door import Gate, Rules
from .signals import Terminated

_HOUR = 3600.0


@click.command(
    epilog=options.examples(
        "weighbridge gate",
        "weighbridge gate results/example --port 8090",
        "weighbridge gate results --max-age 600 --undecided pass",
        "curl -X POST http://127.0.0.1:8090/gate      200 passes, 409 does not",
        "curl http://127.0.0.1:8090/verdict           pass, fail or inconclusive",
    )
)
@click.argument("run", type=click.Path(path_type=Path), default=Path("results"))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; whoever reaches it can read the verdict, and nothing else.",
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8090, show_default=True, help="0 takes a free one."
)
@click.option(
    "--undecided",
    type=click.Choice(["hold", "pass"]),
    default="hold",
    show_default=True,
    help="What POST /gate answers while nothing is certain: 409 (hold) or 200 (pass).",
)
@click.option(
    "--max-age",
    type=click.FloatRange(0, min_open=True),
    help="Seconds after which the verdict of an ended run counts as none; 3600 for a folder of runs, "
    "any age for a run by name.",
)
@options.as_json
def gate(run: Path, host: str, port: int, undecided: str, max_age: float | None, as_json: bool) -> None:
    """Answer over HTTP whether RUN passes, for Flagger's webhooks and for Argo Rollouts' web metrics.

    RUN is a run's folder, or a folder of runs (results/ if not given), of which the latest one counts at each
    question. It may still be running, or not have begun. See docs/gate.md.
    """
    named = (run / "run.json").exists()
    rules = Rules(run, undecided == "pass", max_age if max_age or named else _HOUR)
    with Gate(host, port, rules) as door:
        if as_json:
            console.emit({"url": door.url, "run": str(run)})
        else:
            console.show(door.url)
        if not is_loopback(host):
            console.say(f"warning: whoever reaches {door.url} can read the verdict, without login")
        console.say(f"POST {door.url}/gate  GET {door.url}/verdict  GET {door.url}/metrics  (Ctrl-C ends it)")
        try:
            door.serve_forever(poll_interval=0.1)
        except (KeyboardInterrupt, Terminated):
            console.say("the gate is closed")
