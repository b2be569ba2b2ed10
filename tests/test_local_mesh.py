"""The local mesh: real Envoys that serve the documents they are given, and leave nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from analyzer.pages import stars
from analyzer.records import Weights
from setup import routes
from setup.local.folder import mesh_folder, running
from setup.local.mesh import LocalMesh
from setup.local.standing import Layout
from setup.mesh import MeshError

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parent.parent


def seen(mesh: LocalMesh, pages: int) -> Counter[str | None]:
    with requests.Session() as session:
        bodies = (session.get(f"{mesh.url}/productpage", timeout=10).content for _ in range(pages))
        return Counter(stars.page(body).version for body in bodies)


def processes_of(home: Path) -> list[str]:
    """Command lines that mention the home folder of the test's meshes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home) in command:
            found.append(command)
    return found


def eventually(done: object, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_a_change_that_was_killed_half_way_does_not_hide_the_next_one(mesh: LocalMesh) -> None:
    """Killed after the proxies took their files and before the documents were kept: the two disagree."""
    mesh.route(routes.split(Weights.parse("v2=1")))
    kept = (file := mesh_folder("test").documents_file).read_text()
    mesh.route(routes.split(Weights.parse("v3=1")))
    file.write_text(kept)
    mesh.route(routes.split(Weights.parse("v2=1")))
    assert seen(mesh, 50) == {"v2": 50}


def test_curls_of_the_tutorial_show_black_and_red_on_pages_of_generation_a(home: Path) -> None:
    """20 pages at 50/50 lack a colour once in 500 000 runs."""
    mesh = LocalMesh("a", Layout(generation="A"))
    mesh.up()
    try:
        mesh.route(routes.split(Weights.parse("v2=50,v3=50")))
        pages = [requests.get(f"{mesh.url}/productpage", timeout=10).text for _ in range(20)]
    finally:
        mesh.down()
    lines = {line.strip() for page in pages for line in page.splitlines() if "color" in line}
    assert {'<font color="black">', '<font color="red">'} <= lines


def test_two_meshes_stand_side_by_side(home: Path) -> None:
    one, other = LocalMesh("one"), LocalMesh("other")
    one.up()
    try:
        other.up()
        one.route(routes.split(Weights.parse("v2=1")))
        other.route(routes.split(Weights.parse("v3=1")))
        assert running() == ("one", "other")
        assert (seen(one, 50), seen(other, 50)) == ({"v2": 50}, {"v3": 50})
    finally:
        other.down()
        one.down()
    assert running() == ()


def test_the_access_log_has_one_outbound_reviews_line_per_page(mesh: LocalMesh, tmp_path: Path) -> None:
    log = mesh.access_log(tmp_path)
    seen(mesh, 100)
    assert log.finish() == []
    (productpage,) = tmp_path.glob("productpage-v1-*/istio-proxy.log")
    lines = productpage.read_text().splitlines()
    reviews = [line for line in lines if " outbound|9080||reviews.default.svc.cluster.local " in line]
    assert len(reviews) == 100
    assert all(
        re.match(r'\[20\d\d-\d\d-\d\dT[\d:.]+Z\] "GET /reviews/0 HTTP/1.1" 200 - ', line) for line in reviews
    )


def test_a_second_owner_of_a_name_is_refused(mesh: LocalMesh) -> None:
    with pytest.raises(MeshError, match="a mesh named test is already up"):
        LocalMesh("test").up()
    assert seen(mesh, 1).total() == 1


def test_a_taken_port_is_named_and_nothing_is_left(home: Path, mesh: LocalMesh) -> None:
    port = int(mesh.url.rpartition(":")[2])
    other = LocalMesh("second", Layout(port=port))
    with pytest.raises(
        MeshError, match=f"the gateway cannot listen on 127.0.0.1:{port}: Address already in use"
    ):
        other.up()
    assert not other.is_up
    assert not mesh_folder("second").path.exists()


@pytest.mark.parametrize("victim", ["istio-ingressgateway", "reviews-v2", "bookinfo.json"])
def test_a_dead_process_is_reported_by_name(home: Path, mesh: LocalMesh, victim: str) -> None:
    (pid,) = [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if str(home).encode() in (command := entry.read_bytes()) and victim.encode() in command
    ]
    os.kill(pid, signal.SIGKILL)

    def noticed() -> bool:
        try:
            mesh.check()
        except MeshError as error:
            return "was killed by SIGKILL" in str(error)
        return False

    assert eventually(noticed)


_OWNER = """
from setup.local.mesh import LocalMesh
import time
mesh = LocalMesh("owned")
mesh.up()
time.sleep(60)
"""


@pytest.mark.parametrize("moment", ["at once", "half way", "when it is up"])
def test_nothing_outlives_an_owner_killed_with_sigkill(home: Path, moment: str) -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER], cwd=ROOT)
    folder = mesh_folder("owned")
    waits = {
        "at once": lambda: bool(processes_of(home)),
        "half way": lambda: any("bootstrap.json" in command for command in processes_of(home)),
        "when it is up": lambda: folder.read() is not None,
    }
    assert eventually(waits[moment], 20)
    owner.kill()
    owner.wait()
    assert eventually(lambda: not processes_of(home))
    assert folder.read() is None
    again = LocalMesh("owned")
    again.up()
    assert seen(again, 3).total() == 3
    again.down()
    assert not processes_of(home)
