"""Other ways to read a page with Locust: what ``bench.load`` holds our reader against."""

from __future__ import annotations

import time
from itertools import count, cycle
from typing import Any

from locust import FastHttpUser, HttpUser, events, task

import gevent
from bs4 import BeautifulSoup

from analyzer import tag
from analyzer.pages import stars
from analyzer.records import Request
from locustfiles._recorder import Recorder

WAYS = ("bare", "recorded", "tagged")
"""Locust's own fast client, which does nothing with the page; the same with each page classified and kept as
a row; and with each request tagged, too, which costs the client another header."""


class Bare(FastHttpUser):
    """All ways by turns of half a second in one process, so that whatever else the machine does meets all."""

    sequence = count()
    recorder: Recorder
    way = "bare"

    @task
    def page(self) -> None:
        if Bare.way == "bare":
            self.client.get("/productpage")
        else:
            self._record()

    def _record(self) -> None:
        seq = next(self.sequence)
        start = time.time()
        self.recorder.leave(seq, start)
        if Bare.way == "tagged":
            headers = {"User-Agent": tag.user_agent(tag.Tag("bench", 0, seq))}
            response = self.client.get("/productpage", headers=headers)
        else:
            response = self.client.get("/productpage")
        body = response.content or b""
        page = stars.page(body)
        row = Request(
            worker=0,
            seq=seq,
            intended=start,
            start=start,
            latency_ms=(time.time() - start) * 1000,
            status=response.status_code,
            version=page.version,
            pod=page.pod,
            trouble=page.trouble,
            doubt=page.doubt,
            details_trouble=page.details_trouble,
            bytes=len(body),
            error=None,
        )
        self.recorder.keep(row, failed=False)


class Soup(HttpUser):
    """What one writes first: requests, and BeautifulSoup to find the stars."""

    @task
    def page(self) -> None:
        soup = BeautifulSoup(self.client.get("/productpage").content, "html.parser")
        soup.find_all(class_=lambda name: name is not None and name.startswith("text-"))


@events.init.add_listener
def _prepare(environment: Any, **_: Any) -> None:
    Bare.recorder = Recorder(lambda rows, account: True)
    gevent.spawn(_take_turns, environment)


def _take_turns(environment: Any) -> None:
    """Add up (requests, CPU seconds) of each way; what a turn has recorded is packed within the turn."""
    sums = {way: [0, 0.0] for way in WAYS}
    while environment.runner is None or not environment.runner.user_count:
        gevent.sleep(0.05)
    ways = WAYS if Bare in environment.user_classes else WAYS[:1]
    if Bare in environment.user_classes:
        for Bare.way in ways:  # what is done for the first time costs more, and once
            gevent.sleep(0.3)
        Bare.recorder.flush()
    turns = cycle(ways)
    while environment.runner.user_count:
        Bare.way = next(turns)
        begun = environment.stats.total.num_requests, time.process_time()
        gevent.sleep(0.5)
        if Bare.way != "bare":
            Bare.recorder.flush()
        sums[Bare.way][0] += environment.stats.total.num_requests - begun[0]
        sums[Bare.way][1] += time.process_time() - begun[1]
        _MEASURED[:] = [number for way in WAYS for number in sums[way]]


_MEASURED: list[float] = []


@events.test_stop.add_listener
def _end(**_: Any) -> None:
    print("measured", *_MEASURED)
