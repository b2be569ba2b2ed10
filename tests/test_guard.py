"""The guard before Locust's web UI: which requests pass, and what every answer says."""

from __future__ import annotations

from typing import Any

import pytest

from locustfiles._guard import Guard, is_loopback

HERE = "127.0.0.1:8089"


def answer(method: str = "GET", bound: str = "127.0.0.1", host: str | None = HERE, **headers: str) -> Any:
    """Status and headers for a request with these headers, through an application that allows everything."""
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        start(
            "200 OK", [("Access-Control-Allow-Origin", environ.get("HTTP_ORIGIN", "*")), ("Vary", "Origin")]
        )
        return [b"done"]

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        seen.update(status=int(status.split(maxsplit=1)[0]), headers=dict(headers))

    environ = {"REQUEST_METHOD": method, **{f"HTTP_{name.upper()}": value for name, value in headers.items()}}
    if host is not None:
        environ["HTTP_HOST"] = host
    body = b"".join(Guard(application, bound)(environ, start))
    assert (body == b"done") == (seen["status"] == 200)
    return seen


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": f"http://{HERE}"},
        {"origin": f"http://{HERE}", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_the_page_itself_and_command_line_tools_may_post(headers: dict[str, str]) -> None:
    assert answer("POST", **headers)["status"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8089"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": f"http://{HERE}"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_other_page_may_post(method: str, headers: dict[str, str]) -> None:
    assert answer(method, **headers)["status"] == 403


def test_a_link_from_elsewhere_leads_here_but_a_script_or_a_frame_from_elsewhere_does_not() -> None:
    elsewhere = {"sec_fetch_site": "cross-site"}
    assert answer(**elsewhere, sec_fetch_mode="navigate", sec_fetch_dest="document")["status"] == 200
    assert answer(**elsewhere, sec_fetch_mode="navigate", sec_fetch_dest="iframe")["status"] == 403
    assert answer(**elsewhere, sec_fetch_mode="no-cors", sec_fetch_dest="script")["status"] == 403


@pytest.mark.parametrize(
    ("bound", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8089", 200),
        ("127.0.0.1", "localhost:8089", 200),
        ("127.0.0.1", "[::1]:8089", 200),
        ("127.0.0.1", "127.0.0.1:80", 200),  # forwarded from another port
        ("127.0.0.1", "evil.example:8089", 421),
        ("127.0.0.1", "127.0.0.1.evil.example:8089", 421),
        ("127.0.0.1", "192.168.0.7:8089", 421),
        ("127.0.0.1", "", 421),
        ("127.0.0.1", "[", 421),
        ("127.0.0.1", None, 421),
        ("", "192.168.0.7:8089", 200),
        ("0.0.0.0", "evil.example:8089", 421),
        ("load.example", "load.example:8089", 200),
    ],
)
def test_only_names_that_nobody_can_rebind_are_answered(bound: str, host: str | None, status: int) -> None:
    assert answer(bound=bound, host=host)["status"] == status


def test_no_answer_may_be_read_or_framed_by_another_page() -> None:
    assert answer(origin="http://evil.example")["headers"] == {
        "Vary": "Origin",
        "Content-Security-Policy": "frame-ancestors 'self'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
    }


@pytest.mark.parametrize(
    ("address", "is_it"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_known(address: str, is_it: bool) -> None:
    assert is_loopback(address) == is_it
