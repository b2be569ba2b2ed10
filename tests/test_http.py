"""The load's own client: one request for each ask, and an answer or the name of what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from page_servers import serving, whole
from ports import free_port

from locustfiles._http import Answer, Connection

Connect = Callable[..., Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with contextlib.ExitStack() as opened:

        def connect(url: str, timeout: float = 10) -> Connection:
            return opened.enter_context(contextlib.closing(Connection(url, "/productpage", timeout=timeout)))

        yield connect


def test_a_whole_answer_comes_back_with_its_status(connect: Connect) -> None:
    with serving(lambda _: whole(503, b"no healthy upstream")) as server:
        assert connect(server.url).get("tag") == Answer(503, b"no healthy upstream", None)
        assert server.user_agents == ["tag"]


def test_requests_share_a_connect(connect: Connect) -> None:
    with serving(lambda number: whole(200, b"%d" % number)) as server:
        client = connect(server.url)
        assert [client.get("tag").body for _ in range(3)] == [b"0", b"1", b"2"]


def test_a_connection_that_the_server_ends_is_opened_again(connect: Connect) -> None:
    with serving(lambda number: whole(200, b"%d" % number, "Connection: close")) as server:
        client = connect(server.url)
        assert [client.get("tag").body for _ in range(3)] == [b"0", b"1", b"2"]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (CHUNKED + b"0\r\n\r\n", Answer(200, b"onetwo", None)),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + whole(200, b"page"), Answer(200, b"page", None)),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", Answer(200, b"to the end", None)),
        (b"HTTP/1.0 200 OK\r\nX: Connection: close\r\n\r\nto the end", Answer(200, b"to the end", None)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"", None)),
    ],
    ids=["chunked", "announced", "to the end", "old", "no content"],
)
def test_every_way_of_ending_an_answer_is_understood(connect: Connect, text: bytes, answer: Answer) -> None:
    with serving(lambda _: text) as server:
        assert connect(server.url).get("tag") == answer


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "AnswerError"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nConte", "AnswerError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf", "AnswerError"),
        (CHUNKED.replace(b"chunked", b"chunked\r\nConnection: close"), "AnswerError"),
        (b"Connection: close\r\n\r\n", "HttpParserError"),
    ],
    ids=["silence", "half a head", "half a body", "half the chunks", "no HTTP"],
)
def test_half_an_answer_is_an_error_and_asked_for_once(connect: Connect, text: bytes, error: str) -> None:
    with serving(lambda _: text) as server:
        assert connect(server.url).get("tag") == Answer(0, b"", error)
        assert len(server.user_agents) == 1, "a second page would be one more than there are rows"


def test_after_an_error_the_next_request_starts_afresh(connect: Connect) -> None:
    with serving(lambda number: whole(200, b"page") if number else b"") as server:
        client = connect(server.url)
        assert [client.get("tag").status for _ in range(2)] == [0, 200]


def test_a_refused_connection_has_its_name(connect: Connect) -> None:
    answer = connect(f"http://127.0.0.1:{free_port()}").get("tag")
    assert answer == Answer(0, b"", "ConnectionRefusedError")


def test_a_silent_server_is_left_after_the_timeout(connect: Connect) -> None:
    with serving(lambda _: None) as server:
        assert connect(server.url, timeout=0.2).get("tag") == Answer(0, b"", "TimeoutError")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://", ""])
def test_what_is_no_address_is_refused(connect: Connect, url: str) -> None:
    with pytest.raises(ValueError, match="is no http"):
        connect(url)


def test_a_path_in_the_address_goes_before_the_page(connect: Connect) -> None:
    with serving(lambda _: whole(200, b"")) as server:
        connect(f"{server.url}/prefix/").get("tag")
        assert server.paths == ["/prefix/productpage"]
