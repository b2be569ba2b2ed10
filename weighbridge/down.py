"""``weighbridge down``: take a running local mesh away."""

from __future__ import annotations

from typing import Any

import click

from . import console, meshes, options


@click.command(epilog=options.examples("weighbridge down", "weighbridge down --mesh-name other"))
@options.which_mesh
@options.as_json
def down(as_json: bool, **asked: Any) -> None:
    """Take a local mesh down; afterwards none of its processes is left."""
    mesh = meshes.standing(asked)
    mesh.down()
    if as_json:
        console.emit({"down": mesh.name})
    else:
        console.say(f"the mesh {mesh.name} is down")
