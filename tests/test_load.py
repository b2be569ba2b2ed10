"""The load, run by a real Locust against a real server: every request sent is a row, however it ends."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from loads import RUN, check_that_all_is_there, finish, start
from page_servers import serving, three_versions, whole
from ports import free_port

from analyzer import tag
from locustfiles import _command
from locustfiles._command import LoadPlan
from locustfiles._settings import ROWS

pytestmark = pytest.mark.e2e


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., LoadPlan]:
    def plan(url: str, **changes: object) -> LoadPlan:
        return LoadPlan(**{"url": url, "run": RUN, "folder": tmp_path / "run", "users": 4, **changes})

    return plan


Plan = Callable[..., LoadPlan]


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody signed."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    whose = ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *what, *whose], check=True, capture_output=True)  # noqa: S607 - the machine's
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_exactly_the_requests_that_were_asked_for_become_rows(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=301)
        ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    assert len(ended.rows) == 301
    check_that_all_is_there(ended, server)
    assert ended.counts("version") == {"v1": 101, "v2": 100, "v3": 100}
    assert ended.counts("pod") == {
        "reviews-v1-84779c7bbc-9drws": 101,
        "reviews-v2-84779c7bbc-9drws": 100,
        "reviews-v3-84779c7bbc-9drws": 100,
    }
    assert set(ended.rows["status"]) == {200}
    assert set(server.paths) == {"/productpage"}
    assert "301 requests, 301 rows on disk, 0 failures" in ended.log


@pytest.mark.parametrize(("insecure", "error"), [(True, None), (False, "SSLCertVerificationError")])
def test_a_gateway_with_a_certificate_of_its_own_is_trusted_only_when_asked(
    plan: Plan, tmp_path: Path, insecure: bool, error: str | None
) -> None:
    with serving(three_versions, self_signed(tmp_path)) as server:
        wanted = plan(server.url, requests=12, insecure=insecure)
        ended = finish(start(wanted), wanted)
    assert ended.counts("error") == ({error: 12} if error else {})
    assert ended.counts("status") == ({0: 12} if error else {200: 12})


def imported(log: str) -> set[str]:
    """The packages, without their modules, of which Python tells."""
    return set(re.findall(r"import time: +[0-9]+ \| +[0-9]+ \| +([a-z_]+)\n", log))


def test_whatever_a_load_needs_is_imported_before_it_begins(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import takes up to half a second, in which no request is sent and no answer is read."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=50)
        ended = finish(start(wanted), wanted)
    before, begun, meanwhile = ended.log.partition(" Ramping to ")
    assert begun
    assert {"locust", "pandas", "pyarrow"} <= imported(before)
    assert imported(meanwhile) == set()


def test_one_request_is_a_load_too(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=1)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert len(ended.rows) == 1


def test_a_refused_connection_is_a_row_and_no_reason_for_an_exit_code(plan: Plan) -> None:
    wanted = plan(f"http://127.0.0.1:{free_port()}", requests=20)
    ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    assert ended.counts("error") == {"ConnectionRefusedError": 20}
    assert ended.counts("status") == {0: 20}
    assert ended.summary is not None
    assert (ended.summary.requests, ended.summary.failures) == (20, 20)


def test_failures_of_every_kind_are_rows_beside_the_pages(plan: Plan) -> None:
    answers = [
        whole(503, b"no healthy upstream"),
        whole(200, b"<h1>It works!</h1>"),
        b"",
        whole(500, b"\xff\xfe not even text"),
        three_versions(2),
    ]
    with serving(lambda number: answers[number % 5]) as server:
        wanted = plan(server.url, requests=50)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert ended.counts("status") == {200: 20, 503: 10, 500: 10, 0: 10}
    assert ended.counts("error") == {"AnswerError": 10}
    assert ended.counts("trouble") == {"not-a-page": 40}
    assert ended.counts("version") == {"v3": 10}
    assert ended.summary is not None
    assert ended.summary.failures == 40


def test_pages_without_reviews_are_data_not_failures(plan: Plan) -> None:
    page = b'<p class="text-2xl text-red-500">Error fetching product reviews</p>'
    with serving(lambda _: whole(200, page)) as server:
        wanted = plan(server.url, requests=10)
        ended = finish(start(wanted), wanted)
    assert ended.counts("trouble") == {"reviews": 10}
    assert ended.summary is not None
    assert ended.summary.failures == 0


def test_a_hanging_server_gives_rows_that_timed_out(plan: Plan) -> None:
    with serving(lambda _: None) as server:
        wanted = plan(server.url, requests=8, timeout=0.5)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert ended.counts("error") == {"TimeoutError": 8}
    assert ended.rows["latency_ms"].min() >= 500


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_load_that_is_told_to_stop_keeps_every_row(plan: Plan, how: signal.Signals) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url)
        load = start(wanted)
        server.wait_for(200)
        load.send_signal(how)
        ended = finish(load, wanted)
    assert ended.code == 0, ended.log
    assert len(ended.rows) >= 200
    check_that_all_is_there(ended, server)


def test_an_answer_that_is_not_waited_for_is_a_row_that_says_so(plan: Plan) -> None:
    """Its request was sent, so the proxies have a line of it."""
    with serving(lambda _: None) as server:
        wanted = plan(server.url)
        load = start(wanted, ("--stop-timeout", "1"))
        server.wait_for(4)
        load.send_signal(signal.SIGTERM)
        ended = finish(load, wanted)
        check_that_all_is_there(ended, server)
    assert ended.counts("error") == {"Cut": 4}


def test_a_load_that_is_killed_leaves_whole_chunks(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, rate=100.0)
        load = start(wanted)
        server.wait_for(300)
        load.kill()
        ended = finish(load, wanted)
    assert ended.summary is None
    assert len(ended.rows) >= 50
    assert list(ended.rows["seq"]) == list(range(len(ended.rows)))


def test_a_load_ends_after_its_seconds(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, seconds=2)
        ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.summary is not None
    assert ended.summary.ended - ended.summary.started >= 1.9


def test_the_rate_is_held_by_the_schedule(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=120, rate=60.0)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    intended = ended.rows["intended"].sort_values()
    assert 1.9 <= intended.max() - intended.min() <= 2.1
    assert (ended.rows["start"] >= ended.rows["intended"]).all()
    assert intended.diff().dropna().std() > 0.001, "readers in step would ask at even distances"


def test_a_stalled_answer_makes_later_requests_late_instead_of_fewer(plan: Plan) -> None:
    """With one user and a stall of a second, the slots of that second are all taken, late."""

    def answer(number: int) -> bytes:
        if number == 10:
            server.closing.wait(1.0)
        return three_versions(number)

    with serving(answer) as server:
        wanted = plan(server.url, users=1, requests=100, rate=50.0)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    assert (ended.rows["start"] - ended.rows["intended"]).max() >= 0.9


def test_nobodys_configuration_is_picked_up(plan: Plan, tmp_path: Path) -> None:
    hostile = "users = 50\nheadless = false\nno-such-option = 1\n"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".locust.conf").write_text(hostile)
    base = {**os.environ, "HOME": str(home), "LOCUST_HTML": str(tmp_path / "x.html"), "LOCUST_USERS": "50"}
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=8)
        ended = finish(start(wanted, base=base), wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert 'All users spawned: {"Reader": 4}' in ended.log
    assert not (tmp_path / "x.html").exists()


def test_rows_of_another_run_are_never_written_over(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=4)
        finish(start(wanted), wanted)
        again = finish(start(wanted), wanted)
    assert again.code != 0
    assert "already holds rows" in again.log
    assert len(again.rows) == 4


def test_rows_that_cannot_be_written_end_in_an_exit_code_of_their_own(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=100, rate=50.0)
        load = start(wanted)
        server.wait_for(1)
        (wanted.folder / ROWS).rename(wanted.folder / "taken-away")
        ended = finish(load, wanted)
    assert ended.code == 4, ended.log
    assert ended.summary is not None
    assert not ended.summary.complete


def by_hand(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Locust as somebody types it, in a folder of their own."""
    locustfile = Path(_command.__file__).with_name("productpage.py")
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--only-summary", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(locustfile.parent.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def test_the_locustfile_runs_by_hand_without_rows(tmp_path: Path) -> None:
    with serving(three_versions) as server:
        done = by_hand(tmp_path, "--host", server.url, "-t", "1s")
    assert done.returncode == 0, done.stdout
    assert {tag.parse(text) is not None for text in server.user_agents} == {True}
    assert list(tmp_path.iterdir()) == []


def test_by_hand_without_an_address_locust_says_so_and_leaves(tmp_path: Path) -> None:
    done = by_hand(tmp_path, "--host", "localhost:8080")
    assert "'localhost:8080' is no http:// or https:// address: give --host" in done.stdout
