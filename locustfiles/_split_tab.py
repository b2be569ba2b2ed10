"""The Split tab of Locust's web page: shares, bands and verdict so far, by what the pages show.

It is a table of Locust's own, so it looks and behaves like its other tabs. Pages are the only witness here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from locust import events
from locust.env import Environment

import msgspec
import pyarrow as pa
from flask import Response, request
from markupsafe import Markup

from analyzer.errors import InputError
from analyzer.records import UNKNOWN, Weights

from ._arrivals import now
from ._ledger import new_rows

_KEY = "split"
_DEST = "weighbridge_weights"
_COLUMNS = {
    "name": "Version",
    "promised": "Promised",
    "requests": "# Pages",
    "share": "Share",
    "band": "Always-valid band",
    "p50": "Median (ms)",
    "p95": "95%ile (ms)",
    "p99": "99%ile (ms)",
}
_SECTION = """<section id="split" style="max-width:1536px;margin:0 auto;padding:0 24px 48px;overflow-x:auto">
<h2 style="font-weight:400">Split</h2>
<table style="border-spacing:24px 12px;margin:0 -24px;text-align:left">
<thead><tr>{}</tr></thead><tbody>{}</tbody></table>
</section>"""
_log = logging.getLogger("weighbridge")


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def _add(parser: Any) -> None:
    parser.add_argument(
        "--weights", dest=_DEST, default="", metavar="v2=90,v3=10", help="Judge the split by these weights."
    )


class SplitTab:
    """Judges each test anew, by the weights in the form."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._told = "no test has begun"
        self._watched: _Watched | None = None
        listeners: Any = environment.events  # Locust's hooks carry no types
        listeners.test_start.add_listener(self._begin)
        new_rows.add_listener(self._take)

    def rows(self) -> list[dict[str, Any]]:
        """The table as it stands."""
        found = self._watched.rows() if self._watched else [{"name": self._told}]
        return [dict.fromkeys(_COLUMNS, "") | row for row in found]

    def _begin(self, **_: object) -> None:
        self._watched = None
        text = getattr(self._environment.parsed_options, _DEST, "")
        if not text:
            self._told = "give --weights, such as v2=90,v3=10, to see the split judged"
            return
        try:
            self._watched = _Watched(Weights.parse(text))
        except InputError as error:
            self._told = f"{error}: {error.hint}"
            _log.error("%s", self._told)

    def _take(self, rows: pa.Table, until: float, **_: object) -> None:
        if self._watched:
            self._watched.take(rows, until)


class _Watched:
    """One test; its pages stand in for calls."""

    def __init__(self, weights: Weights) -> None:
        # Statistics take a second to import, and only those wait for it who ask for a verdict.
        from analyzer.decided import Decided
        from analyzer.live import LiveSplit
        from analyzer.pace import Pace
        from analyzer.plan import plan, suggested_within
        from analyzer.run import Promise

        within, alpha, power = suggested_within(weights), 0.01, 0.95
        budget = plan(weights, within=within, alpha=alpha, power=power).budget
        self._split = LiveSplit(Promise(weights, within, alpha, power, budget), live=None)
        self._decided = Decided()
        self._pages = 0
        self._pace = Pace(now())

    def take(self, rows: pa.Table, until: float) -> None:
        frame = rows.to_pandas()
        self._pages += len(frame)
        self._pace.add(now(), self._pages)
        versions = frame["version"].astype(object).fillna(UNKNOWN)
        calls = zip(frame["worker"], frame["seq"], frame["start"], versions, strict=True)
        self._decided.add_calls(calls)
        self._decided.add_pages(zip(frame["start"], frame["worker"], frame["seq"], strict=True), until)
        self._split.add_pages(frame)
        self._split.add_calls(self._decided.take())

    def rows(self) -> Iterable[dict[str, Any]]:
        from analyzer.live import About, Answer, Live

        about = About(run="", witness="page", versions=self._split.test.weights.versions)
        live: Live = self._split.state(about, now(), self._pace.per_second, Answer(wish=0))
        for one in live.versions:
            yield {
                "name": one.version,
                "promised": _percent(one.promised),
                "requests": one.requests,
                "share": "–" if one.share is None else _percent(one.share),
                "band": f"{100 * one.low:.1f} – {_percent(one.high)}",
                **{name: _ms(one.latency[name]) for name in ("p50", "p95", "p99")},
            }
        for version, count in _others(live.strays, live.unlabelled):
            yield {"name": version, "promised": "nothing", "requests": count}
        outcome = live.outcome.name if live.certain_after else "not yet certain"
        yield {
            "name": "Verdict by pages alone",
            "promised": f"within {live.within:g} points",
            "requests": live.requests,
            "share": f"{outcome} after {live.certain_after:,}" if live.certain_after else outcome,
            "band": live.forecast or "",
        }


def show(environment: Environment) -> None:
    """Add the tab to the web page of this process."""
    web_ui: Any = environment.web_ui  # Locust's attributes carry no types
    tab = SplitTab(environment)
    structure = [{"key": key, "title": title} for key, title in _COLUMNS.items()]
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Split", "key": _KEY}],
        "extended_tables": [{"key": _KEY, "structure": structure}],
    }

    def extend(response: Response) -> Response:
        if request.path.endswith("/stats/requests") and response.is_json:
            told = response.get_json() | {"extended_stats": [{"key": _KEY, "data": tab.rows()}]}
            response.set_data(msgspec.json.encode(told))
        elif request.path.endswith("/stats/report") and response.mimetype == "text/html":
            before, end, after = response.get_data(as_text=True).rpartition("</body>")
            response.set_data(f"{before}{_section(tab.rows())}{end}{after}")
        return response

    web_ui.app.after_request(extend)


def _section(rows: Iterable[dict[str, Any]]) -> Markup:
    """The same table for Locust's report; names and errors come from the network, so each cell is escaped."""
    head = Markup().join(Markup("<th>{}</th>").format(title) for title in _COLUMNS.values())
    body = Markup().join(
        Markup("<tr>{}</tr>").format(
            Markup().join(Markup("<td>{}</td>").format(row[key]) for key in _COLUMNS)
        )
        for row in rows
    )
    return Markup(_SECTION).format(head, body)  # noqa: S704 - our own template, its fields are escaped


def _others(strays: dict[str, int], unlabelled: int) -> Iterator[tuple[str, int]]:
    yield from strays.items()
    if unlabelled:
        yield "no version shown", unlabelled


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _ms(latency: float | None) -> str:
    return "–" if latency is None else f"{latency:.1f}"
