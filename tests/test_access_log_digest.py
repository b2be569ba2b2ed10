"""What remains of logs is the same however they were cut, spread or read; every line is in the account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import access_log_mutations
import pytest
from access_log_lines import CALL, Format, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import ahead as ahead_module
from analyzer.access_log import blocks as blocks_module
from analyzer.access_log import digest as module
from analyzer.access_log import native
from analyzer.access_log.blocks import blocks
from analyzer.access_log.digest import Digest
from analyzer.access_log.entries import Damage
from analyzer.access_log.exact import exact
from analyzer.access_log.keys import Key, key
from analyzer.access_log.readings import Reason
from analyzer.records import LogEntry

ROOT = Path(__file__).parent.parent
MIXED = access_log_mutations.block(7, 400)


def read(text: bytes, file: str = "a.log", **options: bool) -> Digest:
    digest = Digest(**options)
    list(digest.read(BytesIO(text), file))
    return digest


def sums(digest: Digest) -> dict[Key, object]:
    """Everything that is known of every group, by its key."""
    known = {}
    for group, named in enumerate(digest.groups):
        counts = [
            dict(zip(*(column.tolist() for column in counts.of(group)), strict=True))
            for counts in (digest.tally.durations, digest.tally.seconds)
        ]
        known[named] = digest.tally.totals(group), *counts
    return known


def test_the_sums_are_those_of_the_lines_read_one_by_one() -> None:
    entries = [entry for text in MIXED.split(b"\n") if isinstance(entry := exact(text), LogEntry)]
    digest = read(MIXED)
    calls = Counter(key(entry, "a.log") for entry in entries)
    found = {named: digest.tally.totals(group).count for group, named in enumerate(digest.groups)}
    assert {named: found[named] for named in calls} == calls
    assert sum(found.values()) == digest.account.access


def test_every_line_is_in_the_account() -> None:
    account = read(MIXED).account
    kinds = Counter(type(exact(text)).__name__ for text in MIXED.removesuffix(b"\n").split(b"\n"))
    assert account.lines == MIXED.count(b"\n") == account.access + account.other + account.malformed
    assert account.bytes == len(MIXED)
    assert (account.access, account.other) == (kinds["LogEntry"] + kinds["Connection"], kinds["Other"])
    assert account.malformed == kinds["Malformed"]


def test_damages_say_where_a_line_begins_and_why_it_is_refused() -> None:
    account = read(MIXED).account
    assert len(account.damages) == 100
    for damage in account.damages:
        text = MIXED[damage.offset : MIXED.index(b"\n", damage.offset)]
        assert damage == Damage("a.log", damage.offset, exact(text).reason)  # type: ignore[union-attr]  # it is malformed
        assert damage.offset == 0 or MIXED[damage.offset - 1 : damage.offset] == b"\n"


@pytest.mark.parametrize("size", [1, 7, 100, 500, 4096, 1 << 16])
@pytest.mark.parametrize("threads", [False, True])
def test_blocks_of_any_size_give_the_same(size: int, threads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads, every block is begun ahead of its turn."""
    whole = read(MIXED, join=True)
    monkeypatch.setattr(module, "blocks", lambda stream, offset: blocks(stream, size))
    monkeypatch.setattr(ahead_module, "_FULL", 1 if threads else 1 << 30)
    parts = read(MIXED, join=True)
    assert parts.account == whole.account
    assert list(parts.groups) == list(whole.groups)
    assert sums(parts) == sums(whole)
    assert whole.joins is not None
    assert parts.joins is not None
    assert parts.joins.joined(parts.hops()) == whole.joins.joined(whole.hops())


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 12)), min_size=1, max_size=4))
def test_digests_of_parts_merged_are_the_digest_of_the_whole(parts: list[tuple[int, int]]) -> None:
    """Each part is some mutated lines, by their seed and number."""
    whole, merged = Digest(join=True), Digest(join=True)
    for number, (seed, count) in enumerate(parts):
        part = access_log_mutations.block(seed, count)
        list(whole.read(BytesIO(part), f"{number}.log"))
        other = Digest(join=True)
        list(other.read(BytesIO(part), f"{number}.log"))
        merged.merge(other)
    assert merged.account == whole.account
    assert sums(merged) == sums(whole)
    assert merged.joins is not None
    assert whole.joins is not None
    assert merged.joins.joined(merged.hops()) == whole.joins.joined(whole.hops())


def test_progress_is_told_after_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "blocks", lambda stream, offset: blocks(stream, 1000))
    told = list(Digest().read(BytesIO(MIXED)))
    assert told == sorted(told)
    assert len(told) > 50
    assert told[-1] == len(MIXED)


def test_a_line_beyond_all_measure_is_counted_as_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(module, "blocks", lambda stream, offset: blocks(stream, 4096))
    text = line(CALL) + b"\n"
    account = read(text + b"x" * 50_000 + b"\n" + text).account
    assert (account.lines, account.access, account.bytes) == (3, 2, 2 * len(text) + 50_001)
    assert account.damages == [Damage("a.log", len(text), Reason.TOO_LONG)]


def test_a_hostile_log_of_ever_new_keys_is_held_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past half of the groups hosts are given up, past all of them everything is; no line is lost."""
    monkeypatch.setattr("analyzer.access_log.source.MOST_GROUPS", 64)
    lines = [line(call(upstream_host=f"10.0.0.{n}:80")) for n in range(100)]
    lines += [line(call(upstream_cluster=f"outbound|80||host{n}")) for n in range(100)]
    digest = read(b"\n".join(lines))
    assert digest.account.access == 200
    assert len(digest.groups) <= 64
    assert sum(digest.tally.totals(group).count for group in range(64)) == 200


_READ = """
import json, sys
sys.path[:0] = ["tests", "."]
from test_access_log_digest import MIXED, read, sums
from analyzer.access_log import native
digest = read(MIXED, join=True)
told = digest.account, sums(digest), list(digest.groups)
print(json.dumps([native.SCAN is not None, *map(repr, told)]))
"""


def test_the_extension_can_be_kept_out_and_nothing_changes() -> None:
    """In a process of its own, because the choice is made when the reader is imported."""
    told = {}
    for pure in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", _READ],
            cwd=ROOT,
            env={**os.environ, native.PURE: pure},
            stdout=subprocess.PIPE,
            check=True,
        )
        built, *rest = json.loads(done.stdout)
        told[pure] = rest
        assert built == (pure == "" and native.SCAN is not None)
    assert told[""] == told["1"]


def test_the_verb_that_reads_logs_loads_neither_statistics_nor_tables() -> None:
    """They take longer to load than a hundred megabytes to read, and more memory than a log of any size."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, weighbridge.logs; print(*sys.modules)"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert {"scipy", "pandas", "pyarrow", "matplotlib"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("form", Format)
def test_a_long_line_is_read_in_time_that_grows_with_its_length(form: Format) -> None:
    """By the bytes that are looked at, not by a clock: the reader gets through 8 MB of hostile fields at all.

    A backtracking reader would need hours for the first of them.
    """
    for agent in (
        '" "' * 700_000,
        '" ' * 1_000_000,
        " HTTP/1.1" * 200_000,
        "Z] " * 700_000,
        "1.1.1.1:1 " * 200_000,
    ):
        text = line(call(user_agent=agent, path="/" + agent), form) + b"\n"
        assert read(text).account.lines == 1
