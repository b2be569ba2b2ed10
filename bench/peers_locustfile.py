"""Other ways to read a page with Locust: what ``bench.load`` holds our reader against."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from locust import FastHttpUser, HttpUser, events, task

import gevent
from bs4 import BeautifulSoup

from analyzer import stars, tag
from analyzer.records import Request
from locustfiles._recorder import Recorder


class Bare(FastHttpUser):
    """Locust's own fast client, which does nothing with the page, and the same with all that we do with it.

    Both by turns of half a second in one process, so that whatever else the machine does meets both.
    """

    sequence = count()
    recorder: Recorder
    recording = False

    @task
    def page(self) -> None:
        if Bare.recording:
            self._record()
        else:
            self.client.get("/productpage")

    def _record(self) -> None:
        seq = next(self.sequence)
        start = time.time()
        self.recorder.leave(seq, start)
        headers = {"User-Agent": tag.user_agent(tag.Tag("bench", 0, seq))}
        response = self.client.get("/productpage", headers=headers)
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
    """Add up (requests, CPU seconds) of either way; what a turn has recorded is packed within the turn."""
    sums = {False: [0, 0.0], True: [0, 0.0]}
    while environment.runner is None or not environment.runner.user_count:
        gevent.sleep(0.05)
    Bare.recording = True
    gevent.sleep(0.5)  # what is done for the first time costs more, and once
    Bare.recorder.flush()
    Bare.recording = False
    while environment.runner.user_count:
        begun = environment.stats.total.num_requests, time.process_time()
        gevent.sleep(0.5)
        if Bare.recording:
            Bare.recorder.flush()
        sums[Bare.recording][0] += environment.stats.total.num_requests - begun[0]
        sums[Bare.recording][1] += time.process_time() - begun[1]
        Bare.recording = not Bare.recording and Bare in environment.user_classes
        _MEASURED[:] = [number for way in (False, True) for number in sums[way]]


_MEASURED: list[float] = []


@events.test_stop.add_listener
def _end(**_: Any) -> None:
    print("measured", *_MEASURED)
