"""Ctrl-C before the command has come to its own handlers: no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

_INTERRUPTING = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(10)\n"


def test_interrupted_while_it_imports_the_command_ends_without_a_word(tmp_path: Path) -> None:
    """The first package that it imports sends the signal."""
    (tmp_path / "click.py").write_text(_INTERRUPTING)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "weighbridge", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
