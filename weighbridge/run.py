"""``weighbridge run``: route, load, collect, judge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from analyzer.exit_codes import OF_OUTCOME
from analyzer.records import Weights
from setup import documents, routes
from setup.mesh import Mesh, MeshError

from . import console, folders, load_options, meshes, options

if TYPE_CHECKING:
    from analyzer.judgement import Judgement

    from .conduct import Conducted, Live


@click.command(
    epilog=options.examples(
        "weighbridge run v2=90,v3=10",
        "weighbridge run v2=90,v3=10 --within 5 --json",
        "weighbridge run v2=50,v3=50 --requests 10000 --to-the-end",
        "weighbridge run v2=90,v3=10 --processes 4      more load than one core can send",
        "weighbridge run --expect v2=90,v3=10 --no-route      judge a running mesh as it stands",
        "weighbridge run --expect v2=90,v3=10 --url http://127.0.0.1:8080      any ingress",
        "weighbridge run --resume results/20261123-231502-4f1c      after a crash or Ctrl-C",
    )
)
@click.argument("weights", required=False, type=options.WEIGHTS)
@click.option("--expect", type=options.WEIGHTS, help="The weights to judge by, where none are applied.")
@click.option("--no-route", is_flag=True, help="Leave the routes of the mesh as they are.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Go on with a run that was broken off, with its promise, mesh and load.",
)
@click.option("--url", help="Load this ingress; without a mesh at hand, pages are the only witness.")
@options.load
@load_options.load
@options.local_mesh
@options.as_json
def run(
    weights: Weights | None,
    expect: Weights | None,
    no_route: bool,
    url: str | None,
    resume: Path | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Apply WEIGHTS, load /productpage, and judge whether the mesh splits as they say.

    Uses the mesh that is up; where none is, brings one up and takes it down again.
    """
    if resume is not None:
        return _go_on(resume, as_json=as_json)
    applied = not (no_route or url)
    promised = weights if applied else expect
    if promised is None or (weights is None) != (not applied) or (expect and applied):
        raise click.UsageError("give WEIGHTS to apply, or --expect WEIGHTS with --no-route or --url")
    from .conduct import Wanted, conduct  # tables and statistics take a second to import

    wanted = Wanted.of(promised, asked)
    with folders.fresh(asked["out"]) as fresh:
        if url:
            return finish(conduct(wanted, fresh, url.rstrip("/"), None, None), as_json=as_json)
        with mesh_for(asked) as mesh:
            live = applied_now(mesh, promised) if applied else None
            return finish(conduct(wanted, fresh, mesh.url, mesh, live), as_json=as_json, mesh=mesh)


def _go_on(path: Path, *, as_json: bool) -> int:
    """What was promised stands, so nothing else may be asked for."""
    context = click.get_current_context()
    given = [
        name
        for name in context.params
        if name not in ("resume", "as_json")
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            "--resume takes weights, mesh and load from the run: leave everything else out"
        )
    from . import resume  # statistics take a second to import
    from .conduct import conduct

    with resume.opened(path) as rest, ExitStack() as held:
        run, mesh = rest.run, resume.mesh_of(rest.run)
        if mesh is not None:
            local = (run.mesh or {})["kind"] == "local"
            mesh = held.enter_context(_up(mesh, may_start=local))
            resume.route(run, mesh)
        resume.keep_summary(rest.fresh.folder, run)
        url = mesh.url if mesh else run.url
        conducted = conduct(rest.wanted, rest.fresh, url, mesh, None, again=run)
        return finish(conducted, as_json=as_json, mesh=mesh)


def finish(conducted: Conducted, *, as_json: bool, mesh: Mesh | None = None) -> int:
    """Judge what was collected, report it, and only then raise what broke the run off."""
    from analyzer.current import of_judgement  # so do plots
    from analyzer.judge import judge
    from analyzer.report.metrics import exposition

    from . import verdicts

    judgement = judge(conducted.folder)
    verdicts.write(conducted.folder, judgement)
    if mesh:
        mesh.expose(exposition(of_judgement(judgement.run, judgement.as_dict())))
    if trouble := conducted.trouble or _lost(judgement):
        raise trouble
    if conducted.interrupted and judgement.split.requests == judgement.split.unlabelled:
        raise KeyboardInterrupt
    verdicts.show(judgement, as_json=as_json)
    return OF_OUTCOME[judgement.outcome]


def _lost(judgement: Judgement) -> MeshError | None:
    """Calls that the mesh did not log: a gap where no page misses its call is only a warning."""
    missing, matching = judgement.run.missing, judgement.matching
    if not missing or not matching or not matching.without_call:
        return None
    others = f", and {len(missing) - 1} more like it" if len(missing) > 1 else ""
    return MeshError(f"{missing[0]}{others}", f"what was seen is in {judgement.folder}/report.html")


def applied_now(mesh: Mesh, weights: Weights) -> Live:
    from .conduct import Live  # imported by now

    before = documents.dump(mesh.documents())
    asked = time.time()
    return Live(asked, mesh.route(routes.split(weights, namespace=mesh.namespace)), before)


@contextmanager
def mesh_for(asked: dict[str, Any]) -> Iterator[Mesh]:
    """The mesh that is up under that name, or one of our own for as long as the block lasts."""
    with _up(meshes.described(asked), may_start=not meshes.is_cluster(asked)) as mesh:
        yield mesh


@contextmanager
def _up(mesh: Mesh, *, may_start: bool) -> Iterator[Mesh]:
    """The mesh, up; what is missing in a cluster says so itself."""
    if mesh.is_up or not may_start:
        yield mesh
        return
    console.say("no mesh is up: starting one for this run")
    try:
        mesh.up()
        yield mesh
    finally:
        mesh.down()
