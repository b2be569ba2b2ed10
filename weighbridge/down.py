"""``weighbridge down``: take a running local mesh away."""

from __future__ import annotations

import click

from setup.local.mesh import LocalMesh

from . import console, options


@click.command(epilog=options.examples("weighbridge down", "weighbridge down --mesh-name other"))
@options.mesh_name
@options.as_json
def down(mesh_name: str, as_json: bool) -> None:
    """Take a local mesh down; afterwards none of its processes is left."""
    LocalMesh(mesh_name).down()
    if as_json:
        console.emit({"down": mesh_name})
    else:
        console.say(f"the mesh {mesh_name} is down")
