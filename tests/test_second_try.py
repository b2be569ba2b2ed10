"""Bookinfo's own second try moves pages from a failing version to the others; the report explains it."""

from __future__ import annotations

import pandas as pd
import pytest
from front_door import FrontDoor

from analyzer.performance.versions import failures_of
from analyzer.run import calls
from analyzer.run.calls import Call
from analyzer.run.second_try import SecondTry, Shown, second_try


def asked(*pages: tuple[str | None, tuple[tuple[str, int], ...]]) -> SecondTry | None:
    """Pages, each with what it shows and its calls as (version, status)."""
    rows = [(0, seq, shown, float(seq), 200, None) for seq, (shown, _) in enumerate(pages)]
    frame = pd.DataFrame(rows, columns=["worker", "seq", "version", "start", "status", "trouble"])
    logged = [
        Call(0, seq, seq + part / 10, version, code, "", "pod")
        for seq, (_, made) in enumerate(pages)
        for part, (version, code) in enumerate(made)
    ]
    joined = calls.join(frame, pd.DataFrame(logged, columns=list(Call._fields)), None)
    return second_try(joined, failures_of(joined.calls))


def test_a_version_that_fails_loses_pages_to_the_others() -> None:
    found = asked(
        ("v2", (("v2", 200),)),
        ("v2", (("v3", 503), ("v2", 200))),
        ("v3", (("v3", 200),)),
        ("v2", (("v2", 200),)),
        (None, (("v3", 503), ("v3", 503))),
    )
    assert found == SecondTry(
        2, (Shown("v2", 3, 0, 3 / 7, 3 / 4, 3 / 4), Shown("v3", 4, 3, 4 / 7, 1 / 4, 1 / 4))
    )
    assert found.most_biased.version == "v3"


def test_pages_that_took_one_call_each_leave_nothing_to_explain() -> None:
    assert asked(("v2", (("v2", 200),)), ("v3", (("v3", 200),))) is None


def test_without_a_page_that_shows_a_version_there_is_no_bias() -> None:
    assert asked((None, (("v3", 503), ("v2", 503)))) is None


@pytest.mark.e2e
def test_the_report_tells_why_pages_differ_from_calls(standing: FrontDoor) -> None:
    """With v3 failing 40 % at 50/50, pages show it on 37.5 %; the proxies still split evenly."""
    assert standing("fault", "reviews-v3", "--status", "503", "--share", "40").code == 0
    load = ("--within", "15", "--requests", "600", "--claim", "errors of v3 < 1%", "--out", "run")
    done = standing("run", "v2=50,v3=50", *load, "--json")
    assert (done.code, done.json["split"]["outcome"]) == (1, "pass")
    assert [claim["outcome"] for claim in done.json["claims"]] == ["fail"], (
        "the version is broken, the mesh is not"
    )
    told = done.json["second_try"]
    v2, v3 = told["versions"]
    assert (v2["version"], v2["failed"], v3["version"]) == ("v2", 0, "v3")
    assert v3["calls"] == done.json["witnesses"]["proxy"]["v3"]
    assert told["pages"] == done.json["matching"]["asked_again"] > 0
    # Of 600 calls 300 ± 4 standard deviations go to v3, 40 % of them fail: beyond these in 1 of 10 000 runs.
    assert 0.42 <= v3["of_calls"] <= 0.58
    assert 0.28 <= v3["of_pages"] <= 0.47
    assert v3["of_pages"] == pytest.approx(v3["of_successes"]), "each call that succeeded became a page"
    (line,) = (line for line in standing("analyze", "run").out.splitlines() if "second try:" in line)
    assert line.replace("\u202f", " ") == (
        f"  second try: productpage asks reviews again after an error, and {v3['failed']} of {v3['calls']} "
        f"calls to v3 failed. So v3 is on {100 * v3['of_pages']:.1f} % of the pages that show a version, "
        f"though the proxies gave it {100 * v3['of_calls']:.1f} % of the calls; of those that succeeded it "
        f"got {100 * v3['of_successes']:.1f} %. The mesh is judged by its calls"
    )
