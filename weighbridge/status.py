"""``weighbridge status``: which meshes stand, and what they serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from setup import documents
from setup.documents import Document
from setup.local.folder import running
from setup.local.mesh import LocalMesh
from setup.mesh import Mesh

from . import console, meshes, options


@click.command(
    epilog=options.examples(
        "weighbridge status", "weighbridge status --documents", "weighbridge status --mesh cluster"
    )
)
@options.cluster
@click.option(
    "--documents", "with_documents", is_flag=True, help="Show the Istio documents in force, as YAML."
)
@options.as_json
def status(with_documents: bool, as_json: bool, **asked: Any) -> None:
    """Show every local mesh that is up, or the cluster's, its pods and the routes in force."""
    if meshes.is_cluster(asked):
        found = [_describe(meshes.cluster(asked))]
    else:
        found = [_describe(LocalMesh(name)) for name in running()]
    if as_json:
        console.emit({"meshes": found})
    elif not found:
        console.show("no mesh is up; start one with `weighbridge up`")
    else:
        for mesh in found:
            console.show(_text(mesh, with_documents=with_documents))


def _describe(mesh: Mesh) -> dict[str, Any]:
    return {
        "mesh": mesh.name,
        "url": mesh.url,
        **mesh.describe(),
        "pods": [{"name": pod.name, "ip": pod.ip, "labels": dict(pod.labels)} for pod in mesh.pods()],
        "routes": [line for document in mesh.documents() for line in _routes(document)],
        "documents": documents.dump(mesh.documents()),
    }


def _routes(document: Document) -> Iterator[str]:
    """Each rule of a VirtualService that goes somewhere, in its order: ``reviews: v2 90, v3 10``."""
    for rule in document.spec.get("http", ()) if document.kind == "VirtualService" else ():
        parts = ", ".join(map(_share, rule.get("route", ())))
        yield f"{document.kind}/{document.name}: {parts or 'no route'}"


def _share(one: Mapping[str, Any]) -> str:
    name: str = one["destination"].get("subset") or one["destination"]["host"]
    return f"{name} {one['weight']}" if "weight" in one else name


def _text(mesh: dict[str, Any], *, with_documents: bool) -> str:
    about = f"Istio {mesh['istio']}" if mesh["kind"] == "cluster" else f"page generation {mesh['generation']}"
    lines = [f"{mesh['mesh']}  {mesh['url']}/productpage  ({about})"]
    lines += [f"  Prometheus {mesh['prometheus']}"] if mesh.get("prometheus") else []
    lines += [f"  {pod['name']:<42} {pod['ip']}" for pod in mesh["pods"]]
    lines += [f"  {route}" for route in mesh["routes"]]
    return "\n".join(lines) + (f"\n{mesh['documents']}" if with_documents else "")
