"""Reading access logs: exact on a log that its writer knows, and as fast as its peers and more, side by side.

Run with ``python -m bench.logs``; ``--size``, ``--json-size`` and ``--large`` are in MB, 0 leaves a part out.
Logs are written once into a cache (``XDG_CACHE_HOME``, else the system's folder for temporary files), and two
environments with other kinds of pandas are made there. Times are the best of several runs, start included;
the ratios are what lasts. goaccess and lnav take part where they are installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from analyzer.access_log.digest import Digest
from analyzer.access_log.exact import exact
from analyzer.access_log.keys import Key
from analyzer.access_log.native import PURE, SCAN

from . import log_peers
from .access_log_lines import Encoding
from .access_logs import MB, SOURCE, Log, Truth, cached
from .log_peers import Command
from .processes import Cost, best, cost

ODD, FEW = 0.05, 0.002
"""Shares of odd lines in the logs on which exactness, and on which speed is measured."""

WEIGHBRIDGE = [str(Path(sys.executable).with_name("weighbridge")), "logs", "--json"]


class Errors(NamedTuple):
    """Access lines that were not counted, that were counted as something else, and lines in no account."""

    missing: int
    wrong: int
    unaccounted: int


def errors(digest: Digest, truth: Truth) -> Errors:
    """What was read held against what was written: every group, second and millisecond."""
    account = digest.account
    missing = wrong = 0
    durations, seconds = Counter[tuple[Key, int]](), Counter[tuple[Key, int]]()
    for group, key in enumerate(digest.groups):
        for counts, found in ((digest.tally.durations, durations), (digest.tally.seconds, seconds)):
            values, times = counts.of(group)
            found.update({(key, value): n for value, n in zip(values.tolist(), times.tolist(), strict=True)})
        totals = digest.tally.totals(group)
        wrong += totals.received != truth.received[key]
        wrong += totals.sent != truth.sent[key]
    for found, written in ((durations, truth.durations), (seconds, truth.seconds)):
        missing = max(missing, (written - found).total())
        wrong = max(wrong, (found - written).total())
    kinds = account.lines - account.access - account.other - account.malformed
    unaccounted = abs(kinds) + abs(account.lines - truth.lines)
    return Errors(missing, wrong + abs(account.malformed - truth.malformed), unaccounted)


def digested(log: Log) -> Digest:
    digest = Digest()
    with log.path.open("rb") as stream:
        for _ in digest.read(stream, SOURCE):
            pass
    return digest


def exactness(size: int) -> None:
    print(f"\nexactness: {size} MB, {ODD:.0%} of the lines odd")
    for encoding in Encoding:
        log = cached(size * MB, encoding, ODD)
        found = errors(digested(log), log.truth)
        print(
            f"  {encoding:5} {log.truth.lines} lines, {log.truth.access} of them access lines: "
            f"{found.missing} missing, {found.wrong} wrong, {found.unaccounted} unaccounted"
        )


def ours(log: Path) -> list[Command]:
    found = [Command("weighbridge, Python alone", [*WEIGHBRIDGE, str(log)], 2, {PURE: "1"})]
    if SCAN:
        found.insert(0, Command("weighbridge", [*WEIGHBRIDGE, str(log)], 9))
        found.insert(1, Command("weighbridge --join", [*WEIGHBRIDGE, "--join", str(log)], 9))
    return found


def race(commands: Sequence[Command], rounds: int) -> dict[str, Cost]:
    """All commands by turns, so that a busy moment disturbs all alike; the best of each."""
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    for number in range(rounds):
        for command in commands:
            if number < command.rounds:
                costs[command.name].append(cost(command.arguments, command.environment))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {name: best(runs) for name, runs in costs.items()}


def show(costs: dict[str, Cost], bars: Iterable[str]) -> None:
    bars = [bar for bar in bars if bar in costs]
    print(f"  {'':26} {'wall s':>7} {'cpu s':>7} {'MB':>6}" + "".join(f" {'x ' + bar:>20}" for bar in bars))
    for name, one in costs.items():
        ratios = (costs[bar].wall / one.wall for bar in bars)
        print(
            f"  {name:26} {one.wall:7.2f} {one.cpu:7.2f} {one.memory:6.0f}"
            + "".join(f" {ratio:20.3g}" for ratio in ratios)
        )


def speed(size: int, rounds: int) -> None:
    log = cached(size * MB, Encoding.TEXT, FEW).path
    print(f"\nspeed: text, {size} MB; how many times faster than")
    peers = log_peers.of_text(log)
    show(race([*ours(log), *peers], rounds), [peer.name for peer in peers])


def json_speed(size: int, rounds: int) -> None:
    log = cached(size * MB, Encoding.JSON, 0).path  # pandas gives up at the first odd line
    print(f"\nspeed: JSON, {size} MB; how many times faster than")
    peers = log_peers.of_json(log)
    show(race([*ours(log), *peers], rounds), [peer.name for peer in peers])


def large(size: int) -> None:
    log = cached(size * MB, Encoding.TEXT, FEW).path
    print(f"\nmemory: text, {size} MB")
    show({"weighbridge": cost([*WEIGHBRIDGE, str(log)])}, [])


def first_output(size: int) -> None:
    """Until the first byte on stderr, start included."""
    log = cached(size * MB, Encoding.TEXT, FEW).path
    began = time.monotonic()
    with subprocess.Popen(
        [*WEIGHBRIDGE, str(log)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, PURE: "1"},
    ) as process:
        assert process.stderr
        process.stderr.read(1)
        print(f"\nfirst output on {size} MB, by Python alone: after {time.monotonic() - began:.2f} s")
        process.kill()


HOSTILE = ('" "', " HTTP/1.1", '" - "', "Z] ", "1.1.1.1:1 ", "\\", '":')


def hostile() -> None:
    """One line of a megabyte, whose User-Agent and path repeat what fields are found by."""
    print("\nhostile lines: ms for 1 MB, and how much more for 2 MB")
    head, tail = (
        b'[2026-01-01T00:00:00.000Z] "GET /',
        b'" "1" "a:1" "1.1.1.1:1" c 1.1.1.1:1 1.1.1.1:1 1.1.1.1:1 - r',
    )
    middle = b' HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "-" "'
    for piece in HOSTILE:
        times = []
        for size in (MB, 2 * MB):
            filler = piece.encode() * (size // 2 // len(piece))
            text = head + filler + middle + filler + tail
            began = time.process_time()
            exact(text)
            list(Digest().read(BytesIO(text)))
            times.append(time.process_time() - began)
        print(f"  {piece!r:14} {1000 * times[0]:7.1f} {times[1] / times[0]:7.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--json-size", type=int, default=200)
    parser.add_argument("--exact-size", type=int, default=200)
    parser.add_argument(
        "--large", type=int, default=0, help="a size at which memory is measured, such as 4000"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if SCAN is None:
        print("the C extension is not built: Python alone")
    if options.exact_size:
        exactness(options.exact_size)
    hostile()
    if options.size:
        speed(options.size, options.rounds)
        first_output(options.size)
    if options.json_size:
        json_speed(options.json_size, options.rounds)
    if options.large:
        large(options.large)


if __name__ == "__main__":
    main()
