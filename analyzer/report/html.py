"""The judgement as one HTML file that needs nothing else: it works offline, in print and in dark mode."""

from __future__ import annotations

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
        headline=sentences.headline(judgement),
        facts=list(sentences.facts(judgement)),
        shares_plot=Markup(plots.shares(judgement)),  # noqa: S704 - our own SVG; matplotlib escapes its text
        started=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(judgement.run.started)),
    )
