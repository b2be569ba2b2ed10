"""Faults on demand: for whom, for what share, and in which words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from setup.local.bookinfo import reviews
from setup.local.bookinfo.faults import Fault, Faults, exposed
from setup.local.bookinfo.messages import Request, Response, response

FINE = response(200, b"fine")
PODS = [("ratings", "v1"), ("reviews", "v1"), ("reviews", "v2"), ("reviews", "v3")]


def get(path: bytes) -> Request:
    return Request(b"GET", path, b"", [], b"", keep_alive=True)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"app": "mongodb"}, "'mongodb' is no service of Bookinfo"),
        ({"app": "reviews", "share": 1.5}, "share 1.5 is not between 0 and 1"),
        ({"app": "reviews", "share": float("nan")}, "share nan is not between 0 and 1"),
        ({"app": "reviews", "status": 42}, "status 42 is not between 200 and 599"),
        ({"app": "reviews", "delay": -1.0}, "delay -1.0 is not a number of seconds"),
        ({"app": "reviews", "delay": float("inf")}, "delay inf is not a number of seconds"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Fault(**wrong)


@pytest.mark.parametrize(
    ("nobody", "why"),
    [(Fault("reviews", "v9"), "there is no reviews v9"), (Fault("details"), "there is no details")],
)
def test_a_fault_that_would_strike_nobody_is_refused(nobody: Fault, why: str) -> None:
    with pytest.raises(ValueError, match=why + r"\Z"):
        Faults(PODS).set(nobody)


def test_a_version_s_own_fault_goes_before_its_app_s() -> None:
    faults = Faults(PODS)
    everywhere, on_v3 = Fault("reviews", status=500), Fault("reviews", "v3", status=503)
    faults.set(everywhere)
    faults.set(on_v3)
    struck = [
        faults.strike(app, version)
        for app, version in (("reviews", "v2"), ("reviews", "v3"), ("ratings", "v1"))
    ]
    assert struck == [everywhere, on_v3, None]


def test_setting_a_fault_again_replaces_it_and_clearing_leaves_none() -> None:
    faults = Faults(PODS)
    faults.set(Fault("ratings", delay=7.0))
    faults.set(Fault("ratings", status=503))
    assert faults.all() == (Fault("ratings", status=503),)
    faults.clear()
    assert (faults.all(), faults.strike("ratings", "v1")) == ((), None)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_a_fault_strikes_its_share_of_the_requests(share: float) -> None:
    """10 000 seeded draws; five standard deviations either way: wrong once in two million seeds."""
    faults = Faults(PODS, seed=1)
    faults.set(Fault("reviews", share=share))
    struck = sum(faults.strike("reviews", "v1") is not None for _ in range(10_000))
    assert abs(struck - 10_000 * share) <= 5 * (10_000 * share * (1 - share)) ** 0.5


def test_equal_seeds_draw_alike() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults(PODS, seed)
        faults.set(Fault("reviews", share=0.5))
        return [faults.strike("reviews", "v1") is None for _ in range(50)]

    assert draws(1) == draws(1) != draws(2)


def test_a_struck_reviews_fails_in_the_words_of_its_application_server() -> None:
    faults = Faults(PODS)
    faults.set(Fault("reviews", status=503))
    handler = exposed(lambda _: FINE, reviews.failure, faults, "reviews", "v1")
    answer = asyncio.run(handler(get(b"/reviews/0")))
    assert answer.head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert answer.body.startswith(b"Error 503: SRVE0777E")


def test_a_delay_alone_ends_in_the_app_s_own_answer() -> None:
    async def slow_service(_: Request) -> Response:
        return FINE

    faults = Faults(PODS)
    faults.set(Fault("reviews", delay=0.001))
    for handler in (lambda _: FINE, slow_service):
        struck = exposed(handler, reviews.failure, faults, "reviews", "v1")
        assert asyncio.run(struck(get(b"/reviews/0"))) == FINE


def test_health_is_spared() -> None:
    faults = Faults(PODS)
    faults.set(Fault("reviews", status=503))
    assert exposed(lambda _: FINE, reviews.failure, faults, "reviews", "v1")(get(b"/health")) == FINE
