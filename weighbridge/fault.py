"""``weighbridge fault``: make a Bookinfo service fail or answer late while the mesh runs."""

from __future__ import annotations

import click

from setup.local.bookinfo import control
from setup.local.bookinfo.faults import Fault
from setup.local.mesh import LocalMesh
from setup.local.topology import VERSIONS

from . import console, options


@click.command(
    epilog=options.examples(
        "weighbridge fault reviews-v3 --status 503 --share 20",
        "weighbridge fault ratings --delay 7",
        "weighbridge fault --clear",
    )
)
@click.argument("service", required=False)
@click.option("--status", type=click.IntRange(400, 599), help="Answer with this HTTP status.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Answer so many seconds later.")
@click.option(
    "--share", type=click.FloatRange(0, 100), default=100.0, show_default=True, help="Percent of requests."
)
@click.option("--clear", is_flag=True, help="Take every fault away.")
@options.mesh_name
@options.as_json
def fault(
    service: str | None,
    status: int | None,
    delay: float,
    share: float,
    clear: bool,
    mesh_name: str,
    as_json: bool,
) -> None:
    """Make SERVICE (ratings, reviews-v3, details, productpage) of a local mesh fail or answer late."""
    if clear == (service is not None):
        raise click.UsageError("name a service, or give --clear")
    socket = LocalMesh(mesh_name).control_socket
    if service is None:
        control.clear_faults(socket)
    else:
        control.set_fault(socket, _fault(service, status, share / 100, delay))
    active = [str(found) for found in control.faults(socket)]
    if as_json:
        console.emit({"mesh": mesh_name, "faults": active})
    else:
        console.say("faults now: " + ("; ".join(active) or "none"))


def _fault(service: str, status: int | None, share: float, delay: float) -> Fault:
    app, _, version = service.partition("-")
    if app not in VERSIONS or (version and version not in VERSIONS[app]):
        raise click.BadParameter(
            f"there is no {service}; write for example reviews-v3 or ratings", param_hint="SERVICE"
        )
    if status is None and not delay:
        raise click.UsageError("say what goes wrong: --status or --delay")
    return Fault(app, version or None, status, share, delay)
