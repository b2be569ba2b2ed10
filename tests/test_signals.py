"""A work that a signal ends: between two of its steps, at once while it waits, at once when asked again."""

from __future__ import annotations

import os
import signal
import time

import pytest

from weighbridge import signals
from weighbridge.signals import Interrupt


def sent(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_step_is_done_to_its_end(number: signal.Signals) -> None:
    interrupt, done = Interrupt(signal.SIGINT, signal.SIGTERM), []
    with interrupt.caught():
        while not interrupt.asked:
            sent(number)
            done.append("the rest of the step")
    assert (interrupt.by, done) == (number, ["the rest of the step"])


def test_a_wait_ends_at_once() -> None:
    interrupt, done = Interrupt(signal.SIGINT), []
    with interrupt.caught():
        interrupt.waiting(lambda: (sent(signal.SIGINT), time.sleep(3600)))
        done.append("after the wait")
    assert (interrupt.by, done) == (signal.SIGINT, [])


def test_shells_that_send_it_twice_ask_once() -> None:
    interrupt, done = Interrupt(signal.SIGINT), []
    with interrupt.caught():
        sent(signal.SIGINT)
        sent(signal.SIGINT)
        done.append("the rest of the step")
    assert done == ["the rest of the step"]


def test_who_asks_again_is_heard_in_the_middle_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "SAME_WISH", -1.0)
    interrupt, done = Interrupt(signal.SIGINT), []

    def asked_twice() -> None:
        with interrupt.caught():
            sent(signal.SIGINT)
            done.append("the first was heard")
            sent(signal.SIGINT)
            done.append("not the second")

    with pytest.raises(KeyboardInterrupt):
        asked_twice()
    assert done == ["the first was heard"]


def test_an_interrupt_that_nobody_sent_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt), Interrupt(signal.SIGINT).caught():
        raise KeyboardInterrupt


def test_afterwards_signals_go_where_they_went_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupt(signal.SIGINT, signal.SIGTERM).caught():
        inside = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert before == after
    assert all(one != other for one, other in zip(before, inside, strict=True))
