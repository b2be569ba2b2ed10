"""A standing mesh's logs, rotated in the two ways of logrotate."""

from __future__ import annotations

import os

from setup.local.admin import Admin
from setup.local.folder import MeshFolder


def rotate(folder: MeshFolder) -> int:
    """Move every proxy's log away and have the proxies open new ones; gives the bytes that were moved."""
    moved = 0
    for log in sorted(folder.path.glob("access-log/*/istio-proxy.log")):
        old = log.with_suffix(".log.1")
        log.rename(old)
        Admin(folder.admin_socket(log.parent.name)).flush_access_log()
        moved += old.stat().st_size
        old.unlink()  # those who read it hold it open
    return moved


def cut(folder: MeshFolder) -> None:
    """Empty every log in place, as ``copytruncate`` does: what nobody has read by then is lost."""
    for log in folder.path.glob("access-log/*/istio-proxy.log"):
        os.truncate(log, 0)
