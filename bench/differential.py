"""The quick ways through a log against the exact reader, over millions of lines that were put out of shape.

Run with ``python -m bench.differential [--lines N] [--seed S] [--way c|python]``. Every block is read by the
way named and line by line by ``exact``; rows, refusals, groups and their order must be the same, and every
line in one of them. Exit code 1 and the first line that differs, if any does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))  # the mutations are the tests' own

import access_log_mutations

from analyzer.access_log.exact import exact
from analyzer.access_log.native import SCAN
from analyzer.access_log.readings import Reading
from analyzer.access_log.rows import Groups
from analyzer.access_log.source import Scanned, Source, lines

BLOCK = 1000


def every_line(text: bytes) -> Reading:
    """As a judge of its own, ``exact`` is shown every line."""
    return exact(text)


def agree(text: bytes, way: str) -> tuple[bool, Scanned]:
    """Whether a block read that way is the block read exactly, and what was read exactly."""
    ours, theirs = Groups(), Groups()
    found = Source("pod", ours, join=True, native=SCAN if way == "c" else None).scan(_exactly_sized(text))
    expected = Source("pod", theirs, join=True, judge=every_line).scan(text)
    same = (
        (found.others, found.refused, list(ours)) == (expected.others, expected.refused, list(theirs))
        and len(found.rows) == len(expected.rows)
        and len(found.rows) + found.others + len(found.refused) == len(list(lines(text)))
        and all(
            np.array_equal(getattr(found.rows, name), getattr(expected.rows, name))
            for name in expected.rows.__slots__
        )
    )
    return same, expected


def _exactly_sized(text: bytes) -> memoryview:
    """In memory that ends where the block does: under the address sanitizer a read beyond it shows."""
    return memoryview(np.frombuffer(text, dtype=np.uint8).copy().data).cast("B")


def blocks(seed: int, lines: int) -> Iterator[bytes]:
    """Every other block without JSON, and every third without the newline at its end."""
    for number in range(-(-lines // BLOCK)):
        text = access_log_mutations.block(seed + number, BLOCK)
        if number % 2:
            text = b"".join(line + b"\n" for line in text.split(b"\n")[:-1] if not line.startswith(b"{"))
        yield text[:-1] if number % 3 == 0 else text


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--way", choices=("c", "python"), default="c" if SCAN else "python")
    options = parser.parse_args()
    if options.way == "c" and SCAN is None:
        parser.error("the extension was not built: make install where there is a C compiler")
    began, lines, access, refused = time.monotonic(), 0, 0, 0
    for text in blocks(options.seed, options.lines):
        same, expected = agree(text, options.way)
        if not same:
            return _differs(text, options.way)
        lines += len(expected.rows) + expected.others + len(expected.refused)
        access, refused = access + len(expected.rows), refused + len(expected.refused)
        if lines % (100 * BLOCK) < BLOCK:
            print(f"\r{lines} lines", end="", file=sys.stderr)
    print(
        f"\r{lines} lines by the way of {options.way}: 0 differences "
        f"({access} access lines, {refused} malformed, {time.monotonic() - began:.0f} s)"
    )
    return 0


def _differs(text: bytes, way: str) -> int:
    alone = [line for line in text.split(b"\n") if not agree(line + b"\n", way)[0]]
    print(f"differs: {alone[0]!r}" if alone else f"differs, no line of it alone: {text!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
