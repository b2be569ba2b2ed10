"""The gate for rollout controllers: what it answers to whom, on a run that lasts, has ended, or is none."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from analyzer.current import current
from analyzer.live import About, Answer, LiveSplit
from analyzer.records import Weights
from analyzer.report.metrics import exposition
from analyzer.run.decided import Drawn
from analyzer.run.folder import Promise, Run, RunFolder
from weighbridge.gate_door import Gate, Rules, told

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "example"
PROMISE = Promise(Weights.parse("v2=90,v3=10"), 5.0, 0.01, 0.95, 2000)


@contextmanager
def gate(run: Path, *, undecided: bool = False, max_age: float | None = None) -> Iterator[str]:
    with Gate("127.0.0.1", 0, Rules(run, undecided, max_age)) as door:
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield door.url
        finally:
            door.shutdown()
            thread.join()


def running(folder: Path, versions: str, at: float | None = None, claims: tuple[str, ...] = ()) -> RunFolder:
    """A run that lasts, in which these versions were drawn (2 for v2, 3 for v3)."""
    folder.mkdir(parents=True)
    now = time.time() if at is None else at
    promise = replace(PROMISE, claims=claims)
    run = Run("r1", promise, "http://x", {"kind": "local"}, (), "", {}, now - 60, None, now - 60)
    split = LiveSplit(promise, now - 60)
    split.add_calls([Drawn(f"v{version}", now - 30, now - 30) for version in versions])
    about = About(run="r1", witness="proxy", versions=("v2", "v3"))
    found = RunFolder(folder)
    found.write(run)
    found.live.write_bytes(split.state(about, now, 100.0, Answer(wish=0)).json())
    return found


def test_a_run_that_passed_opens_the_gate_to_a_webhook_of_flagger() -> None:
    body = {"name": "reviews", "namespace": "default", "phase": "Progressing", "metadata": {"a": "b"}}
    with gate(EXAMPLE) as url:
        answer = requests.post(f"{url}/gate", json=body, timeout=5)
    assert answer.status_code == 200
    assert answer.json() == {
        "passes": True,
        "run": "20261124-154604-c7f3",
        "running": False,
        "verdict": "pass",
        "reason": json.loads((EXAMPLE / "verdict.json").read_text())["split"]["reason"],
        "within": 5.0,
        "alpha": 0.01,
        "requests": 726,
        "shares": [
            {
                "version": version,
                "weight": weight,
                "promised": weight / 100,
                "requests": count,
                "share": count / 726,
                "low": pytest.approx(low, abs=1e-3),
                "high": pytest.approx(high, abs=1e-3),
            }
            for version, weight, count, low, high in (
                ("v2", 90, 649, 0.858, 0.922),
                ("v3", 10, 77, 0.078, 0.142),
            )
        ],
        "at": answer.json()["ended"],
        "ended": answer.json()["ended"],
    }


@pytest.mark.parametrize(
    ("versions", "verdict", "code"),
    [("2222222223" * 100, "pass", 200), ("23" * 50, "fail", 409), ("2223", "inconclusive", 409)],
)
def test_a_run_that_lasts_is_answered_by_what_is_certain_so_far(
    tmp_path: Path, versions: str, verdict: str, code: int
) -> None:
    running(tmp_path / "run", versions)
    with gate(tmp_path / "run") as url:
        hook, metric = requests.post(f"{url}/gate", timeout=5), requests.get(f"{url}/verdict", timeout=5)
    assert (hook.status_code, hook.json()["verdict"], hook.json()["running"]) == (code, verdict, True)
    assert (metric.status_code, metric.json()["verdict"]) == (200, verdict)


def test_an_undecided_run_may_be_let_pass_but_never_a_silent_one_or_none(tmp_path: Path) -> None:
    now = time.time()
    running(tmp_path / "lasts", "2223")
    running(tmp_path / "silent", "2223", at=now - 100)
    shutil.copytree(EXAMPLE, tmp_path / "broken")
    (tmp_path / "broken" / "verdict.json").write_text("{")
    answers = {
        name: told(Rules(tmp_path / name, True, None), now) for name in ("lasts", "silent", "broken", "none")
    }
    assert {name: answer.passes for name, answer in answers.items()} == {
        "lasts": True,
        "silent": False,
        "broken": False,
        "none": False,
    }
    assert answers["silent"].body["reason"] == "the run was last heard of 100 seconds ago, and has no verdict"
    assert "verdict.json is not readable" in answers["broken"].body["reason"]
    assert "there is no run in" in answers["none"].body["reason"]


@pytest.mark.parametrize("file", ["verdict.json", "live.json"])
@pytest.mark.parametrize("content", [b'{"verdict":"\xed\xa0\x80"}', b"[" * 100_000], ids=["no UTF-8", "deep"])
def test_whatever_stands_in_a_runs_files_the_gate_stays_shut_and_says_why(
    tmp_path: Path, file: str, content: bytes
) -> None:
    running(tmp_path / "run", "2" * 400 + "3" * 400)
    (tmp_path / "run" / file).write_bytes(content)
    if file == "verdict.json":
        run = json.loads((tmp_path / "run" / "run.json").read_text())
        (tmp_path / "run" / "run.json").write_text(json.dumps({**run, "ended": run["started"] + 1}))
    answer = told(Rules(tmp_path / "run", True, None), time.time())
    assert not answer.passes
    assert answer.body["reason"]


def test_a_silent_run_keeps_no_verdict_even_where_its_last_one_was_certain(tmp_path: Path) -> None:
    """Killed in the middle: what it would have found is not known, and no one judged it."""
    running(tmp_path / "run", "2222222223" * 100, at=time.time() - 100)
    body = told(Rules(tmp_path / "run", False, None), time.time()).body
    assert (body["verdict"], body["running"]) == ("inconclusive", False)


def test_the_split_alone_does_not_pass_a_run_with_further_claims(tmp_path: Path) -> None:
    running(tmp_path / "run", "2222222223" * 100, claims=("errors of v3 < 1%",))
    answer = told(Rules(tmp_path / "run", False, None), time.time())
    assert (answer.passes, answer.body["verdict"]) == (False, "inconclusive")


def test_of_a_folder_of_runs_the_latest_is_asked_each_time(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "first")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "run.json").write_text("[]")
    with gate(tmp_path) as url:
        assert requests.get(f"{url}/verdict", timeout=5).json()["run"] == "20261124-154604-c7f3"
        running(tmp_path / "second", "23" * 50, at=time.time() + 10**9)
        assert requests.get(f"{url}/verdict", timeout=5).json()["run"] == "r1"


def test_a_verdict_that_is_too_old_opens_nothing() -> None:
    ended = json.loads((EXAMPLE / "run.json").read_text())["ended"]
    fresh, old = (told(Rules(EXAMPLE, True, 60.0), ended + age) for age in (59, 61))
    assert (fresh.passes, old.passes) == (True, False)
    assert old.body == {
        "passes": False,
        "verdict": "inconclusive",
        "reason": "run 20261124-154604-c7f3 ended 61 seconds ago, more than 60",
    }


def test_metrics_are_those_of_the_run() -> None:
    with gate(EXAMPLE) as url:
        answer = requests.get(f"{url}/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.text == exposition(current(RunFolder(EXAMPLE), 0))


def test_what_is_no_question_is_refused() -> None:
    with gate(EXAMPLE) as url:
        host = url.removeprefix("http://")
        asked = {
            ("GET", "/"): 404,
            ("GET", "/../../etc/passwd"): 404,
            ("POST", "/verdict"): 405,
            ("DELETE", "/gate"): 501,
            ("GET", "/gate?x=<script>"): 200,
        }
        for (method, path), status in asked.items():
            connection = http.client.HTTPConnection(host, timeout=5)
            connection.request(method, path)
            assert connection.getresponse().status == status, (method, path)
            connection.close()
        too_much = {"Content-Length": str(10**12)}
        assert requests.post(f"{url}/gate", headers=too_much, timeout=5).status_code == 413
        assert requests.post(f"{url}/gate", headers={"Content-Length": "-1"}, timeout=5).status_code == 413


def test_many_who_ask_and_say_nothing_leave_room_for_others_when_they_go() -> None:
    with gate(EXAMPLE) as url:
        host, port = url.removeprefix("http://").split(":")
        silent = [socket.create_connection((host, int(port)), timeout=5) for _ in range(32)]
        for one in silent:
            one.sendall(b"GET /gate")
        while True:  # all places are taken: whoever comes now is sent away
            try:
                requests.get(f"{url}/gate", timeout=5)
            except requests.ConnectionError:
                break
        for one in silent:
            one.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                assert requests.get(f"{url}/gate", timeout=5).status_code == 200
            except requests.ConnectionError:
                continue
            break
        else:
            pytest.fail("nobody was let in any more")


def documents() -> list[dict[str, Any]]:
    """The YAML of docs/gate.md."""
    blocks = (ROOT / "docs" / "gate.md").read_text().split("```yaml\n")[1:]
    return [one for block in blocks for one in yaml.safe_load_all(block.partition("```")[0])]


def test_the_documented_objects_are_yaml_that_asks_for_what_the_gate_answers() -> None:
    kinds = {one["kind"]: one for one in documents()}
    hooks = kinds["Canary"]["spec"]["analysis"]["webhooks"]
    assert {hook["type"] for hook in hooks} == {"confirm-promotion", "rollout"}
    assert all(hook["url"].endswith(":8090/gate") for hook in hooks)
    (metric,) = kinds["AnalysisTemplate"]["spec"]["metrics"]
    web = metric["provider"]["web"]
    assert web["url"].endswith(":8090/verdict")
    assert web["jsonPath"] == "{$.verdict}"
    assert (metric["successCondition"], metric["failureCondition"]) == (
        'result == "pass"',
        'result == "fail"',
    )
