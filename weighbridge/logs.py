"""``weighbridge logs``: how any mesh splits its traffic, how each version does, what fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.access_log import custom, knowledge
from analyzer.access_log.digest import Digest
from analyzer.access_log.files import STDIN, find
from analyzer.access_log.formats import formats
from analyzer.access_log.survey import Survey, survey
from analyzer.exit_codes import ExitCode

from . import console, log_output, log_reading, options
from .log_reading import Read

if TYPE_CHECKING:
    from analyzer.access_log.table import Spool


@click.command(
    epilog=options.examples(
        "kubectl logs -l app=productpage -c istio-proxy --tail=-1 --prefix | weighbridge logs -",
        "weighbridge logs results/example",
        "weighbridge logs 'logs/**/*.log.gz' --pods pods.json --rules rules.yaml",
        "weighbridge logs access.log --format @mesh.yaml",
        "kubectl logs -f deploy/productpage-v1 -c istio-proxy | weighbridge logs - --follow",
        "weighbridge logs results/example --html logs.html",
        "weighbridge logs access.log --json | jq '.splits[].versions'",
        "weighbridge logs access.log --csv --per-second > series.csv",
    )
)
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--format",
    "given",
    multiple=True,
    metavar="FORMAT|@FILE",
    help="The mesh's own format: Envoy's format string, a JSON mapping, or @FILE with these or meshConfig.",
)
@click.option(
    "--pods",
    type=click.Path(path_type=Path),
    help="Who the pods are: a run's folder, or what `kubectl get pods -A -o json` (or -o wide) printed.",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    help="DestinationRules, as YAML: which version label a subset selects.",
)
@click.option(
    "--follow",
    "following",
    is_flag=True,
    help="Read on while the logs are written, until Ctrl-C or stdin ends.",
)
@click.option("--join", is_flag=True, help="Join the lines of a request by its id, and tell retries apart.")
@click.option("--per-second", is_flag=True, help="Show the calls of each second, too.")
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print a row per way, version, response class and flags.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page, too: the service graph drawn, and each way's split, series and troubles.",
)
@click.option(
    "--parquet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every access line as a row of this file, too. Slower: the quick readers keep no rows.",
)
def logs(
    files: tuple[str, ...],
    given: tuple[str, ...],
    pods: Path | None,
    rules: Path | None,
    following: bool,
    join: bool,
    per_second: bool,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    parquet: Path | None,
) -> int:
    """Read istio-proxy access logs: how calls split over versions, how each does, what fails.

    FILES are logs (plain, gzip or zstd), folders, patterns, or - for stdin, in any of Istio's formats or in
    your own; what kubectl, the container runtime or Docker put around a line is taken off. Every line is
    accounted for.

    Ctrl-C ends the reading and prints what was read until then (exit code 130; 0 with --follow).
    """
    if html:
        log_output.check_page(html)
    if STDIN in files and sys.stdin.isatty():
        console.say("reading what you type; Ctrl-D ends it")
    sources = knowledge.gather(files, pods, rules)
    judge = custom.judge(_formats(given))
    with _spool(parquet) as spool:
        digest = Digest(join=join, judge=judge, keep=spool.keep if spool else None)

        def told(read: Read, *, moments: bool = False) -> Survey:
            found = {form for head in read.heads.values() for form in formats(head, judge)}
            return survey(
                digest, sources, files=read.heads, formats=found, complete=read.complete, moments=moments
            )

        if following:
            from . import log_following  # a live screen need not be loaded where none is shown

            watched = sys.stdout.isatty() and not (as_json or as_csv)
            screen = (lambda read: log_output.screen(told(read))) if watched else None
            read = log_following.follow(files, digest, screen)
        else:
            read = log_reading.read(find(files), digest)
        log_reading.check(digest, read)
        if spool:
            spool.write(list(digest.groups), digest.hops(sources))
    surveyed = told(read, moments=per_second or html is not None)
    if html:
        log_output.write_page(surveyed, html)
    log_output.show(surveyed, as_json=as_json, as_csv=as_csv, per_second=per_second)
    return ExitCode.HOLDS if read.complete else ExitCode.INTERRUPTED


def _formats(given: tuple[str, ...]) -> list[custom.Format]:
    if not given:
        return []
    from analyzer.access_log import mesh_config  # YAML need not be loaded where no format is given

    return [one for option in given for one in mesh_config.formats(option)]


@contextmanager
def _spool(out: Path | None) -> Iterator[Spool | None]:
    if out is None:
        yield None
        return
    from analyzer.access_log.table import Spool  # Arrow takes half a second that others need not wait

    with Spool(out) as spool:
        yield spool
