"""Failed calls by version, code and Envoy's flags, in words."""

from __future__ import annotations

import pandas as pd

from analyzer.performance.failures import Failure, failures


def test_failed_calls_are_counted_by_kind_with_their_time_the_commonest_first() -> None:
    calls = pd.DataFrame(
        [
            *[("v2", 200, "", start) for start in range(5)],
            *[("v3", 503, "UH", start) for start in (12.5, 10.5)],
            *[("v3", 503, "UF,URX", start) for start in (11.0, 13.0, 12.0)],
            ("v2", 0, "DC", 20.0),
            ("v2", 500, "", 21.0),
        ],
        columns=["version", "code", "flags", "start"],
    )
    found = failures(calls)
    assert found == (
        Failure("v3", 503, "UF,URX", 3, 11.0, 13.0),
        Failure("v3", 503, "UH", 2, 10.5, 12.5),
        Failure("v2", 0, "DC", 1, 20.0, 20.0),
        Failure("v2", 500, "", 1, 21.0, 21.0),
    )
    assert [one.meaning for one in found[1:]] == [
        "no healthy upstream",
        "the client went away",
        "the service answered so",
    ]


def test_a_run_without_calls_has_no_failed_ones() -> None:
    assert failures(pd.DataFrame([], columns=["version", "code", "flags", "start"])) == ()
