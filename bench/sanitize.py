"""The C scanner under the address and undefined-behaviour sanitizers, on the lines of ``bench.differential``.

Run with ``python -m bench.sanitize [--lines N]``; needs gcc or clang with their sanitizers. The extension is
built a second time into a folder of its own, and every block lies in memory that ends where it does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "analyzer" / "access_log" / "_scan.c"
FLAGS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
_RUN = """
import runpy, sys
import importlib.machinery, importlib.util
from analyzer.access_log import native
loader = importlib.machinery.ExtensionFileLoader("_scan", sys.argv.pop(1))
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_scan", loader))
loader.exec_module(module)
native.SCAN = module.scan
runpy.run_module("bench.differential", run_name="__main__")
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / f"_scan{sysconfig.get_config_var('EXT_SUFFIX')}"
        include = sysconfig.get_path("include")
        subprocess.run(
            [
                options.compiler,
                *FLAGS,
                "-Wall",
                "-Wextra",
                "-shared",
                "-fPIC",
                f"-I{include}",
                SOURCE,
                "-o",
                built,
            ],
            check=True,
        )
        return subprocess.run(
            [sys.executable, "-c", _RUN, str(built), "--way", "c", "--lines", str(options.lines)],
            env={
                **os.environ,
                "LD_PRELOAD": _runtime(options.compiler),
                "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter keeps much until its end
                "PYTHONMALLOC": "malloc",
            },
            check=False,
        ).returncode


def _runtime(compiler: str) -> str:
    """The sanitizer's library, which must be loaded before the interpreter."""
    said = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], stdout=subprocess.PIPE, text=True, check=True
    )
    return said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
