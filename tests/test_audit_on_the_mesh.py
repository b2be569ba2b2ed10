"""What breaks independence on real Envoys is found: users that stick to a version, weights that change."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests as http
from front_door import FrontDoor

from analyzer import requests, stars, tag
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.records import Outcome, Request, Weights
from analyzer.run import Promise, Run, RunFolder, RunPod
from setup import documents, routes
from setup.local.mesh import LocalMesh

pytestmark = pytest.mark.e2e

CANARY = Weights.parse("v2=90,v3=10")
BY_USER = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {regex: "tester-[123]"}}}]
    route: [{destination: {host: reviews, subset: v3}}]
  - route: [{destination: {host: reviews, subset: v2}}]
"""
USERS, PAGES = 30, 30


def logged_in(mesh: LocalMesh, name: str) -> http.Session:
    """A reader with a connection and a cookie of their own."""
    session = http.Session()
    session.post(f"{mesh.url}/login", data={"username": name}, allow_redirects=False, timeout=10)
    return session


def ask(mesh: LocalMesh, session: http.Session, seq: int) -> Request:
    start = time.time()
    agent = tag.user_agent(tag.Tag("sticky", 0, seq))
    answer = session.get(f"{mesh.url}/productpage", headers={"User-Agent": agent}, timeout=10)
    page, took = stars.page(answer.content), 1000 * (time.time() - start)
    size = len(answer.content)
    return Request(
        0, seq, start, start, took, answer.status_code, page.version, page.pod, None, None, False, size, None
    )


def read_by_users(mesh: LocalMesh, folder: RunFolder) -> Judgement:
    """Thirty users read page after page by turns; what they leave behind is a run like any other."""
    pods = tuple(RunPod(pod.name, pod.namespace, dict(pod.labels), pod.ip) for pod in mesh.pods())
    log = mesh.access_log(folder.access_log)
    started = time.time()
    sessions = [logged_in(mesh, f"tester-{user}") for user in range(USERS)]
    turns = range(USERS * PAGES)
    with ThreadPoolExecutor(4) as readers:
        rows = list(readers.map(lambda seq: ask(mesh, sessions[seq % USERS], seq), turns))
    for session in sessions:
        session.close()
    folder.requests.mkdir()
    requests.write(rows, requests.chunk(folder.requests, 1))
    missing = tuple(log.finish())
    promise = Promise(CANARY, 5.0, 0.05, 0.95, 818)
    described, text = mesh.describe(), documents.dump(mesh.documents())
    folder.write(
        Run(
            "sticky",
            promise,
            mesh.url,
            described,
            pods,
            text,
            {},
            started,
            None,
            None,
            time.time(),
            "",
            missing,
        )
    )
    return judge(folder)


def test_users_that_stick_to_a_version_are_found_and_pass_nothing(mesh: LocalMesh, tmp_path: Path) -> None:
    """Three of thirty users get v3 every time: a tenth of the calls, but only thirty draws."""
    mesh.route(routes.split(CANARY))
    mesh.route(documents.read(BY_USER, "by-user.yaml"))
    judgement = read_by_users(mesh, RunFolder(tmp_path))
    found = {check.name: check for check in judgement.audit.checks}
    assert judgement.by_proxy is not None
    assert judgement.by_proxy.as_dict() == {"v2": 27 * PAGES, "v3": 3 * PAGES}
    assert judgement.matching is not None
    assert judgement.matching.is_perfect
    assert found["connection"].pattern == "clustered"
    assert found["connection"].effective_requests <= 2 * USERS
    assert found["sequence of a connection"].pattern == "clustered"
    assert (judgement.split.outcome, judgement.outcome) == (Outcome.PASS, Outcome.UNDECIDED)
    assert judgement.objections[0].startswith("The split differs over connection (")


def test_weights_that_change_during_the_run_are_found(standing: FrontDoor) -> None:
    """A third of the calls move from one version to the other half way: time tells, with near certainty."""
    run = standing.start(
        "run", "v2=50,v3=50", "--within", "20", "--alpha", "0.05", "--to-the-end", "--requests", "900",
        "--rate", "200", "--out", "drift", "--json",
    )  # fmt: skip
    rows = standing.cwd / "drift" / "requests"
    run.until(lambda: rows.exists() and len(list(rows.glob("*.parquet"))) >= 2)
    assert standing("route", "v2=85,v3=15").code == 0
    checks = {check["name"]: check for check in run.done().json["audit"]["checks"]}
    assert checks["time"]["pattern"] == "clustered"
    assert checks["time"]["words"].startswith("The split differs over time (")
    assert checks["connection"]["pattern"] == "independent", "every reader saw the same change"
