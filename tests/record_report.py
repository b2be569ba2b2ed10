"""Takes the pictures of docs/report.md anew, in Chromium: ``python -m tests.record_report [NAME...]``.

Of results/example, and of a real mesh that splits 50/50 where 90/10 was promised, while one version fails.
With names, those alone: ``report-fail report-narrow``, which are of the same run.
"""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image

from analyzer.judge import judge
from analyzer.report import html
from analyzer.run.folder import RunFolder

from .browsers import chromium, shown, sized

ROOT = Path(__file__).parent.parent
_MESH = ("--mesh-name", "pictures")
_WRONG = ("--expect", "v2=90,v3=10", "--no-route", "--within", "5", "--requests", "2000", "--rate", "100")


_HEIGHT = """
const next = [...document.querySelectorAll("h2")].find(one => one.textContent === arguments[0]);
return next ? Math.floor(next.getBoundingClientRect().top) : document.documentElement.scrollHeight;
"""
"""Of all that stands before the section of that title; of the whole page without one."""


def main(*names: str) -> None:
    with tempfile.TemporaryDirectory(prefix="wb-") as home, chromium() as browser:
        run = Path(home, "wrong")
        _record(run, os.environ | {"WEIGHBRIDGE_HOME": home})
        good, wrong = _page(ROOT / "results" / "example", home), _page(run, home)
        for name, page, width, height, theme in (
            ("report-top", good, 1060, 900, "light"),
            ("report-light", good, 1060, None, "light"),
            ("report-dark", good, 1060, 1900, "dark"),
            ("report-narrow", wrong, 400, 3300, "light"),
            ("report-fail", wrong, 1060, "How the traffic split", "light"),
        ):
            if names and name not in names:
                continue
            sized(browser, width, 800)
            shown(browser, theme=theme)
            browser.get(page.as_uri())
            tall = height if isinstance(height, int) else browser.execute_script(_HEIGHT, height)
            clip = {"x": 0, "y": 0, "width": width, "height": tall, "scale": 1}
            taken = browser.execute_cdp_cmd(
                "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
            )
            picture = Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")
            picture.quantize(192).save(ROOT / "docs" / f"{name}.png", optimize=True)


def _record(run: Path, environment: dict[str, str]) -> None:
    """A run that fails: other weights than promised, and a version that answers 503 now and then."""

    def weighbridge(*arguments: str, code: int = 0) -> None:
        command = [sys.executable, "-P", "-m", "weighbridge", *arguments, *_MESH]
        done = subprocess.run(command, env=environment, cwd=run.parent, check=False)
        if done.returncode != code:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")

    weighbridge("up", "--detach")
    try:
        weighbridge("route", "v2=50,v3=50")
        weighbridge("fault", "reviews-v3", "--status", "503", "--share", "20")
        load = ("--arrivals", "constant", "--to-the-end", "--out", str(run))
        weighbridge("run", *_WRONG, *load, code=1)
    finally:
        weighbridge("down")


def _page(run: Path, home: str) -> Path:
    page = Path(home, f"{run.name}.html")
    told = replace(
        judge(RunFolder(run)), folder=f"results/{run.name}"
    )  # where it was made is nobody's business
    page.write_text(html.report(told))
    return page


if __name__ == "__main__":
    main(*sys.argv[1:])
