"""The users of a load, run by a real Locust against a real server: open, thinking, logged in, in shapes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import requests as http
from front_door import FrontDoor
from loads import RUN, check_that_all_is_there, finish, start
from page_servers import serving, three_versions, whole
from ports import free_port

from locustfiles import _command
from locustfiles._command import LoadPlan
from locustfiles._settings import Arrivals

pytestmark = pytest.mark.e2e
Plan = Callable[..., LoadPlan]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    def plan(url: str, **changes: object) -> LoadPlan:
        return LoadPlan(**{"url": url, "run": RUN, "folder": tmp_path / "run", **changes})

    return plan


class Stalling:
    """A server's answers: all at once, but for two seconds from the 400th request on nobody gets any."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.over = threading.Event()

    def answer(self, number: int) -> bytes:
        if number == 400:
            self.began = time.time()
        if self.began and (left := self.began + 2.0 - time.time()) > 0:
            self.over.wait(left)
        return three_versions(number)

    def truth(self, intended: np.ndarray) -> np.ndarray:
        """Milliseconds that whoever comes at those moments must wait."""
        assert self.began is not None
        left = self.began + 2.0 - intended
        return np.where(intended >= self.began, np.maximum(left, 0), 0) * 1000


def p95_of_a_stall(plan: Plan, folder: Path, **how: object) -> tuple[float, float, float]:
    """Milliseconds: as felt since the intended moment, as truly waited, and since the request left."""
    stall = Stalling()
    with serving(stall.answer) as server:
        wanted = plan(server.url, folder=folder, requests=1000, rate=100.0, **how)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    rows = ended.rows
    felt = (rows["start"] - rows["intended"]) * 1000 + rows["latency_ms"]
    waits = (felt, stall.truth(rows["intended"].to_numpy()), rows["latency_ms"])
    felt95, truth95, left95 = (float(np.percentile(wait, 95)) for wait in waits)
    return felt95, truth95, left95


def test_a_stall_of_two_seconds_in_ten_is_felt_by_everybody_who_asks_meanwhile(
    plan: Plan, tmp_path: Path
) -> None:
    """An open load sees it as it was, and a closed one, corrected by its schedule, sees what the other saw.

    Each within 10 %. A busy machine may add to any of them, so the best of three sittings counts; a load
    that corrects wrongly is off in all three.
    """
    for sitting in range(3):
        opened, truth, _ = p95_of_a_stall(plan, tmp_path / f"open-{sitting}", arrivals=Arrivals.CONSTANT)
        closed, _, uncorrected = p95_of_a_stall(plan, tmp_path / f"closed-{sitting}", users=20)
        assert truth > 1400
        assert uncorrected < truth / 2, "without its schedule, the closed load would have noticed little"
        if abs(opened / truth - 1) <= 0.1 and abs(closed / opened - 1) <= 0.1:
            return
    pytest.fail(f"the last sitting: open {opened:.0f} ms of {truth:.0f}, closed {closed:.0f}")


def test_poisson_arrivals_come_at_random_and_at_the_rate(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=400, rate=200.0, arrivals=Arrivals.POISSON, processes=2)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    intended = np.sort(ended.rows["intended"].to_numpy())
    assert 1.6 <= intended[-1] - intended[0] <= 2.4, "4 standard deviations of a Poisson count of 400"
    gaps = np.diff(intended)
    assert 0.7 <= gaps.std() / gaps.mean() <= 1.3


def test_the_cap_in_flight_delays_requests_and_is_reported(plan: Plan) -> None:
    def answer(number: int) -> bytes:
        server.closing.wait(0.2)
        return three_versions(number)

    with serving(answer) as server:
        wanted = plan(server.url, requests=40, rate=40.0, arrivals=Arrivals.CONSTANT, in_flight=4)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert ended.summary is not None
    assert ended.summary.workers[0].capped >= 20
    assert (ended.rows["start"] - ended.rows["intended"]).max() >= 0.5


def test_an_open_load_that_is_stopped_hears_what_is_in_flight(plan: Plan) -> None:
    def answer(number: int) -> bytes:
        server.closing.wait(0.5)
        return three_versions(number)

    with serving(answer) as server:
        wanted = plan(server.url, seconds=2, rate=50.0, arrivals=Arrivals.POISSON)
        ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.counts("status") == {200: len(ended.rows)}


def test_readers_who_think_ask_less_often(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=24, users=4, think=0.25)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    starts = ended.rows["start"]
    assert starts.max() - starts.min() >= 5 * 0.125


def test_a_shape_moves_the_number_of_readers_and_loses_no_row(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, users=10, seconds=5, shape="spike", think=0.1)
        ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert "Shape test updating to 10 users" in ended.log
    assert ended.log.count("Shape test updating to 1 users") == 2
    assert ended.counts("status") == {200: len(ended.rows)}


def test_any_application_tells_its_version_in_its_own_way(door: FrontDoor) -> None:
    """A server that draws evenly passes; the pages are the only witness, and the report says so."""

    def answer(number: int) -> bytes:
        return whole(200, b"hello", f"X-App-Version: 1.{number % 2}")

    with serving(answer) as server:
        options = ("--url", server.url, "--path", "/hello?a=1", "--version-from", "header:x-app-version")
        done = door("run", "--expect", "1.0=50,1.1=50", "--within", "20", "--alpha", "0.05", *options)
        assert set(server.paths) == {"/hello?a=1"}
    assert done.code == 0, done.err
    assert done.out.startswith("PASS  ")
    assert "no proxy log was at hand" in done.out


def test_an_answer_without_a_version_is_no_decision(plan: Plan) -> None:
    with serving(lambda _: whole(200, b"hello")) as server:
        wanted = plan(server.url, requests=4, version_from="json:version")
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert ended.counts("trouble") == {"no-version": 4}
    assert ended.summary is not None
    assert ended.summary.failures == 0


def test_a_user_who_logs_in_is_routed_as_that_user(standing: FrontDoor) -> None:
    routes = standing.cwd / "jason.yaml"
    routes.write_text(_FOR_JASON)
    assert standing("route", "-f", str(routes)).code == 0
    versions = {}
    for user in ((), ("--login", "jason")):
        options = ("--expect", "v1=50,v2=50", "--no-route", "--requests", "20", "--to-the-end", "--json")
        versions[user] = standing("run", *options, *user).json["witnesses"]
    assert versions == {
        (): {"proxy": {"v1": 20}, "page": {"v1": 20}},
        ("--login", "jason"): {"proxy": {"v2": 20}, "page": {"v2": 20}},
    }


def test_nobody_reads_when_nobody_can_log_in(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, users=2, login="jason")
        ended = finish(start(wanted), wanted)
        assert server.paths == []
    assert ended.code == 4
    assert ended.summary is not None
    assert ended.summary.trouble == ("nobody can log in as jason: 501",)


def test_the_json_interface_is_read_by_hand_too(standing: FrontDoor, tmp_path: Path) -> None:
    url = standing("status", "--json").json["meshes"][0]["url"]
    locustfile = Path(_command.__file__).with_name("reviews_api.py")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--only-summary"),
            *("--host", url.removesuffix("/productpage"), "--requests", "12", "-u", "2"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "12 requests, 12 rows, 0 failures" in done.stderr
    assert "/api/v1/products/0/reviews" in done.stdout + done.stderr


_FOR_JASON = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: reviews, subset: v2}}]
  - route: [{destination: {host: reviews, subset: v1}}]
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
"""


def test_the_form_of_locusts_web_page_takes_the_same_settings(tmp_path: Path) -> None:
    """What does not fit together is not read at all, and fails the load."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    locustfile = Path(_command.__file__).with_name("productpage.py")
    with serving(three_versions) as server:
        load = subprocess.Popen(
            [
                *(sys.executable, "-m", "locust", "-f", str(locustfile), "--host", server.url),
                *("--web-host", "127.0.0.1", "--web-port", str(port)),
            ],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            page = until(lambda: http.get(url, timeout=5).text)
            assert "weighbridge_version_from" in page
            form = {"user_count": 2, "spawn_rate": 2, "host": server.url, "weighbridge_path": "/x"}
            assert http.post(f"{url}/swarm", {**form, "weighbridge_requests": "7"}, timeout=5).json()[
                "success"
            ]
            server.wait_for(7)
            until(lambda: http.get(f"{url}/stats/requests", timeout=5).json()["state"] == "stopped")
            http.post(f"{url}/swarm", {**form, "weighbridge_path": "x"}, timeout=5)
            until(lambda: "cannot be as asked" in http.get(f"{url}/logs", timeout=5).text)
        finally:
            load.terminate()
            said, _ = load.communicate(timeout=60)
        assert server.paths == ["/x"] * 7
    assert "the load cannot be as asked: 'x' is no path" in said
    assert load.returncode == 4


T = TypeVar("T")


def until(found: Callable[[], T], seconds: float = 60) -> T:
    """What comes of it, as soon as something does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if result := found():
                return result
        except http.ConnectionError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)
