"""``weighbridge up``: a local mesh that stands until Ctrl-C, or the tutorial's way in a cluster."""

from __future__ import annotations

import time
from typing import Any

import click

from setup.local.mesh import LocalMesh
from setup.mesh import Mesh

from . import console, meshes, options
from .signals import Terminated


@click.command(
    epilog=options.examples(
        "weighbridge up",
        "weighbridge up --port 8080 --replicas reviews-v3=2",
        "weighbridge up --detach && weighbridge route v2=90,v3=10",
        "weighbridge up --prometheus --zipkin http://127.0.0.1:9411 --trace-sampling 100",
        "weighbridge up --mesh cluster --context kind-kind --dry-run",
        "weighbridge up --mesh cluster --inject productpage --reviews v2",
        "weighbridge up --helm --istio-version 1.30.3 > values.yaml",
    )
)
@options.local_mesh
@options.build
@click.option(
    "--helm",
    "by_helm",
    is_flag=True,
    help="Print Helm values and commands that install such an Istio; do nothing.",
)
@click.option(
    "--prometheus",
    is_flag=True,
    help="Start this machine's Prometheus, too; it reads every proxy, and ends with the mesh.",
)
@click.option("--detach", is_flag=True, help="Give the shell back; end it with `weighbridge down`.")
@options.as_json
def up(as_json: bool, detach: bool, dry_run: bool, by_helm: bool, **asked: Any) -> None:
    """Start a local mesh of real Envoys with Bookinfo behind them, and keep it until Ctrl-C.

    With --mesh cluster: check the cluster, install Istio where it is missing, bring Bookinfo and its gateway.
    What is there already is left as it is, so an interrupted start is resumed by running it again.
    """
    if by_helm:
        console.show(meshes.helm(asked))
        return
    if meshes.is_cluster(asked):
        _build(dry_run, as_json, asked)
        return
    meshes.refuse(*options.OF_BUILD, because="--mesh cluster")
    if detach:
        mesh = meshes.detached(asked)
        _announce(mesh, as_json=as_json)
        console.say(
            f"`weighbridge down{'' if mesh.name == 'default' else f' --mesh-name {mesh.name}'}` ends it"
        )
        return
    mesh = meshes.local(asked)
    started = time.monotonic()
    try:
        mesh.up()
        _keep(mesh, f"ready after {time.monotonic() - started:.1f} s", as_json=as_json)
    finally:
        mesh.down()


def _build(dry_run: bool, as_json: bool, asked: dict[str, Any]) -> None:
    mesh = meshes.cluster(asked)
    if dry_run:
        mesh.plan()
        return
    mesh.up()
    _announce(mesh, as_json=as_json)


def _keep(mesh: LocalMesh, ready: str, *, as_json: bool) -> None:
    """Stay until Ctrl-C or `weighbridge down`, which are how it is meant to end, or until a part dies."""
    try:
        console.say(ready)
        _announce(mesh, as_json=as_json)
        console.say("Ctrl-C ends it")
        while True:
            time.sleep(0.2)
            mesh.check()
    except (KeyboardInterrupt, Terminated):
        console.say("taking the mesh down")


def _announce(mesh: Mesh, *, as_json: bool) -> None:
    """Stdout holds what scripts read: the one object, or the page's URL alone."""
    prometheus = mesh.describe().get("prometheus")
    if as_json:
        console.emit(
            {"url": mesh.url, "mesh": mesh.name, **({"prometheus": prometheus} if prometheus else {})}
        )
        return
    console.show(f"{mesh.url}/productpage")
    if prometheus:
        console.say(f"Prometheus: {prometheus}")
