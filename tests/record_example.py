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
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = Path("results/example")
ASKED = ("v2=90,v3=10", "--within", "5", "--rate", "100", "--arrivals", "constant")
_WEIGHBRIDGE = (sys.executable, "-P", "-m", "weighbridge")
_SHOWN = re.compile(r"(?<=`\.venv/bin/weighbridge analyze results/example`:\n\n```\n).*?(?=```\n)", re.S)


def main() -> None:
    shutil.rmtree(ROOT / EXAMPLE, ignore_errors=True)
    subprocess.run([*_WEIGHBRIDGE, "run", *ASKED, "--out", EXAMPLE], cwd=ROOT, check=True)
    done = subprocess.run(
        [*_WEIGHBRIDGE, "analyze", EXAMPLE], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    readme = ROOT / "README.md"
    readme.write_text(_SHOWN.sub(lambda _: done.stdout, readme.read_text()))
    os.chdir(ROOT)
    page = ROOT / "docs" / "access-log.md"
    page.write_text(with_real_answers(page.read_text()))


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
