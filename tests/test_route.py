"""``weighbridge route`` as typed in a shell: in force when it returns, the tutorial's documents included."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from front_door import FrontDoor
from route_changes import changes

from setup.routes import MANIFESTS

pytestmark = pytest.mark.e2e


@pytest.fixture
def url(standing: FrontDoor) -> str:
    """The mesh that stands, without any route but the way in."""
    assert standing("route", "--reset").code == 0
    (mesh,) = standing("status", "--json").json["meshes"]
    return str(mesh["url"])


@pytest.fixture
def generation_a(door: FrontDoor) -> Iterator[str]:
    """A mesh of this test's own, with the pages of Istio up to 1.13."""
    up = door.start("up", "--generation", "A")
    up.until(lambda: up.said("/productpage"))
    yield up.out.read_text().strip()
    up.interrupt()
    up.done()


def pages(url: str, number: int) -> bytes:
    """So many pages one after the other, over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    found = []
    for _ in range(number):
        connection.request("GET", "/productpage")
        found.append(connection.getresponse().read())
    connection.close()
    return b"".join(found)


def totals(door: FrontDoor, text: bytes) -> dict[str, int]:
    """How many pages of each version ``weighbridge stars`` finds."""
    found: dict[str, int] = door("stars", "-", "--json", stdin=text).json["totals"]
    return found


def test_no_page_that_began_after_route_returned_is_served_by_old_weights(
    standing: FrontDoor, url: str
) -> None:
    """Four readers never pause while the weights change ten times."""

    def route(version: str) -> None:
        assert standing("route", f"{version}=1").code == 0

    found = changes(url, route, turns=10, pages=220)
    assert sum(len(change.pages) for change in found) >= 2000
    assert [change.old for change in found] == [0] * 10


def test_without_routes_every_version_answers_about_equally(standing: FrontDoor, url: str) -> None:
    """600 pages over three equal versions: each between 140 and 260; a false alarm in 1 of 10^5 runs."""
    counts = totals(standing, pages(url, 600))
    assert counts.keys() == {"v1", "v2", "v3"}
    assert all(140 <= count <= 260 for count in counts.values())


def test_the_tutorials_documents_work_as_printed(standing: FrontDoor, url: str) -> None:
    """Of 300 pages 270 are expected from v2, 240 to 295 taken: a false alarm in less than 1 of 10^5 runs."""
    for name in ("bookinfo-gateway.yaml", "reviews-v2-90-v3-10.yaml"):
        assert "apiVersion: networking.istio.io/v1alpha3\n" in (MANIFESTS / name).read_text()
        done = standing("route", "-f", MANIFESTS / name)
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith("in force at every proxy after ")
    counts = totals(standing, pages(url, 300))
    assert counts.keys() == {"v2", "v3"}
    assert 240 <= counts["v2"] <= 295


def test_documents_come_from_stdin_too(standing: FrontDoor, url: str) -> None:
    document = (MANIFESTS / "reviews-v2-90-v3-10.yaml").read_bytes()
    assert standing("route", "-f", "-", stdin=document.replace(b"weight: 90", b"weight: 0")).code == 0
    assert totals(standing, pages(url, 30)) == {"v3": 30}


LOOP = "for i in $(seq 20); do curl -s {url}; done"


@pytest.mark.skipif(not shutil.which("curl"), reason="the tutorial's loop needs curl")
def test_the_tutorials_loop_of_curls_shows_black_and_red_lines(door: FrontDoor, generation_a: str) -> None:
    """20 pages at 50/50 lack a colour once in 500 000 runs."""
    assert door("route", "v2=50,v3=50").code == 0
    loop = ["bash", "-c", LOOP.format(url=generation_a)]
    text = subprocess.run(loop, check=True, capture_output=True).stdout
    lines = {line.strip() for line in text.splitlines() if b"color" in line}
    assert {b'<font color="black">', b'<font color="red">'} <= lines
    counts = totals(door, text)
    assert counts.keys() == {"v2", "v3"}
    assert sum(counts.values()) == 20
    assert text.count(b'<font color="black">') == 2 * counts["v2"], "grep counts every page of v2 twice"
