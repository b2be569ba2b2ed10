"""``weighbridge run`` on a mesh that stands: what it leaves, and that its witnesses lose nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from front_door import FrontDoor

from analyzer.exit_codes import ExitCode
from analyzer.run import requests

pytestmark = pytest.mark.e2e

PAGES = 10_000
OUTBOUND = re.compile(
    r' "weighbridge/[a-z0-9-]+/(\d+)\.(\d+)" .* outbound\|9080\|(v\d)\|reviews\.default\.svc\.cluster\.local '
)


def outbound(folder: Path) -> Counter[tuple[int, int]]:
    """How many reviews calls productpage's proxy logged for each page, found without the product's reader."""
    (log,) = folder.glob("access-log/productpage-v1-*/istio-proxy.log")
    found = filter(None, map(OUTBOUND.search, log.read_text().split("\n")))
    return Counter((int(line[1]), int(line[2])) for line in found)


def test_ten_thousand_pages_and_their_calls_match_one_to_one(standing: FrontDoor) -> None:
    asked = ("--within", "3", "--requests", str(PAGES), "--to-the-end", "--out", "long")
    done = standing("run", "v2=90,v3=10", *asked)
    said = f"{PAGES:,} pages and {PAGES:,} calls match one to one, difference 0"
    assert f"\n  witnesses: {said}\n" in done.out
    assert said in (standing.cwd / "long/report.html").read_text()
    assert said in (standing.cwd / "long/report.md").read_text()
    assert done.code == ExitCode.HOLDS

    pages = requests.read(standing.cwd / "long/requests")
    assert outbound(standing.cwd / "long") == {(0, seq): 1 for seq in pages["seq"]}
    assert (len(pages), set(pages["status"])) == (PAGES, {200})
