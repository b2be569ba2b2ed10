"""What breaks independence on real Envoys is found: users that stick to a version, weights that change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from readers import ask, begun, ended, reader

from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.records import Outcome, Weights
from analyzer.run.folder import Promise, RunFolder
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
PROMISE = Promise(CANARY, 5.0, 0.05, 0.95, 818)


def read_by_users(mesh: LocalMesh, folder: RunFolder) -> Judgement:
    """Thirty users read page after page by turns."""
    log, run = mesh.access_log(folder.access_log), begun(mesh, "sticky", PROMISE)
    sessions = [reader(mesh, f"tester-{user}") for user in range(USERS)]
    with ThreadPoolExecutor(4) as readers:
        turns = range(USERS * PAGES)
        rows = list(readers.map(lambda seq: ask(mesh, "sticky", sessions[seq % USERS], seq), turns))
    for session in sessions:
        session.close()
    log.finish()
    ended(mesh, folder, run, rows)
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


def test_weights_that_change_during_the_run_are_found(mesh: LocalMesh, tmp_path: Path) -> None:
    """As many calls at 50 % as at 15 %: time tells, with near certainty; to each connection all are alike."""
    folder = RunFolder(tmp_path)
    log, run = mesh.access_log(folder.access_log), begun(mesh, "drift", PROMISE)
    sessions = [reader(mesh, "") for _ in range(4)]
    rows = []
    for weights in ("v2=50,v3=50", "v2=85,v3=15"):
        mesh.route(routes.split(Weights.parse(weights)))
        rows += [ask(mesh, "drift", sessions[seq % 4], seq) for seq in range(len(rows), len(rows) + 400)]
    for session in sessions:
        session.close()
    log.finish()
    ended(mesh, folder, run, rows)
    checks = {check.name: check for check in judge(folder).audit.checks}
    assert checks["time"].pattern == "clustered"
    assert checks["time"].words.startswith("The split differs over time (")
    assert checks["connection"].pattern == "independent", "every connection saw the same change"
