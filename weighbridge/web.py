"""``weighbridge web``: Locust's own page, with the split and its verdict in a tab."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import click

from analyzer.records import Weights
from locustfiles._guard import is_loopback
from setup.mesh import MeshSettingError

from . import console, folders, load_options, options, run

_CANARY = Weights.parse("v2=90,v3=10")


@click.command(
    epilog=options.examples(
        "weighbridge web",
        "weighbridge web v2=50,v3=50 --within 5 --autostart",
        "weighbridge web v1=80,v2=10,v3=10 --web-port 9000 --users 20",
    )
)
@click.argument("weights", required=False, type=options.WEIGHTS)
@options.watched_load
@load_options.load
@options.local_mesh
@click.option(
    "--web-port",
    type=click.IntRange(1, 65535),
    default=8089,
    show_default=True,
    help="Port of Locust's page.",
)
@click.option(
    "--web-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of Locust's page; whoever reaches it can start load and change weights.",
)
@click.option("--autostart", is_flag=True, help="Start the load at once, not when the page says so.")
@options.as_json
def web(
    weights: Weights | None,
    web_port: int,
    web_host: str,
    autostart: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Apply WEIGHTS (v2=90,v3=10 if none are given) and show Locust's page, with the split in a tab.

    The load is started and stopped on the page, and the weights can be changed there; each change begins a
    new verdict. Ctrl-C ends everything in order and judges the last weights.
    """
    _check_free(web_host, web_port)
    from .conduct import Wanted, conduct  # tables and statistics take a second to import
    from .live_desk import LiveDesk

    promised = weights or _CANARY
    asked |= {"until_certain": False}  # who looks on ends it
    wanted = replace(
        Wanted.of(promised, asked),
        requests=asked["requests"],
        web=(web_host, web_port),
        autostart=autostart,
    )
    with folders.fresh(asked["out"]) as fresh, run.mesh_for(asked) as mesh:
        live = run.applied_now(mesh, promised)
        desk = LiveDesk(fresh.folder, mesh, lambda changed: Wanted.of(changed, asked).promise)
        host = f"[{web_host}]" if ":" in web_host else web_host
        tell = console.say if as_json else console.show
        tell(f"http://{host}:{web_port}/?tab=split")
        console.say("Ctrl-C ends the load and judges it")
        conducted = conduct(wanted, fresh, mesh.url, mesh, live, desk)
        return run.finish(conducted, as_json=as_json, mesh=mesh)


def _check_free(host: str, port: int) -> None:
    """Refuse a port that is taken before a mesh starts; warn where others than this machine get in."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise MeshSettingError(
                f"Locust's page cannot be at {host}:{port}: {error.strerror}",
                "choose another with --web-port or --web-host",
            ) from error
    if not is_loopback(host):
        console.say(
            f"warning: whoever reaches {host}:{port} can start load and change weights, without login"
        )
