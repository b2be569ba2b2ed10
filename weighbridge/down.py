"""``weighbridge down``: take a local mesh away, or what we created in a cluster."""

from __future__ import annotations

from typing import Any

import click

from . import console, meshes, options


@click.command(
    epilog=options.examples(
        "weighbridge down",
        "weighbridge down --mesh-name other",
        "weighbridge down --mesh cluster --routes-only",
        "weighbridge down --mesh cluster --istio",
    )
)
@options.which_mesh
@click.option("--routes-only", is_flag=True, help="In a cluster: only the routes; Bookinfo stays.")
@click.option(
    "--istio", is_flag=True, help="In a cluster: all of Istio, too, whoever installed it; asks first."
)
@click.option("--yes", is_flag=True, help="The answer to that question.")
@options.istioctl
@options.as_json
def down(routes_only: bool, istio: bool, yes: bool, as_json: bool, **asked: Any) -> None:
    """Take a local mesh down; afterwards none of its processes is left.

    In a cluster: delete what `up` and `route` created there, and nothing of anybody else's.
    """
    if meshes.is_cluster(asked):
        cluster = meshes.cluster(asked)
        if istio and not yes:
            click.confirm(f"Take all of Istio out of {cluster.name}, for everybody?", abort=True, err=True)
        if routes_only:
            cluster.remove_routes()
        else:
            cluster.down()
        if istio:
            cluster.remove_istio()
        name, done = cluster.name, "what we created there is gone"
    else:
        meshes.refuse("routes_only", "istio", "yes", *options.OF_ISTIOCTL, because="--mesh cluster")
        mesh = meshes.standing(asked)
        mesh.down()
        name, done = mesh.name, f"the mesh {mesh.name} is down"
    if as_json:
        console.emit({"down": name})
    else:
        console.say(done)
