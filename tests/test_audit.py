"""The audit tells whether calls look like independent draws, and what else they look like."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.audit import Pattern, audit
from analyzer.records import Version


def drawn(seed: int, n: int, share: float | np.ndarray = 0.1) -> list[Version | None]:
    return ["v3" if hit else "v2" for hit in np.random.default_rng(seed).random(n) < share]


def patterns(found: object) -> dict[str, str]:
    return {check["name"]: check["pattern"] for check in found.as_dict()["checks"]}  # type: ignore[attr-defined] # brief


def test_independent_draws_are_clean() -> None:
    """200 audits of three checks at 0.1 % each: more than four findings have a probability below 0.05 %."""
    findings = 0
    for seed in range(200):
        found = audit(drawn(seed, 3_000), {"client": [i % 40 for i in range(3_000)]})
        findings += sum(check.pattern is not Pattern.INDEPENDENT for check in found.checks)
        assert found.requests == 3_000
    assert findings <= 4


def test_sticky_users_make_calls_worth_less() -> None:
    users = np.random.default_rng(1).integers(0, 300, 3_000)
    sticky = np.random.default_rng(2).random(300) < 0.1
    found = audit(["v3" if sticky[user] else "v2" for user in users], {"client": users.tolist()})
    assert patterns(found) == {"time": "independent", "sequence": "independent", "client": "clustered"}
    assert found.effective_requests < 500
    assert not found.clean


def test_a_change_during_the_run_shows_over_time() -> None:
    drifting = drawn(1, 6_000, np.repeat([0.1, 0.2], 3_000))
    found = audit(drifting)
    assert patterns(found)["time"] == "clustered"
    assert found.checks[0].words.startswith("The split differs over time (")


def test_a_round_robin_is_more_regular_than_chance() -> None:
    found = audit((["v2"] * 9 + ["v3"]) * 300)
    assert patterns(found) == {"time": "regular", "sequence": "regular"}
    assert found.checks[0].words == (
        "The split is more even over time than chance allows: a round robin, not a draw."
    )
    assert found.effective_requests == 3_000


def test_answers_in_bursts_show_in_the_sequence() -> None:
    bursts = [version for version in drawn(1, 600) for _ in range(5)]
    assert patterns(audit(bursts))["sequence"] == "clustered"
    assert 200 < audit(bursts).effective_requests < 900


@pytest.mark.parametrize("stream", [[], ["v2"], [None] * 50, ["v2"] * 500, ["v2", "v3"]], ids=len)
def test_too_few_calls_are_no_finding(stream: list[Version | None]) -> None:
    found = audit(stream, {"client": list(range(len(stream)))})
    assert set(patterns(found).values()) == {"too-few"}
    assert found.clean


def test_unlabelled_calls_are_counted_and_left_out() -> None:
    found = audit([*drawn(1, 1_000), *[None] * 30], {"client": [1, 2] * 515})
    assert (found.requests, found.unlabelled) == (1_000, 30)


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values of client for 3 calls"):
        audit(["v2"] * 3, {"client": [1, 2]})
