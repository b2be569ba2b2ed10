"""Failed calls by version, code and Envoy's flags, in words."""

from __future__ import annotations

import pandas as pd

from analyzer.performance.failures import Failure, failures


def test_failed_calls_are_counted_by_kind_the_commonest_first() -> None:
    calls = pd.DataFrame(
        [
            *[("v2", 200, "")] * 5,
            *[("v3", 503, "UH")] * 2,
            *[("v3", 503, "UF,URX")] * 3,
            ("v2", 0, "DC"),
            ("v2", 500, ""),
        ],
        columns=["version", "code", "flags"],
    )
    found = failures(calls)
    assert found == (
        Failure("v3", 503, "UF,URX", 3),
        Failure("v3", 503, "UH", 2),
        Failure("v2", 0, "DC", 1),
        Failure("v2", 500, "", 1),
    )
    assert [one.meaning for one in found[1:]] == [
        "no healthy upstream",
        "the client went away",
        "the service answered so",
    ]


def test_a_run_without_calls_has_no_failed_ones() -> None:
    assert failures(pd.DataFrame([], columns=["version", "code", "flags"])) == ()
