"""The audit tells whether calls look like independent draws, and what else they look like."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.records import Version
from analyzer.split.audit import Pattern, audit


def drawn(seed: int, n: int, share: float | np.ndarray = 0.1) -> list[Version | None]:
    return ["v3" if hit else "v2" for hit in np.random.default_rng(seed).random(n) < share]


def patterns(found: object) -> dict[str, str]:
    return {check["name"]: check["pattern"] for check in found.as_dict()["checks"]}  # type: ignore[attr-defined] # brief


def test_independent_draws_are_clean() -> None:
    """200 audits of five checks at 0.1 % each: more than five findings have a probability below 0.1 %.

    The rate of each check alone is measured by ``python -m bench.verdict``.
    """
    findings = 0
    for seed in range(200):
        rng = np.random.default_rng([7, seed])
        groups = {
            "connection": rng.integers(0, 8, 3_000).tolist(),
            "worker": rng.integers(0, 3, 3_000).tolist(),
        }
        found = audit(drawn(seed, 3_000), groups, chain="connection")
        assert [check.name for check in found.checks] == [
            "time",
            "sequence",
            "connection",
            "sequence of a connection",
            "worker",
        ]
        findings += sum(check.pattern is not Pattern.INDEPENDENT for check in found.checks)
        assert found.requests == 3_000
    assert findings <= 5


def test_two_workers_that_agree_to_the_last_call_are_no_round_robin() -> None:
    """One run in twelve does so by chance. At 0.1 % a check, more than ten findings have p < 10⁻⁴."""
    workers = [0, 1] * 50
    found = [audit(drawn(seed, 100, 0.5), {"worker": workers}).checks[-1] for seed in range(2_000)]
    assert sum(check.phi == 0 for check in found) > 100, "otherwise nothing is tested here"
    assert sum(check.pattern is not Pattern.INDEPENDENT for check in found) <= 10
    assert all(check.pattern is not Pattern.REGULAR for check in found)


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


def test_a_round_robin_of_each_connection_shows_only_within_it() -> None:
    """A hundred connections, each with a turn of its own and calls at random moments."""
    rng, turns = np.random.default_rng(4), np.arange(100)
    connections = rng.integers(0, 100, 3_000)
    decided: list[Version | None] = []
    for connection in connections:
        turns[connection] += 1
        decided.append("v3" if turns[connection] % 2 else "v2")
    found = audit(decided, {"connection": connections.tolist()}, chain="connection")
    assert patterns(found)["sequence"] == "independent"
    assert patterns(found)["sequence of a connection"] == "regular"
    assert found.effective_requests == 3_000


def test_users_that_never_change_are_worth_a_call_each() -> None:
    users = list(range(40)) * 25
    found = audit(
        ["v3" if user % 10 == 0 else "v2" for user in users], {"connection": users}, chain="connection"
    )
    assert patterns(found)["sequence of a connection"] == "clustered"
    assert {check.name: check.effective_requests for check in found.checks}["sequence of a connection"] == 40
    assert 30 <= found.effective_requests <= 40


@pytest.mark.parametrize(
    ("column", "words"),
    [([None] * 100, "No log tells the gateway pod."), (["a"] * 100, "There is one gateway pod only.")],
)
def test_what_cannot_be_compared_says_why(column: list[str | None], words: str) -> None:
    found = audit(drawn(1, 100, 0.5), {"gateway pod": column})
    assert (found.checks[-1].pattern, found.checks[-1].words) == (Pattern.TOO_FEW, words)


def test_calls_of_which_nobody_knows_the_group_are_left_out_of_that_check() -> None:
    stream, groups = drawn(1, 2_000, 0.5), [None, 1, 2, 3] * 500
    found = audit(stream, {"worker": groups})
    assert (found.checks[-1].pattern, found.checks[-1].effective_requests) == (Pattern.INDEPENDENT, 2_000)


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
