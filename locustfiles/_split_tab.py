"""The Split tab in Locust's own web UI, and the same section in Locust's HTML report.

Locust can show a table in a tab of its own, but no chart. So a script in its page lays our page over that
table; where Locust's page has changed and the script finds no place, the table stays.
"""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

from locust.env import Environment

from flask import Flask, Response, request
from markupsafe import Markup

from analyzer.errors import InputError

from . import _split_state
from ._ledger import Ledger, new_rows
from ._options import latest
from ._settings import Settings
from ._split_state import Pages, SplitState

KEY = "split"
_FILES = Path(__file__).parent / "split_tab"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_COLUMNS = {
    "version": "Version",
    "weight": "Weight",
    "requests": "# Requests",
    "share": "Share",
    "band": "Always-valid band",
    "verdict": "Verdict",
}
_MOUNT = '<script src="/split/mount.js"></script>'


def add(environment: Environment, settings: Settings, ledger: Ledger) -> None:
    """Give this load its tab and its section, in whatever it has: a web UI, an HTML file at the end."""
    state = _split_state.of(settings)
    events: Any = environment.events  # Locust's hooks carry no types
    if isinstance(state, Pages):
        new_rows.add_listener(state.take)
        events.test_start.add_listener(lambda **_: state.begin(latest(environment, ledger)))
    events.quit.add_listener(lambda **_: _into_file(environment, state))
    web_ui = environment.web_ui
    if web_ui is None:
        return
    app: Any = web_ui.app  # Locust says it may be none, and never lets it be
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Split", "key": KEY}],
        "extended_tables": [
            {"key": KEY, "structure": [{"key": key, "title": title} for key, title in _COLUMNS.items()]}
        ],
    }
    token = secrets.token_urlsafe(24)
    _serve(app, state, token)
    app.after_request(lambda response: _amended(response, state))


def _serve(app: Flask, state: SplitState, token: str) -> None:
    @app.get("/split/")
    def split_page() -> Response:
        text = (_FILES / "split.html").read_text().replace("{{ token }}", token)
        return Response(text, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})

    @app.get("/split/<any('split.js','split.css','mount.js'):name>")
    def split_file(name: str) -> Response:
        kind = "text/javascript" if name.endswith(".js") else "text/css"
        return Response((_FILES / name).read_text(), content_type=f"{kind}; charset=utf-8")

    @app.get("/split/live.json")
    def split_state() -> Response:
        try:
            return Response(state.json(), content_type="application/json")
        except (InputError, OSError) as error:
            return _refused(error)

    @app.post("/split/weights")
    def split_weights() -> Response:
        """The token stands in our own page, which no stranger's page can read."""
        given = request.headers.get("X-Weighbridge-Token", "")
        body = request.get_json(silent=True)
        if not secrets.compare_digest(given.encode(), token.encode()) or not isinstance(body, dict):
            return Response("only the Split tab may ask for that\n", status=HTTPStatus.FORBIDDEN)
        try:
            return Response(
                json.dumps({"wish": state.wish(str(body.get("weights", "")))}),
                content_type="application/json",
            )
        except (InputError, OSError) as error:
            return _refused(error)


def _refused(error: Exception) -> Response:
    hint = getattr(error, "hint", "")
    text = json.dumps({"error": {"message": str(error), "hint": hint}})
    return Response(text, status=HTTPStatus.CONFLICT, content_type="application/json")


def _amended(response: Response, state: SplitState) -> Response:
    """Locust's own answers with ours in them."""
    if response.status_code != HTTPStatus.OK:
        return response
    if request.path == "/":
        response.set_data(_before_end(response.get_data(as_text=True), _MOUNT))
    elif request.path == "/stats/report":
        response.set_data(_before_end(response.get_data(as_text=True), section(state)))
    elif request.path == "/stats/requests":
        told = response.get_json(silent=True)
        if isinstance(told, dict):
            told["extended_stats"] = [*told.get("extended_stats", ()), {"key": KEY, "data": _rows(state)}]
            response.set_data(json.dumps(told))
    return response


def _rows(state: SplitState) -> list[dict[str, str]]:
    """The fallback: one row a version, as text. React escapes what it shows."""
    try:
        live = json.loads(state.json())
    except (InputError, OSError, ValueError):
        return []
    return [
        {
            "version": one["version"],
            "weight": str(one["weight"]),
            "requests": f"{one['requests']:,}",
            "share": "–" if one["share"] is None else f"{one['share']:.1%}",
            "band": f"{one['low']:.1%} to {one['high']:.1%}",
            "verdict": live["outcome"],
        }
        for one in live["versions"]
    ]


def section(state: SplitState) -> Markup:
    """Our page with its data in it, for a file that works offline; nothing where there is nothing to show.

    It stands in a frame, so that neither page's style reaches the other.
    """
    try:
        data = state.json().decode()
    except (InputError, OSError):
        return Markup()
    page = (_FILES / "split.html").read_text()
    page = page.replace(
        '<link rel="stylesheet" href="split.css">', f"<style>{(_FILES / 'split.css').read_text()}</style>"
    )
    script = (_FILES / "split.js").read_text()
    inert = data.replace("<", "\\u003c")  # so that no text in it can end the element
    page = page.replace(
        '<script src="split.js" defer></script>',
        f'<script type="application/json" id="recorded">{inert}</script>',
    ).replace("</body>", f"<script>{script}</script></body>")
    return Markup(
        '<iframe title="Split" style="border:0;width:100%;display:block" srcdoc="{}"></iframe>'
    ).format(page)


def _before_end(page: str, addition: str) -> str:
    head, body, tail = page.rpartition("</body>")
    return f"{head}{addition}{body}{tail}" if body else page


def _into_file(environment: Environment, state: SplitState) -> None:
    """The report of ``--html`` is there when Locust quits."""
    options = environment.parsed_options
    file = Path(options.html_file) if options and options.html_file else None
    if file is None or not file.is_file():
        return
    file.write_text(_before_end(file.read_text(), section(state)))
