"""``weighbridge logs``: how any mesh splits its traffic, how each version does, what fails."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from pathlib import Path

import click

from analyzer.access_log import custom, knowledge, mesh_config
from analyzer.access_log.digest import Digest
from analyzer.access_log.errors import LogError
from analyzer.access_log.files import STDIN, find
from analyzer.access_log.formats import first_line, formats
from analyzer.exit_codes import ExitCode

from . import console, log_reading, options
from .log_reading import Read


@click.command(
    epilog=options.examples(
        "kubectl logs -l app=productpage -c istio-proxy --tail=-1 --prefix | weighbridge logs -",
        "weighbridge logs results/example",
        "weighbridge logs 'logs/**/*.log.gz' --pods pods.json --rules rules.yaml",
        "weighbridge logs access.log --format @mesh.yaml",
        "weighbridge logs access.log --json | jq '.splits[].versions'",
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
@click.option("--join", is_flag=True, help="Join the lines of a request by its id, and tell retries apart.")
@click.option("--per-second", is_flag=True, help="Count the calls of each second, too.")
@options.as_json
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print one row per way, version, response class and flags."
)
def logs(
    files: tuple[str, ...],
    given: tuple[str, ...],
    pods: Path | None,
    rules: Path | None,
    join: bool,
    per_second: bool,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Read istio-proxy access logs: how calls split over versions, how each does, what fails.

    FILES are logs (plain, gzip or zstd), folders, patterns, or - for stdin, in any of Istio's formats or in
    your own; what kubectl, the container runtime or Docker put around a line is taken off. Every line is
    accounted for.

    Ctrl-C ends the reading and prints what was read until then (exit code 130).
    """
    found = find(files)
    sources = knowledge.gather(files, pods, rules)
    judge = custom.judge([one for option in given for one in mesh_config.formats(option)])
    digest = Digest(join=join, judge=judge)
    read = log_reading.read(found, digest)
    _check(digest, read)
    # Statistics take a second to import, in which a large file should already be told about.
    from analyzer.access_log.survey import survey

    surveyed = survey(
        digest,
        sources,
        files=read.heads,
        formats={form for head in read.heads.values() for form in formats(head, judge)},
        complete=read.complete,
        moments=per_second,
    )
    if as_json:
        console.emit(surveyed.as_dict())
    elif as_csv:
        _write_csv([row.as_dict() for split in surveyed.splits for row in split.outcomes])
    else:
        from .log_screen import screen

        terminal = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        console.show(screen(surveyed, terminal))
    return ExitCode.HOLDS if read.complete else ExitCode.INTERRUPTED


def _check(digest: Digest, read: Read) -> None:
    """Refuse what holds no access line, with the first line that is none."""
    account = digest.account
    if account.access:
        return
    names = (
        ", ".join(read.heads).replace(STDIN, "stdin") if len(read.heads) < 4 else f"{len(read.heads)} files"
    )
    if not account.lines:
        raise LogError(f"{names}: empty", "name logs of istio-proxy; is accessLogFile: /dev/stdout set?")
    if account.malformed:
        damage = account.damages[0]
        raise LogError(
            f"{names}: {account.malformed} malformed lines and no other access line; "
            f"{damage.file} at byte {damage.offset}: {damage.reason.value}",
            "give the mesh's own format with --format",
        )
    head = next((head for head in read.heads.values() if head.strip()), b"")
    if b"\0" in head:
        raise LogError(f"{names}: binary, not a log", "name logs of istio-proxy, plain, gzip or zstd")
    raise LogError(
        f"{names}: no access line in {account.lines} lines; the first: {first_line(head)!r}",
        "name logs of istio-proxy, or give the mesh's own format with --format",
    )


def _write_csv(rows: list[dict[str, object]]) -> None:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.stdout.write(text.getvalue())
