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
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe is not waited for
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        return os.fdopen(opened, "rb")
    except BaseException:
        os.close(opened)
        raise


def _content(file: BinaryIO, path: Path, most: int) -> bytes:
    content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
    return content
