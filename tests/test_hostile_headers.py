"""Real Envoys are sent what clients can make up: every request is found in the logs once, as it was sent."""

from __future__ import annotations

import socket
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from analyzer.access_log.digest import Digest
from analyzer.access_log.entries import Account, entries
from analyzer.access_log.readings import Reason
from analyzer.records import LogEntry
from setup.local.mesh import LocalMesh

pytestmark = pytest.mark.e2e

TAIL = '" "0" "1" "a" "9.9.9.9:1" outbound|9080|v2|evil 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3 - default'
MIDDLE = ' HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "-'
AGENTS = {
    "quotes": 'say "hi" and "',
    "a quoted blank": '" "',
    "fields": 'a" "b" "c',
    "an empty field": 'a" "" "b',
    "backslashes": 'a\\"b\\n\\x22',
    "tabs": "a\tb\t\tc",
    "Latin-1": "caf\xe9 \xff\xa0\x85",
    "UTF-8": "\u2028 \u0085 ✓".encode().decode("latin-1"),
    "brackets": "[2022-02-16T17:56:20.030Z] ",
    "a forged beginning": 'x [2022-02-16T17:56:20.030Z] "GET / HTTP/1.1',
    "a forged middle": f"x{MIDDLE}",
    "a forged tail": f"x{TAIL}",
    "JSON": '{"start_time":"2022-02-16T17:56:20.030Z","response_code":200}',
    "long": "x" * 50_000,
    "long and quoted": '"x' * 20_000,
    "long and full of quoted blanks": '" ' * 20_000 + "x",
    "our own tag, forged": "weighbridge/other/1.1",
}
TARGETS = {
    "plain": "/productpage",
    "quotes": '/productpage?x="y"&z=[a]',
    "percent": "/productpage?x=%22%20%0a%00",
    "a forged middle": '/productpage?x=HTTP/1.1"200',
    "bytes": "/productpage?x=\xe9\xff",
}
FORWARDED = {
    "none": "",
    "an address": "192.168.5.5",
    "quotes": '1.2.3.4", "x',
    "a false end": '1.2.3.4" "curl" "0" "a:1" "9.9.9.9:1',
    "no address": "unknown, _hidden",
}
REFUSABLE = {
    "a quoted blank",
    "an empty field",
    "a forged beginning",
    "a forged middle",
    "a forged tail",
    "a false end",
    "long and full of quoted blanks",
}
"""What leaves two readings of a text line. Such a line may be refused, but never read as something else."""


class Row(NamedTuple):
    """One request as its client knows it: what was sent, and the status that came back.

    What Envoy itself refuses as no HTTP it logs with nothing but the status.
    """

    agent: str
    target: str
    status: int
    refusable: bool


def ask(url: str, agent: str, target: str, forwarded: str) -> int:
    """The status of one GET, on a connection of its own."""
    where = urlsplit(url)
    lines = [f"GET {target} HTTP/1.1", "Host: bookinfo", f"User-Agent: {agent}", "Connection: close"]
    lines += [f"X-Forwarded-For: {forwarded}"] if forwarded else []
    with socket.create_connection((where.hostname, where.port), timeout=20) as client:
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = b""
        while part := client.recv(1 << 16):
            answer += part
    return int(answer.split(b" ", 2)[1])


@pytest.fixture(scope="module")
def rows(logs: tuple[Path, list[Row]]) -> list[Row]:
    return logs[1]


@pytest.fixture(scope="module")
def logs(session_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """The proxies' logs of one mesh that was asked everything, and the clients' rows."""
    into = tmp_path_factory.mktemp("logs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEIGHBRIDGE_HOME", str(session_home))
        mesh = LocalMesh("hostile")
        mesh.up()
        try:
            log = mesh.access_log(into)
            sent = [
                (number, agent, target, forwarded)
                for number, (agent, target, forwarded) in enumerate(
                    [(agent, "plain", "none") for agent in AGENTS]
                    + [("quotes", target, "an address") for target in TARGETS]
                    + [("quotes", "quotes", forwarded) for forwarded in FORWARDED]
                    + [("plain", "plain", "a false end")]
                )
            ]
            rows = []
            for number, agent, target, forwarded in sent:
                words = f"{AGENTS.get(agent, 'curl/8')} {number}"
                status = ask(mesh.url, words, TARGETS[target], FORWARDED[forwarded])
                refusable = not REFUSABLE.isdisjoint((agent, target, forwarded))
                refused = status == 400
                rows.append(
                    Row("" if refused else words, "" if refused else TARGETS[target], status, refusable)
                )
            assert log.finish() == []
        finally:
            mesh.down()
    return into, rows


def text_of(folder: Path, pod: str) -> bytes:
    (path,) = folder.glob(f"{pod}-*/istio-proxy.log")
    return path.read_bytes()


def as_sent(entry: LogEntry) -> tuple[str, str, int]:
    """Agent, target and status, in the client's Latin-1."""
    agent, path = (
        (value or "").encode("utf-8", "surrogateescape").decode("latin-1")
        for value in (entry.user_agent, entry.path)
    )
    return agent, path, entry.response_code


def test_clients_and_the_gateways_log_match_one_to_one(logs: tuple[Path, list[Row]], rows: list[Row]) -> None:
    account = Account()
    found = Counter(map(as_sent, entries(BytesIO(text_of(logs[0], "istio-ingressgateway")), account)))
    sent = Counter((row.agent, row.target, row.status) for row in rows)
    certain = Counter((row.agent, row.target, row.status) for row in rows if not row.refusable)
    assert account.lines == len(rows)
    assert not found - sent, "nothing is read that was not sent"
    assert not certain - found, "what has one reading is read"
    assert (account.access, account.other) == (found.total(), 0)
    assert account.reasons.keys() <= {Reason.AMBIGUOUS, Reason.RUN_TOGETHER}


def test_every_page_has_its_one_reviews_call(logs: tuple[Path, list[Row]], rows: list[Row]) -> None:
    """The applications pass the User-Agent on, so it stands in the caller's log, too."""
    account = Account()
    calls = Counter(
        as_sent(entry)[0]
        for entry in entries(BytesIO(text_of(logs[0], "productpage-v1")), account)
        if (entry.upstream_cluster or "").startswith("outbound|9080||reviews.")
    )
    pages = Counter(row.agent for row in rows if row.status == 200)
    certain = Counter(row.agent for row in rows if row.status == 200 and not row.refusable)
    assert pages.total() == len(rows) - 1, "Envoy refuses a target that is not ASCII, and nothing else"
    assert not calls - pages
    assert not certain - calls
    assert account.lines == account.access + account.malformed


def test_no_line_is_counted_where_its_sender_wanted_it(logs: tuple[Path, list[Row]]) -> None:
    """Clusters, hosts and codes that only stood in headers are nowhere in the sums."""
    digest = Digest()
    for path in sorted(logs[0].glob("*/istio-proxy.log")):
        with path.open("rb") as stream:
            list(digest.read(stream, str(path)))
    assert {key.host for key in digest.groups}.isdisjoint({"9.9.9.9:1"})
    assert not [key for key in digest.groups if "evil" in key.cluster]
    account = digest.account
    assert account.lines == account.access + account.malformed + account.other
    assert account.other == 0
