"""``weighbridge worker``: send the load of a run that waits for workers on another machine."""

from __future__ import annotations

import click

from . import console, load, options
from .load_options import AddressType


@click.command(
    epilog=options.examples(
        "weighbridge run --expect v2=90,v3=10 --url http://gateway --workers 8 --listen 0.0.0.0   (here)",
        "weighbridge worker 10.0.0.7 --processes 4                                        (on two others)",
    )
)
@click.argument("master", type=AddressType(), metavar="ADDRESS[:PORT]")
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="So many workers, each with one core.",
)
def worker(master: tuple[str, int], processes: int) -> None:
    """Read pages for the run that listens at ADDRESS, until it has enough.

    The run says what to read and how; this machine needs the same version of Weighbridge, and no settings.
    """
    console.say(
        f"{processes} worker{'s' if processes > 1 else ''} for {master[0]}:{master[1]}; Ctrl-C ends it"
    )
    load.serve(master, processes)
