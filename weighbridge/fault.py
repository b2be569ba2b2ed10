"""``weighbridge fault``: make a Bookinfo service fail, answer late or go away while the mesh runs."""

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
        "weighbridge fault reviews-v3 --replicas 0",
        "weighbridge fault --clear",
    )
)
@click.argument("service", required=False)
@click.option("--status", type=click.IntRange(400, 599), help="Answer with this HTTP status.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Answer so many seconds later.")
@click.option(
    "--share", type=click.FloatRange(0, 100), default=100.0, show_default=True, help="Percent of requests."
)
@click.option(
    "--replicas",
    type=click.IntRange(0, 20),
    help="Leave calls to so many pods of one version, such as reviews-v3; 0 takes it away.",
)
@click.option("--clear", is_flag=True, help="Take every fault away, and bring every pod back.")
@options.mesh_name
@options.as_json
def fault(
    service: str | None,
    status: int | None,
    delay: float,
    share: float,
    replicas: int | None,
    clear: bool,
    mesh_name: str,
    as_json: bool,
) -> None:
    """Make SERVICE (ratings, reviews-v3, details, productpage) of a local mesh fail, be late or go away."""
    if clear == (service is not None):
        raise click.UsageError("name a service, or give --clear")
    mesh = LocalMesh(mesh_name)
    socket = mesh.control_socket
    if service is None:
        control.clear_faults(socket)
        for workload in mesh.scaled():
            mesh.scale(workload, None)
    elif replicas is not None:
        mesh.scale(_workload(service, bare=status is None and not delay), replicas)
    else:
        control.set_fault(socket, _fault(service, status, share / 100, delay))
    scaled = [f"{workload} is scaled to {count}" for workload, count in sorted(mesh.scaled().items())]
    active = [*(str(found) for found in control.faults(socket)), *scaled]
    if as_json:
        console.emit({"mesh": mesh_name, "faults": active})
    else:
        console.say("faults now: " + ("; ".join(active) or "none"))


def _known(service: str) -> tuple[str, str | None]:
    app, _, version = service.partition("-")
    if app not in VERSIONS or (version and version not in VERSIONS[app]):
        raise click.BadParameter(
            f"there is no {service}; write for example reviews-v3 or ratings", param_hint="SERVICE"
        )
    return app, version or None


def _workload(service: str, *, bare: bool) -> str:
    app, version = _known(service)
    if not bare:
        raise click.UsageError("--replicas goes alone: a pod that gets no calls cannot fail them")
    if version is None and len(VERSIONS[app]) > 1:
        raise click.BadParameter(
            f"name one version of {app}, such as {app}-{VERSIONS[app][-1]}", param_hint="SERVICE"
        )
    return f"{app}-{version or VERSIONS[app][0]}"


def _fault(service: str, status: int | None, share: float, delay: float) -> Fault:
    app, version = _known(service)
    if status is None and not delay:
        raise click.UsageError("say what goes wrong: --status, --delay or --replicas")
    return Fault(app, version, status, share, delay)
