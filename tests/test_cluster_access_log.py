"""Proxies' logs through a real API server: every line is kept, or a gap is reported with its bounds."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_fixtures import Namespace
from control_plane import ControlPlane
from node import ContainerLog, Node

from setup.cluster import pods
from setup.cluster.access_log import ClusterAccessLog
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.mesh import Pod

pytestmark = pytest.mark.e2e
_DELAY = 0.3
"""Seconds that a line takes here: no Envoy holds it back."""

POD = "productpage-v1-abc"
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def node(plane: ControlPlane) -> Iterator[Node]:
    node = Node(plane)
    yield node
    node.close()


class Run:
    """A run's copy of the logs of one namespace, and what it comes to."""

    def __init__(self, namespace: Namespace, node: Node, into: Path) -> None:
        self.node = node
        self.name = namespace.name
        self.into = into
        api = Api(*connect(namespace=namespace.name))
        self.copy = ClusterAccessLog(api, lambda: pods.involved(api), into)
        self.copy.delay = _DELAY
        self.copy.pump()

    def text(self, pod: str = POD) -> list[str]:
        file = self.into / pod / "istio-proxy.log"
        return file.read_text().splitlines() if file.exists() else []

    def until(self, line: str, pod: str = POD) -> None:
        deadline = time.monotonic() + 60
        while line not in self.text(pod):
            self.copy.pump()
            assert time.monotonic() < deadline, f"never came: {line}"
            time.sleep(0.02)


@pytest.fixture
def log(namespace: Namespace, node: Node) -> ContainerLog:
    """What productpage's proxy writes: there are lines of before the run already."""
    node.pod(namespace.name, POD, {"app": "productpage", "version": "v1"})
    log = node.log(namespace.name, POD)
    log.write(agent(), *lines(3))
    return log


@pytest.fixture
def run(log: ContainerLog, namespace: Namespace, node: Node, tmp_path: Path) -> Run:
    return Run(namespace, node, tmp_path / "access-log")


def lines(count: int) -> list[str]:
    """Lines of the moment, no two alike."""
    return [line() for _ in range(count)]


def line() -> str:
    moment = time.time()
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}Z"
    return f'[{start}] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 375 11 11 id-{next(_NUMBERS)}'


def agent() -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S')}.025271Z\tinfo\tReadiness succeeded {next(_NUMBERS)}"


def time_in(text: str) -> str:
    return text[1 : text.index("]")]


def test_what_is_written_during_the_run_is_kept_and_nothing_else(run: Run, log: ContainerLog) -> None:
    log.until_followed()
    written = [*lines(50), agent(), *lines(50)]
    log.write(*written)
    run.until(written[-1])
    late = lines(3)
    log.write(*late)
    assert run.copy.finish() == []
    assert run.text() == written + late


def test_a_connection_that_breaks_within_a_line_loses_nothing(run: Run, log: ContainerLog) -> None:
    written = []
    for _ in range(3):
        log.until_followed()
        some = lines(20)
        log.write(*some, agent())
        written += some
        run.until(some[-1])
        log.cut()
        more = lines(5)
        log.write(*more)
        written += more
    run.until(written[-1])
    assert run.copy.finish() == []
    assert [one for one in run.text() if "Readiness" not in one] == written


def test_ten_thousand_lines_come_once_and_in_order_while_connections_break_at_random(
    run: Run, log: ContainerLog
) -> None:
    written, chance = [], random.Random(1)
    for _ in range(100):
        some = lines(100)
        log.write(*some)
        written += some
        if chance.random() < 0.1:
            log.until_followed()
            log.cut()
    run.until(written[-1])
    assert run.copy.finish() == []
    assert run.text() == written


def test_rotation_that_the_stream_survives_loses_nothing(run: Run, log: ContainerLog) -> None:
    log.until_followed()
    first, second = lines(10), lines(10)
    log.write(*first)
    run.until(first[-1])
    log.rotate(ends_follow=False)
    log.write(*second)
    run.until(second[-1])
    assert run.copy.finish() == []
    assert run.text() == first + second


def test_lines_that_rotation_took_away_unread_are_a_gap_with_its_bounds(run: Run, log: ContainerLog) -> None:
    log.until_followed()
    first = lines(10)
    log.write(*first)
    run.until(first[-1])
    log.cut()
    log.rotate("[2026-11-24T00:00:00.000Z] taken away unread")
    last = lines(10)
    log.write(*last)
    run.until(last[-1])
    assert run.copy.finish() == [
        f"the proxy log of {POD} may lack lines between {time_in(first[-1])} and {time_in(last[0])}: "
        "the log was rotated or its container restarted, unread"
    ]
    assert run.text() == first + last


@pytest.mark.parametrize("told", ["before the new log is read", "later"])
def test_a_container_that_restarts_loses_nothing(
    run: Run, log: ContainerLog, namespace: Namespace, told: str
) -> None:
    log.until_followed()
    first, dying, born = lines(10), lines(2), lines(10)
    log.write(*first)
    run.until(first[-1])
    if told == "before the new log is read":
        run.node.restarted(namespace.name, POD)
    log.cut()
    log.write(*dying)
    log.restart()
    log.write(*born)
    run.until(born[-1])
    if told == "later":
        run.node.restarted(namespace.name, POD)
    assert run.copy.finish() == []
    assert run.text() == first + dying + born


def test_a_pod_that_is_born_during_the_run_is_followed_from_its_first_line(
    run: Run, log: ContainerLog, namespace: Namespace
) -> None:
    first = lines(5)
    born = run.node.log(namespace.name, "productpage-v1-new")
    born.write(*first)
    run.node.pod(namespace.name, "productpage-v1-new", {"app": "productpage", "version": "v1"})
    run.until(first[-1], "productpage-v1-new")
    assert run.copy.finish() == []
    assert run.text("productpage-v1-new") == first
    assert {pod.name for pod in run.copy.pods()} == {POD, "productpage-v1-new"}


def test_a_pod_that_ends_in_order_is_complete(run: Run, log: ContainerLog, namespace: Namespace) -> None:
    log.until_followed()
    written = lines(10)
    log.write(*written)
    run.node.remove(namespace.name, POD)
    run.until(written[-1])
    assert run.copy.finish() == []
    assert run.text() == written


def test_a_pod_that_goes_while_its_log_cannot_be_read_is_a_gap(
    run: Run, log: ContainerLog, namespace: Namespace
) -> None:
    log.until_followed()
    written = lines(10)
    log.write(*written)
    run.until(written[-1])
    path = f"/api/v1/namespaces/{namespace.name}/pods/{POD}?gracePeriodSeconds=0"
    namespace.plane.call("DELETE", path)
    log.cut()
    assert run.copy.finish() == [
        f"the proxy log of {POD} may lack lines between {time_in(written[-1])} and its end: "
        "the pod went away while its log could not be read"
    ]
    assert run.text() == written


def test_a_log_that_is_empty_when_the_run_begins_is_kept_whole(
    namespace: Namespace, node: Node, tmp_path: Path
) -> None:
    node.pod(namespace.name, POD, {"app": "productpage"})
    run = Run(namespace, node, tmp_path / "access-log")
    written = [agent(), *lines(2)]
    node.log(namespace.name, POD).write(*written)
    run.until(written[-1])
    assert run.copy.finish() == []
    assert run.text() == written


def test_a_pod_whose_proxy_has_not_started_is_followed_when_it_has(
    namespace: Namespace, node: Node, tmp_path: Path
) -> None:
    node.pod(namespace.name, POD, {"app": "productpage"})
    log = node.log(namespace.name, POD)
    log.hold("container is waiting to start: PodInitializing")
    run = Run(namespace, node, tmp_path / "access-log")
    written = lines(2)
    log.write(*written)
    log.hold("")
    run.until(written[-1])
    assert run.copy.finish() == []
    assert run.text() == written


def test_a_copy_that_cannot_be_written_is_a_gap(run: Run, log: ContainerLog) -> None:
    log.until_followed()
    follower = run.copy._followers[POD]
    follower._target.close()
    follower._target = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the follower closes it
    log.write(*lines(1))
    follower._thread.join(30)
    (gap,) = run.copy.finish()
    assert gap.endswith("_UnwritableError: the copy cannot be written: No space left on device")


def test_pods_without_a_proxy_are_told_of_and_not_followed(
    run: Run, log: ContainerLog, namespace: Namespace
) -> None:
    labels = {"app": "reviews", "version": "v2"}
    run.node.pod(namespace.name, "reviews-v2-abc", labels, sidecar=False)
    assert run.copy.finish() == []
    reviews = next(pod for pod in run.copy.pods() if pod.name == "reviews-v2-abc")
    assert reviews == Pod("reviews-v2-abc", labels, reviews.ip, namespace.name)
    assert run.text("reviews-v2-abc") == []
