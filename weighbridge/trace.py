"""``weighbridge trace``: one request's way over all proxies, from the logs of its run alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.errors import JudgementError
from analyzer.run.folder import RunFolder

from . import console, options, pace

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.run.folder import Run
    from analyzer.trace.choice import Row
    from analyzer.trace.found import Found
    from analyzer.trace.spans import Span
    from analyzer.trace.waterfall import Step

_NAME_ONE = (
    "name a request by its tag (0.17) or its x-request-id, or choose with --slowest, --failed, --unmatched"
)


@click.command(
    epilog=options.examples(
        "weighbridge trace 0.17 results/example",
        "weighbridge trace --slowest results/example      which ones to look at",
        "weighbridge trace --unmatched results/example    what the witnesses do not agree on",
        "weighbridge trace 0.17 results/example --zipkin http://127.0.0.1:9411",
    )
)
@click.argument("names", nargs=-1, metavar="[REQUEST_ID|TAG] [RUN]")
@click.option("--slowest", is_flag=True, help="List the requests that took longest.")
@click.option("--failed", is_flag=True, help="List requests that failed, or whose page shows an error.")
@click.option("--unmatched", is_flag=True, help="List requests on which the witnesses differ, by class.")
@click.option("--zipkin", metavar="URL", help="Show the spans of this Zipkin or Jaeger beside the lines.")
@click.option("--trace-id", help="The trace's id there; found by the x-request-id if not given.")
@options.as_json
def trace(names: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Show the way of one request of a RUN over all proxies, from their logs alone.

    The request is named by its tag, as in `0.17` or the whole User-Agent, or by its x-request-id. RUN is a
    folder below results/; without it, the newest one.
    """
    listing = [name for name in ("slowest", "failed", "unmatched") if asked[name]]
    name, folder = _named(names, listing)
    run = folder.read()
    if listing:
        return _choose(folder, run, listing[0], as_json=as_json)
    if asked["trace_id"] and not asked["zipkin"]:
        raise click.UsageError("--trace-id needs --zipkin")
    from analyzer.run import requests  # tables take half a second to import
    from analyzer.trace import choice
    from analyzer.trace.found import find
    from analyzer.trace.waterfall import waterfall

    found = find(folder, run, name)
    row = choice.of(requests.read(folder.requests), found.tag) if found.tag else None
    steps = waterfall(found, run)
    spans = _spans(asked["zipkin"], asked["trace_id"], found, steps) if asked["zipkin"] else None
    if as_json:
        console.emit(_as_dict(run, found, row, steps, spans))
    else:
        for line in _text(run, found, row, steps, spans):
            console.show(console.plain(line))
    return None


def _named(names: tuple[str, ...], listing: list[str]) -> tuple[str, RunFolder]:
    """The request, "" where one is to be chosen, and the run."""
    if len(listing) > 1:
        raise click.UsageError(f"give one of {', '.join('--' + name for name in listing)}")
    wanted = 0 if listing else 1
    if len(names) < wanted:
        raise click.UsageError(_NAME_ONE)
    if len(names) > wanted + 1:
        raise click.UsageError(
            "with a list, name the run alone" if listing else "name one request and one run"
        )
    if len(names) > wanted:
        folder = Path(names[-1])
    elif (newest := pace.newest()) is not None:
        folder = newest.measured
    else:
        raise JudgementError("there is no run below results/", "name the folder of a run")
    return (names[0] if wanted else ""), RunFolder(folder)


def _choose(folder: RunFolder, run: Run, how: str, *, as_json: bool) -> None:
    """Requests that are worth a look, each with the tag that shows its way."""
    from analyzer.run import requests  # so do these
    from analyzer.trace import choice

    rows = requests.read(folder.requests)
    if how == "unmatched":
        return _classes(folder, run, rows, as_json=as_json)
    found = choice.slowest(rows) if how == "slowest" else choice.failed(rows)
    if as_json:
        console.emit({"run": str(folder.path), "list": how, "requests": [one._asdict() for one in found]})
        return None
    for one in found:
        console.show(console.plain(_row(one)))
    console.say(_hint(folder, found[0].tag) if found else f"no request of {folder.path} {how}")
    return None


def _classes(folder: RunFolder, run: Run, rows: pd.DataFrame, *, as_json: bool) -> None:
    from analyzer.reconcile.causes import MEANINGS, Cause
    from analyzer.reconcile.reconcile import reconcile
    from analyzer.report.side_by_side import words

    found = reconcile(folder, run, rows)
    if found is None:
        raise JudgementError(
            f"{folder.path} holds no access log", "pages alone cannot be matched: load a mesh"
        )
    odd = [one for one in found.classes if one.cause not in (Cause.ONE_TO_ONE, Cause.FOREIGN)]
    if as_json:
        told = [{"cause": one.cause, "requests": one.requests, "examples": list(one.examples)} for one in odd]
        return console.emit({"run": str(folder.path), "list": "unmatched", "classes": told})
    for one in odd:
        tags = " ".join(one.examples)
        console.show(console.plain(f"{words(one.cause)}  {one.requests:,}  {MEANINGS[one.cause]}: {tags}"))
    example = next((one.examples[0] for one in odd if one.examples), None)
    console.say(_hint(folder, example) if example else f"every request of {folder.path} matches one to one")
    return None


def _hint(folder: RunFolder, tag: str) -> str:
    return f"its way: weighbridge trace {tag} {folder.path}"


def _spans(url: str, trace_id: str | None, found: Found, steps: tuple[Step, ...]) -> list[Span]:
    from analyzer.trace.spans import beside

    from .spans import fetch

    return beside(fetch(url, trace_id, found.request_id, found.lines[0].entry.start), steps)


def _as_dict(
    run: Run, found: Found, row: Row | None, steps: tuple[Step, ...], spans: list[Span] | None
) -> dict[str, Any]:
    tag = f"{found.tag.worker}.{found.tag.seq}" if found.tag else None
    return {
        "run": run.id,
        "tag": tag,
        "request_id": found.request_id,
        "start": found.lines[0].entry.start,
        "page": row._asdict() if row else None,
        "lines": [step.as_dict() for step in steps],
        "spans": None if spans is None else [span.as_dict() for span in spans],
    }


def _text(
    run: Run, found: Found, row: Row | None, steps: tuple[Step, ...], spans: list[Span] | None
) -> list[str]:
    from analyzer.report.figures import utc
    from analyzer.report.waterfall_text import lines

    start = found.lines[0].entry.start
    name = f"{found.tag.worker}.{found.tag.seq}" if found.tag else "without a tag"
    milliseconds = round(1000 * start) % 1000
    head = f"request {name} of run {run.id}, x-request-id {found.request_id or '–'}, "
    head += f"{utc(int(start))}.{milliseconds:03d} UTC"
    page = f"the page: {_row(row)}" if row else "the reader kept no row of it"
    told = [head, page, "", *lines(steps, spans or ())]
    if spans is not None and not spans:
        told.append("no span of it there: only what is sampled is traced (`up --trace-sampling 100`)")
    return told


def _row(row: Row) -> str:
    """One request as its reader saw it."""
    shown = row.version or "no version"
    pod = f" by {row.pod}" if row.pod else ""
    trouble = f", {row.trouble}" if row.trouble else ""
    return f"{row.tag}  {row.latency_ms:.1f} ms  status {row.status}  {shown}{pod}{trouble}"
