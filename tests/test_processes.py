"""A process that ended says why, in the words it left."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from setup.local.folder import MeshFolder
from setup.local.owner import Owner
from setup.mesh import MeshError
from setup.processes import Child, spawn

ABORTED = (
    "[2026-11-24 18:08:48.1][1][info][main] starting main dispatch loop\n"
    "[2026-11-24 18:08:48.3][1][critical][assert] assert failure: inotify_fd_ >= 0. Details: Consider "
    "increasing value of fs.inotify.max_user_watches and/or fs.inotify.max_user_instances via sysctl\n"
    "[2026-11-24 18:08:48.3][1][critical][backtrace] Caught Aborted, suspect faulting address 0x1\n"
    "[2026-11-24 18:08:48.3][1][critical][backtrace] #0: [0x7fe518be1050]\n"
)


def ended(folder: Path, words: str) -> Child:
    """A process that wrote these words and then aborted."""
    code = f"import os; print({words!r}, flush=True); os.abort()"
    child = spawn("the Envoy of a pod", [sys.executable, "-c", code], log=folder / "envoy.log")
    while child.running:
        time.sleep(0.01)  # until it is gone, which takes milliseconds
    return child


def test_what_went_wrong_is_told_not_where_in_the_program(tmp_path: Path) -> None:
    child = ended(tmp_path, ABORTED)
    assert child.obituary().startswith("the Envoy of a pod was killed by SIGABRT: [2026-11-24 18:08:48.3]")
    assert child.obituary().endswith("fs.inotify.max_user_instances via sysctl")


def test_too_many_envoys_for_this_user_is_told_with_a_way_out(tmp_path: Path) -> None:
    owner = Owner(MeshFolder("default", tmp_path / "mesh"))
    owner._children.append(ended(tmp_path, ABORTED))
    with pytest.raises(MeshError) as error:
        owner.check()
    assert error.value.hint == (
        "every Envoy takes two of this user's inotify instances, 128 by default: take other meshes down "
        "(`weighbridge status` shows them), or raise fs.inotify.max_user_instances"
    )
