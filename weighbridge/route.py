"""``weighbridge route``: weights or documents, in force when the command returns."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from analyzer.records import Weights
from setup import documents, routes
from setup.documents import Document

from . import console, meshes, options


@click.command(
    epilog=options.examples(
        "weighbridge route v2=90,v3=10",
        "weighbridge route -f virtual-service.yaml",
        "kubectl get virtualservice,destinationrule -o yaml | weighbridge route -f -",
        "weighbridge route --reset",
    )
)
@click.argument("weights", required=False, type=options.WEIGHTS)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Istio documents; - is stdin.",
)
@click.option("--reset", is_flag=True, help="Take every route away but the way in.")
@click.option("--force", is_flag=True, help="Load documents that do not fit together, as a cluster does.")
@options.which_mesh
@options.as_json
def route(
    weights: Weights | None,
    files: tuple[Path, ...],
    reset: bool,
    force: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Apply WEIGHTS to reviews, or Istio documents; when it returns, every proxy serves them.

    Documents that do not fit together, such as a subset that no DestinationRule defines, are refused.
    """
    if sum((weights is not None, bool(files), reset)) != 1:
        raise click.UsageError("give WEIGHTS, or documents with -f, or --reset")
    started = time.monotonic()
    mesh = meshes.standing(asked)
    if reset:
        mesh.reset()
    else:
        mesh.route(_documents(weights, files, mesh.namespace), force=force)
    took = time.monotonic() - started
    if as_json:
        console.emit({"mesh": mesh.name, "weights": weights.as_dict() if weights else None, "seconds": took})
    else:
        console.say(f"in force at every proxy after {took:.2f} s")


def _documents(weights: Weights | None, files: Sequence[Path], namespace: str) -> list[Document]:
    if weights:
        return list(routes.split(weights, namespace=namespace))
    found: list[Document] = []
    for file in files:
        found += (
            documents.read_stream(sys.stdin.buffer, "stdin", namespace)
            if str(file) == "-"
            else documents.read_file(file, namespace)
        )
    return found
