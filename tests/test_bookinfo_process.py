"""The Bookinfo process as it runs: real sockets and real signals, and a sidecar that only routes by Host."""

from __future__ import annotations

import http.client
import itertools
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bookinfo_process import Bookinfo, pod_name, running, spec, start, start_from

from setup.local.bookinfo.control import clear_faults, faults, set_fault
from setup.local.bookinfo.faults import Fault
from setup.local.bookinfo.spec import BookinfoError, Generation, Timeouts

pytestmark = pytest.mark.e2e
NAME = len(pod_name("reviews", "v1"))
QUICK = Timeouts(page=1.0, black=20.0, red=0.2)
"""The real ones stand as 3 to 10 to 2.5: here, too, v3 gives up before productpage does, and v2 after it."""
SLOW = 3.0
"""Seconds: longer than productpage waits, shorter than v2."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bookinfo]:
    with running(tmp_path_factory.mktemp("bookinfo"), timeouts=QUICK) as bookinfo:
        yield bookinfo


@pytest.fixture
def bookinfo(shared: Bookinfo) -> Iterator[Bookinfo]:
    """The one process, without faults, v1 behind the name reviews, and nothing remembered."""
    clear_faults(shared.control)
    shared.sidecar.calls.clear()
    shared.sidecar.reviews = itertools.repeat("v1")
    yield shared
    clear_faults(shared.control)


def page(bookinfo: Bookinfo, **more: object) -> requests.Response:
    return requests.get(f"{bookinfo.url}/productpage", timeout=20, **more)


def exchange(address: tuple[str, int], data: bytes) -> bytes:
    """Everything that comes back for these bytes until the other side closes."""
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65536), b""))


# Pages


@pytest.mark.parametrize(
    ("version", "size", "colour"),
    [
        ("v1", 9375 + 2 * NAME, None),
        ("v2", 15018 + 2 * NAME, "text-black-500"),
        ("v3", 15014 + 2 * NAME, "text-red-500"),
    ],
)
def test_the_version_that_answers_is_the_version_on_the_page(
    bookinfo: Bookinfo, version: str, size: int, colour: str | None
) -> None:
    bookinfo.sidecar.reviews = itertools.repeat(version)
    answer = page(bookinfo)
    assert (answer.status_code, len(answer.content)) == (200, size)
    assert answer.text.count(pod_name("reviews", version)) == 2
    assert colour is None or answer.text.count(colour) == 2
    ratings = [] if version == "v1" else ["ratings"]
    assert bookinfo.sidecar.services() == ["details", "reviews", *ratings]


@pytest.mark.parametrize("generation", [Generation.A, Generation.B])
def test_older_generations_are_served_as_well(tmp_path: Path, generation: Generation) -> None:
    with running(tmp_path, generation) as bookinfo:
        bookinfo.sidecar.reviews = itertools.repeat("v3")
        assert len(page(bookinfo).content) == {"A": 5179, "B": 5263 + NAME}[generation]


def test_pages_in_a_row_use_one_connection_to_the_sidecar(tmp_path: Path) -> None:
    with running(tmp_path) as bookinfo:
        for _ in range(5):
            assert page(bookinfo).status_code == 200
        assert bookinfo.sidecar.services() == ["details", "reviews"] * 5
        assert bookinfo.sidecar.connections == 1


# Trouble


def test_reviews_are_asked_a_second_time_and_the_weights_draw_anew(bookinfo: Bookinfo) -> None:
    set_fault(bookinfo.control, Fault("reviews", "v3", status=500))
    bookinfo.sidecar.reviews = itertools.cycle(["v3", "v2"])
    assert "text-black-500" in page(bookinfo).text
    assert bookinfo.sidecar.services() == ["details", "reviews", "reviews", "ratings"]


def test_reviews_down_is_two_calls_and_a_page_with_status_200(bookinfo: Bookinfo) -> None:
    set_fault(bookinfo.control, Fault("reviews", status=503))
    answer = page(bookinfo)
    assert (answer.status_code, len(answer.content)) == (200, 7712)
    assert "Error fetching product reviews" in answer.text
    assert bookinfo.sidecar.services() == ["details", "reviews", "reviews"]
    direct = requests.get(f"{bookinfo.url}/api/v1/products/0/reviews", timeout=20)
    assert (direct.status_code, list(direct.json())) == (503, ["error"])


def test_ratings_down_still_names_the_pod_of_reviews(bookinfo: Bookinfo) -> None:
    set_fault(bookinfo.control, Fault("ratings", status=500))
    bookinfo.sidecar.reviews = itertools.repeat("v2")
    answer = page(bookinfo)
    assert (answer.status_code, len(answer.content)) == (200, 9615 + 2 * NAME)
    assert answer.text.count("Ratings service is currently unavailable") == 2
    assert answer.text.count(pod_name("reviews", "v2")) == 2


def test_details_down_leaves_the_reviews(bookinfo: Bookinfo) -> None:
    set_fault(bookinfo.control, Fault("details", status=500))
    bookinfo.sidecar.reviews = itertools.repeat("v2")
    assert len(page(bookinfo).content) == 13473 + 2 * NAME


def test_slow_ratings_make_v2_a_reviews_error(bookinfo: Bookinfo) -> None:
    """v2 waits for ratings longer than productpage waits for v2, twice."""
    set_fault(bookinfo.control, Fault("ratings", delay=SLOW))
    bookinfo.sidecar.reviews = itertools.repeat("v2")
    assert "Error fetching product reviews" in page(bookinfo).text
    assert bookinfo.sidecar.services().count("reviews") == 2


def test_slow_ratings_make_v3_a_page_without_stars(bookinfo: Bookinfo) -> None:
    """v3 gives ratings up before productpage gives v3 up."""
    set_fault(bookinfo.control, Fault("ratings", delay=SLOW))
    bookinfo.sidecar.reviews = itertools.repeat("v3")
    assert "Ratings service is currently unavailable" in page(bookinfo).text
    assert bookinfo.sidecar.services() == ["details", "reviews", "ratings"]


def test_a_sidecar_that_is_gone_is_an_error_on_the_page(tmp_path: Path) -> None:
    what = spec(tmp_path)
    front = next(pod.listen for pod in what.pods if pod.app == "productpage")
    with start(what, tmp_path) as process:
        assert process.stdout.readline() == "ready\n"
        answer = requests.get(f"http://{front[0]}:{front[1]}/productpage", timeout=20)
        process.terminate()
    assert answer.status_code == 200
    assert "Error fetching product details" in answer.text
    assert "Error fetching product reviews" in answer.text


# Headers


@pytest.mark.parametrize("agent", [b'a "quoted" b\\c\td', b"caf\xe9 \xff\x80", b"x" * 60_000])
def test_a_user_agent_reaches_every_service_byte_by_byte(bookinfo: Bookinfo, agent: bytes) -> None:
    bookinfo.sidecar.reviews = itertools.repeat("v2")
    request = b"GET /productpage HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n" % agent
    assert exchange(bookinfo.page, request).startswith(b"HTTP/1.1 200 OK\r\n")
    assert bookinfo.sidecar.services() == ["details", "reviews", "ratings"]
    assert [call.header(b"user-agent") for call in bookinfo.sidecar.calls] == [agent] * 3


def test_who_has_logged_in_is_known_to_every_service(bookinfo: Bookinfo) -> None:
    bookinfo.sidecar.reviews = itertools.repeat("v2")
    with requests.Session() as browser:
        form = {"username": "jason", "passwd": "anything"}
        front = {"Referer": f"{bookinfo.url}/productpage"}
        answer = browser.post(f"{bookinfo.url}/login", data=form, headers=front, timeout=20)
        assert "jason" in answer.text
        assert [call.header(b"end-user") for call in bookinfo.sidecar.calls] == [b"jason"] * 3
        bookinfo.sidecar.calls.clear()
        assert "jason" not in browser.get(f"{bookinfo.url}/logout", headers=front, timeout=20).text
        assert [call.header(b"end-user") for call in bookinfo.sidecar.calls] == [None] * 3


def test_a_forged_cookie_is_nobody(bookinfo: Bookinfo) -> None:
    assert "jason" not in page(bookinfo, cookies={"session": "amFzb24=.forged"}).text
    assert [call.header(b"end-user") for call in bookinfo.sidecar.calls] == [None, None]


# HTTP


def test_requests_sent_together_are_answered_in_their_order(bookinfo: Bookinfo) -> None:
    answers = exchange(
        bookinfo.page,
        b"GET /productpage HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert [answers.count(b"HTTP/1.1 200 OK"), answers.endswith(b"\r\n\r\nProduct page is healthy")] == [
        2,
        True,
    ]
    assert answers.index(b"Book Reviews") < answers.index(b"Product page is healthy")


def test_head_is_get_without_the_body(bookinfo: Bookinfo) -> None:
    answer = exchange(bookinfo.page, b"HEAD /productpage HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, body = answer.split(b"\r\n\r\n")
    assert (b"content-length: %d" % (9375 + 2 * NAME) in head, body) == (True, b"")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"rubbish\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (
            b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_100_000,
            b"HTTP/1.1 413",
        ),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(
    bookinfo: Bookinfo, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(bookinfo.page, timeout=10) as sock:
        sock.sendall(sent)
        assert sock.recv(4096).startswith(status)


def test_an_upgrade_is_not_taken_and_http_goes_on(bookinfo: Bookinfo) -> None:
    connection = http.client.HTTPConnection(*bookinfo.page, timeout=10)
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQ"}
    for headers in (upgrade, {}):
        connection.request("GET", "/health", headers=headers)
        assert connection.getresponse().read() == b"Product page is healthy"
    connection.close()


# The control socket


def test_faults_are_set_listed_replaced_and_cleared(bookinfo: Bookinfo) -> None:
    set_fault(bookinfo.control, Fault("reviews", "v3", 503, 0.2, 1.5))
    set_fault(bookinfo.control, Fault("ratings", delay=7.0))
    set_fault(bookinfo.control, Fault("ratings", status=500))
    assert faults(bookinfo.control) == (Fault("reviews", "v3", 503, 0.2, 1.5), Fault("ratings", status=500))
    clear_faults(bookinfo.control)
    assert faults(bookinfo.control) == ()


def test_the_control_socket_is_its_owner_s_alone(bookinfo: Bookinfo) -> None:
    assert stat.S_IMODE(bookinfo.control.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (b"nonsense\n", b"JSON is malformed"),
        (b'{"stop": true}\n', b"unknown field `stop`"),
        (b'{"set": {"app": "mongodb"}}\n', b"'mongodb' is no service of Bookinfo - at `$.set`"),
        (b'{"set": {"app": "reviews", "version": "v9"}}\n', b"there is no reviews v9"),
        (b'{"set": {"app": "reviews", "share": 2}}\n', b"share 2.0 is not between 0 and 1 - at `$.set`"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_nothing_changes(
    bookinfo: Bookinfo, order: bytes, why: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(bookinfo.control))
        sock.sendall(order)
        answer = sock.recv(4096)
    assert answer.startswith(b'{"error":"')
    assert why in answer
    assert faults(bookinfo.control) == ()


def test_no_process_at_the_control_socket_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(BookinfoError, match="does not answer") as caught:
        faults(tmp_path / "none.sock")
    assert caught.value.hint == "is the mesh up?"


# Beginning and end


def test_sigterm_lets_a_page_in_flight_finish(tmp_path: Path) -> None:
    with running(tmp_path) as bookinfo:
        bookinfo.sidecar.reviews = itertools.repeat("v2")
        set_fault(bookinfo.control, Fault("details", delay=0.3))
        answers: list[requests.Response] = []
        browser = threading.Thread(target=lambda: answers.append(page(bookinfo)))
        browser.start()
        bookinfo.sidecar.wait_for("details")
        bookinfo.process.send_signal(signal.SIGTERM)
        browser.join()
        assert bookinfo.process.wait(timeout=10) == 0
        assert [len(answer.content) for answer in answers] == [15018 + 2 * NAME]
        assert bookinfo.process.stderr.read() == ""
        assert not bookinfo.control.exists()


def test_sigterm_cuts_off_what_takes_too_long(tmp_path: Path) -> None:
    with running(tmp_path, timeouts=Timeouts(page=60.0)) as bookinfo:
        set_fault(bookinfo.control, Fault("details", delay=60.0))
        with socket.create_connection(bookinfo.page, timeout=20) as sock:
            sock.sendall(b"GET /productpage HTTP/1.1\r\nHost: x\r\n\r\n")
            bookinfo.sidecar.wait_for("details")
            bookinfo.process.send_signal(signal.SIGTERM)
            assert bookinfo.process.wait(timeout=10) == 0
            assert sock.recv(4096) == b""
        assert bookinfo.process.stderr.read() == ""


def test_a_taken_port_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    what = spec(tmp_path)
    pod = what.pods[3]
    with socket.create_server(pod.listen):
        process = start(what, tmp_path)
        output, errors = process.communicate(timeout=20)
    ip, port = pod.listen
    assert (process.returncode, output) == (1, "")
    assert errors == f"{pod.name} cannot listen on {ip}:{port}: Address already in use\n"
    assert not Path(what.control).exists()


def test_a_taken_control_path_is_named_and_left_alone(tmp_path: Path) -> None:
    what = spec(tmp_path)
    Path(what.control).write_text("somebody's")
    process = start(what, tmp_path)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors == f"cannot bind the control socket {what.control}: Address already in use\n"
    assert Path(what.control).read_text() == "somebody's"


def test_a_spec_that_cannot_be_read_is_one_line_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{}")
    process = start_from(tmp_path / "spec.json")
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert "Object missing required field `generation`" in errors
