"""The judgement as one HTML file that needs nothing else: it works offline, in print and in dark mode."""

from __future__ import annotations

import math
import time

from markupsafe import Markup

from ..judgement import Judgement
from . import plots, sentences, tables
from .pages import PAGES


def report(judgement: Judgement) -> str:
    return PAGES.get_template("report.html").render(
        judgement=judgement,
        promise=judgement.run.promise,
        tables=tables,
        title=sentences.title(judgement),
        facts=sentences.grouped(judgement),
        shares_plot=_svg(plots.shares(judgement)),
        trajectories=[_svg(plot) for plot in plots.trajectories(judgement)],
        latency_plot=_svg(plots.latencies(judgement) or ""),
        enough=-math.log(judgement.run.promise.alpha),
        started=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(judgement.run.started)),
    )


def _svg(plot: str) -> Markup:
    return Markup(plot)  # noqa: S704 - our own SVG; matplotlib escapes its text
