"""Where another shell finds a running local mesh: one private folder and one lock per name."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ..mesh import MeshError, MeshSettingError
from .standing import Layout, Standing

_SOCKET_PATH_LIMIT = 107
"""Bytes in the path of a unix socket, from Linux's sockaddr_un."""


@dataclass(frozen=True, slots=True)
class MeshFolder:
    """The files of one mesh. The lock lies beside the folder, so that it survives the folder's removal."""

    name: str
    path: Path

    @property
    def standing_file(self) -> Path:
        return self.path / "mesh.json"

    @property
    def documents_file(self) -> Path:
        return self.path / "documents.yaml"

    @property
    def control_socket(self) -> Path:
        return self.path / "bookinfo.sock"

    def proxy(self, pod: str) -> Path:
        """The folder of one Envoy: its configuration, its own log, its admin socket."""
        return self.path / "proxy" / pod

    def admin_socket(self, pod: str) -> Path:
        return self.path / f"{pod}.sock"

    def access_log(self, pod: str) -> Path:
        return self.path / "access-log" / pod / "istio-proxy.log"

    @property
    def scaled_file(self) -> Path:
        """Which workloads get calls at how many of their pods, where that was changed while the mesh runs."""
        return self.path / "scaled.json"

    @property
    def metrics_file(self) -> Path:
        """What runs say of themselves, for the mesh's Prometheus."""
        return self.path / "weighbridge.prom"

    def read(self) -> Standing | None:
        """What stands, or None where no owner lives; a folder left by a crash counts as nothing."""
        try:
            data = json.loads(self.standing_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        if not self._is_owned():
            return None
        return Standing(data["owner"], data["slot"], Layout(**data["layout"]))

    def write(self, standing: Standing) -> None:
        replace(self.standing_file, json.dumps(asdict(standing)))

    def scaled(self) -> Mapping[str, int]:
        """Replicas by workload, as ``scale`` left them."""
        try:
            found: dict[str, int] = json.loads(self.scaled_file.read_text())
        except FileNotFoundError:
            return {}
        return found

    def scale(self, replicas: Mapping[str, int]) -> None:
        replace(self.scaled_file, json.dumps(dict(replicas)))

    def claim(self) -> IO[str]:
        """Become the owner: take the lock, which the kernel frees when the owner dies, and start clean."""
        private(self.path.parent)
        lock = self._lock_file().open("a")
        if not _taken(lock):
            lock.close()
            raise MeshError(
                f"a mesh named {self.name} is already up",
                f"use it as it is, end it with `weighbridge down --mesh-name {self.name}`, "
                "or start another with --mesh-name",
            )
        self.remove()
        for other in self.path.parent.glob("*/mesh.json"):
            MeshFolder(other.parent.name, other.parent).remove_if_dead()
        private(self.path)
        return lock

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def remove_if_dead(self) -> None:
        """Take away what an owner left that was killed; nobody will ask for a mesh of its name again."""
        if not self._lock_file().exists():
            return  # no mesh was ever here
        with self._lock_file().open("a") as lock:
            if _taken(lock, attempts=1):
                self.remove()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One route change at a time, whichever shell it comes from."""
        with (self.path / "change.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _lock_file(self) -> Path:
        return self.path.with_name(f"{self.name}.lock")

    def _is_owned(self) -> bool:
        try:
            with self._lock_file().open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # those who merely ask do not see each other
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def mesh_folder(name: str) -> MeshFolder:
    """The folder of the mesh ``name``, in $WEIGHBRIDGE_HOME or a private folder for temporary files."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,19}", name):
        raise MeshSettingError(f"{name!r} is no name for a mesh", "use up to 20 of a-z, 0-9 and -")
    home = os.environ.get("WEIGHBRIDGE_HOME")
    parent = Path(home) if home else Path(tempfile.gettempdir()) / f"weighbridge-{os.getuid()}"
    if parent.exists() and not parent.is_dir():
        raise MeshSettingError(f"{parent} is no folder", "set WEIGHBRIDGE_HOME to a folder of yours")
    folder = MeshFolder(name, parent.absolute() / name)
    if len(os.fsencode(folder.admin_socket("p" * 45))) > _SOCKET_PATH_LIMIT:
        raise MeshSettingError(
            f"the path {parent} is too long for unix sockets", "set WEIGHBRIDGE_HOME to a short one"
        )
    return folder


def running() -> tuple[str, ...]:
    """The names of all meshes that stand now."""
    parent = mesh_folder("default").path.parent
    names = sorted(lock.stem for lock in parent.glob("*.lock"))
    return tuple(name for name in names if mesh_folder(name).read() is not None)


def _taken(lock: IO[str], attempts: int = 20) -> bool:
    """Take the lock; whoever merely asks whether it is held holds it for a moment, so ask again."""
    for _ in range(attempts):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def private(folder: Path) -> None:
    """Make the folder for the owner's eyes only; refuse one that somebody else prepared for us."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.lstat()
    except OSError as error:
        raise MeshError(
            f"cannot make {folder}: {error.strerror}", "set WEIGHBRIDGE_HOME to a folder of yours"
        ) from error
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        raise MeshError(f"{folder} belongs to somebody else", "set WEIGHBRIDGE_HOME to a folder of yours")


def replace(path: Path, text: str) -> None:
    """Write beside and rename: a reader sees the old text or the new; Envoy notices only renames."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.replace(path)
