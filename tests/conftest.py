"""What several tests share: meshes of their own, and processes that cannot be left behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_fixtures import bare_plane, namespace, plane
from front_door import FrontDoor
from hypothesis import settings
from istio_system import istio_system

from setup.local.mesh import LocalMesh
from setup.local.standing import Layout

__all__ = ["bare_plane", "istio_system", "namespace", "plane"]
"""Fixtures from other modules: pytest finds them here."""

settings.register_profile("weighbridge", deadline=None)  # no test is about time: the machine may be busy
settings.register_profile("ci", settings.get_profile("weighbridge"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "weighbridge")  # nobody pays for another's luck


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for meshes that no other test and no user sees; short, because sockets live in it."""
    with tempfile.TemporaryDirectory(prefix="wb-") as folder:
        monkeypatch.setenv("WEIGHBRIDGE_HOME", folder)
        yield Path(folder)


@pytest.fixture(scope="session")
def session_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wb-") as folder:
        yield Path(folder)


@pytest.fixture
def mesh(home: Path) -> Iterator[LocalMesh]:
    """A local mesh of this test's own, up."""
    mesh = LocalMesh("test", Layout())
    mesh.up()
    yield mesh
    mesh.down()


@pytest.fixture
def door(home: Path, tmp_path: Path) -> Iterator[FrontDoor]:
    """The command, with meshes of this test's own."""
    door = FrontDoor(home, tmp_path)
    yield door
    door.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """The command, and a mesh that stands for a whole module: for tests that leave it standing."""
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        door = FrontDoor(Path(home), tmp_path_factory.mktemp("cwd"))
        up = door.start("up")
        up.until(lambda: up.said("/productpage"))
        yield door
        up.interrupt()
        up.done()
        door.close()
