"""Files from elsewhere: read up to a size and no further, and from a folder only what lies in it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

SMALL = 16 << 20
"""Bytes that a file of settings, a table or a summary has at most."""


def read(path: Path, most: int = SMALL) -> bytes:
    """The content of a file that the user named: also of a pipe. Raises OSError where it is too long."""
    with path.open("rb") as file:
        return _content(file, path, most)


def read_within(folder: Path, path: Path, most: int = SMALL) -> bytes:
    """The content of a file of a folder that somebody else may have filled. Raises OSError as ``within``."""
    with within(folder, path) as file:
        return _content(file, path, most)


def within(folder: Path, path: Path) -> BinaryIO:
    """Open a plain file that lies below ``folder``, links followed.

    Raises OSError for one that leads out of it, and for a pipe or a device, which would never end.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OSError(errno.EPERM, f"it leads out of {folder}", str(path))
    # One owner of the descriptor from the start: an interrupt can come between any two lines.
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - given to who asks, to be closed there
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
    except BaseException:
        file.close()
        raise
    return file


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe, too, at once."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _content(file: BinaryIO, path: Path, most: int) -> bytes:
    content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
    return content
