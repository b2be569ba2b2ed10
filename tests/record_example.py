"""Records results/example anew, and puts what it shows into the pages that show it: ``make example``.

Do it on a quiet machine, and look at the report before you commit it: a stall of the machine shows in it.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from analyzer.access_log.digest import Digest
from analyzer.access_log.files import find, opened
from analyzer.access_log.knowledge import gather
from analyzer.access_log.survey import survey
from weighbridge.log_screen import screen

ROOT = Path(__file__).parent.parent
EXAMPLE = Path("results/example")
ASKED = ("v2=90,v3=10", "--within", "5", "--rate", "100", "--arrivals", "constant")
_WEIGHBRIDGE = (sys.executable, "-P", "-m", "weighbridge")
_SHOWN = re.compile(r"(?<=^\$ \.venv/bin/weighbridge analyze results/example\n).*?(?=^```\n)", re.S | re.M)

_TO_REVIEWS = "productpage.default → reviews.default"
_WAY = re.compile(_TO_REVIEWS + r".*?(?=\n```)", re.S)


def main() -> None:
    shutil.rmtree(ROOT / EXAMPLE, ignore_errors=True)
    subprocess.run([*_WEIGHBRIDGE, "run", *ASKED, "--out", EXAMPLE], cwd=ROOT, check=True)
    done = subprocess.run(
        [*_WEIGHBRIDGE, "analyze", EXAMPLE], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    readme = ROOT / "README.md"
    os.chdir(ROOT)
    told = _SHOWN.sub(lambda _: done.stdout, readme.read_text())
    readme.write_text(_WAY.sub(lambda _: reviews_way(), told))
    page = ROOT / "docs" / "access-log.md"
    page.write_text(with_real_answers(page.read_text()))


def reviews_way() -> str:
    """What ``logs`` shows of the calls to reviews, on a terminal of a hundred columns."""
    digest = Digest()
    for file in find([str(ROOT / EXAMPLE)]):
        with opened(file) as (stream, _):
            list(digest.read(stream, file.name, file.pod))
    console = Console(width=100, file=StringIO(), highlight=False)
    with console.capture() as captured:
        console.print(screen(survey(digest, gather([str(ROOT / EXAMPLE)])), width=100), soft_wrap=True)
    parts = "\n".join(row.rstrip() for row in captured.get().splitlines()).split("\n\n")
    return next(part for part in parts if part.startswith(_TO_REVIEWS))


def with_real_answers(page: str) -> str:
    """A page whose Python examples print what is shown there."""
    lines = page.split("\n")
    runner = _Answers(verbose=False)
    runner.run(doctest.DocTestParser().get_doctest(page, {}, "page", None, 0), out=lambda _: None)
    for example, got in reversed(runner.other):  # from the end, so that earlier line numbers stay
        begin = example.lineno + example.source.count("\n")
        lines[begin : begin + example.want.count("\n")] = got.removesuffix("\n").split("\n")
    return "\n".join(lines)


class _Answers(doctest.DocTestRunner):
    """Keeps what came out where that is not what the page shows."""

    def __init__(self, verbose: bool) -> None:
        super().__init__(verbose=verbose)
        self.other: list[tuple[doctest.Example, str]] = []

    def report_failure(self, out: object, test: object, example: doctest.Example, got: str) -> None:
        self.other.append((example, got))


if __name__ == "__main__":
    main()
