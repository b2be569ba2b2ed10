"""The judgement as one HTML file that needs nothing else: it works offline, in print and in dark mode."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate

from ..access_log.quantiles import BEYOND
from ..judgement import Judgement
from ..records import UNKNOWN, Distribution, Version
from . import causes, figures, plots, plots_latency, plots_time, provenance, sentences, side_by_side, tables
from .colours import colours
from .pages import PAGES
from .service_graph import picture

_MARKS = {
    "pass": "M14 25l7 7 13-15",
    "fail": "M16 16l16 16M32 16l-16 16",
    "undecided": "M18 19a6 6 0 1 1 8.5 5.5q-2.5 1.2-2.5 4.5M24 35v.1",
}
"""Strokes of the seal, in a square of 48."""
Parts = list[tuple[Version, float]]


def report(judgement: Judgement) -> str:
    promise, coloured = judgement.run.promise, _colours(judgement)
    promised = [(version, promise.weights.share(version)) for version in promise.weights.versions]
    return PAGES.get_template("report.html").render(
        judgement=judgement,
        promise=promise,
        tables=tables,
        causes=causes,
        side_by_side=side_by_side,
        title=sentences.title(judgement),
        marks=_MARKS,
        facts=sentences.grouped(judgement),
        colours=coloured,
        promised=promised,
        seen=[(one.version, one.seen) for one in judgement.shares if one.seen is not None],
        parting=list(accumulate(share for _, share in promised))[:-1],
        witnesses=list(_witnesses(judgement)),
        matching=list(_matching(judgement)),
        failed_calls=sum(one.failed for one in judgement.error_rates) if judgement.error_rates else None,
        all_calls=sum(one.requests for one in judgement.error_rates),
        shares_plot=plots.shares(judgement, coloured),
        trajectories=list(plots.trajectories(judgement, coloured)),
        over_time=list(plots_time.shares(judgement, coloured)),
        load_plot=plots_time.load(judgement),
        window=figures.seconds(judgement.windows[0].seconds) if judgement.windows else "",
        quantiles_plot=plots_latency.quantiles(judgement, coloured),
        ratios_plot=plots_latency.ratios(judgement),
        failures_plot=plots_latency.failures(judgement, coloured),
        picture=picture(judgement.graph) if judgement.graph else None,
        enough=-math.log(promise.alpha),
        beyond=BEYOND,
        provenance=list(provenance.rows(judgement)),
    )


def _colours(judgement: Judgement) -> dict[Version, str]:
    """The promised versions first, earlier promises and strays after them; all else is not weighed."""
    promises = (judgement.run.promise, *(one.promise for one in judgement.run.earlier))
    weighed = [version for promise in promises for version in promise.weights.versions]
    weighed += [share.version for share in judgement.shares]
    graph = judgement.graph
    others = {version for counts in graph.versions.values() for version in counts} if graph else set()
    others |= {one.version for one in judgement.curves} | {one.version for one in judgement.error_rates}
    others |= {version for one in judgement.diagnosis.findings for version in one.predicted or ()}
    return colours(weighed, sorted(others))


def _witnesses(judgement: Judgement) -> Iterator[tuple[str, Parts]]:
    if judgement.by_proxy:
        yield f"proxy, {figures.count(judgement.by_proxy.total)} calls", _parts(judgement.by_proxy)
    yield f"reader, {figures.count(judgement.by_page.total)} pages", _parts(judgement.by_page)


def _parts(seen: Distribution) -> Parts:
    """What tells no version comes last."""
    return sorted(
        ((version, count / seen.total) for version, count in seen.counts), key=lambda part: part[0] == UNKNOWN
    )


def _matching(judgement: Judgement) -> Iterator[tuple[str, int, str]]:
    """How the witnesses fit, request by request, as parts of one bar."""
    if (fit := judgement.matching) is None:
        return
    disagree = fit.disagree
    for name, number, tone in (
        ("match one to one", fit.exactly_one - disagree, "var(--pass)"),
        ("pages for which reviews was asked again", fit.asked_again, "var(--v0)"),
        ("pages without a call in the log", fit.without_call, "var(--undecided)"),
        ("calls without a page", fit.without_page, "var(--soft)"),
        ("pages that show another version than was called", disagree, "var(--fail)"),
    ):
        if number > 0:
            yield name, number, tone
