"""Following reads every line once, whatever happens to the files meanwhile."""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

import pytest
from access_log_lines import CALL, call, line
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.access_log import follow
from analyzer.access_log.digest import Digest
from analyzer.access_log.entries import Damage
from analyzer.access_log.errors import LogError
from analyzer.access_log.follow import Follower
from analyzer.access_log.readings import Reason

LINE = line(CALL) + b"\n"


class Log:
    """A log that is written and followed by turns."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.path = folder / "a.log"
        self.digest = Digest()
        self.follower = Follower([str(folder / name) for name in names] or [str(self.path)], self.digest)

    def write(self, data: bytes, name: str = "a.log", mode: str = "ab") -> None:
        with self.path.with_name(name).open(mode) as file:
            file.write(data)

    def lines(self) -> int:
        """After one more look."""
        self.follower.look()
        return self.digest.account.lines


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path)
    yield log
    log.follower.end()


def test_what_is_appended_is_counted_as_whole_lines(log: Log) -> None:
    log.write(LINE * 2 + LINE[:50])
    assert log.lines() == 2
    log.write(LINE[50:] + LINE[:9])
    assert log.lines() == 3
    assert log.lines() == 3
    log.follower.end()
    assert (log.digest.account.access, log.digest.account.malformed) == (3, 1)
    assert log.digest.account.damages == [Damage(str(log.path), 3 * len(LINE), Reason.CUT)]


def test_a_file_that_is_not_there_yet_is_waited_for(log: Log) -> None:
    assert log.lines() == 0
    log.write(LINE)
    assert log.lines() == 1


def test_a_renamed_file_is_read_to_its_end_and_its_successor_from_the_start(log: Log) -> None:
    log.write(LINE)
    assert log.lines() == 1
    log.path.rename(log.path.with_name("a.log.1"))
    log.write(LINE, "a.log.1")
    assert log.lines() == 2, "the name is gone for a moment: the renamed file may still grow"
    log.write(LINE * 3)
    log.write(LINE[:-1], "a.log.1")
    assert log.lines() == 6


def test_a_truncated_file_is_read_from_its_beginning(log: Log) -> None:
    log.write(LINE * 3)
    assert log.lines() == 3
    log.write(LINE, mode="wb")
    assert log.lines() == 4
    log.write(LINE)
    assert log.lines() == 5


def test_a_rotated_file_that_a_pattern_finds_again_is_not_counted_twice(tmp_path: Path) -> None:
    log = Log(tmp_path, "*.log*")
    log.write(LINE)
    assert log.lines() == 1
    for number in range(1, 4):
        log.path.rename(log.path.with_name(f"a.log.{number}"))
        log.write(line(call(request_id=f"{number}")) + b"\n")
        assert log.lines() == 1 + number
    log.write(LINE, "b.log")
    assert log.lines() == 5
    log.follower.end()


def test_a_file_in_the_place_of_a_deleted_one_is_another(log: Log) -> None:
    """The file system may give it the same inode."""
    for number in range(5):
        log.write(line(call(request_id=f"{number}")) + b"\n")
        assert log.lines() == number + 1
        log.path.unlink()
        assert log.lines() == number + 1
    log.write(LINE, "a.log")
    assert log.lines() == 6


def test_pieces_of_a_cri_line_come_together_over_looks(log: Log) -> None:
    stamp = b"2026-11-24T00:31:35.762000000Z stdout "
    log.write(stamp + b"P " + LINE[:100] + b"\n")
    assert log.lines() == 0
    log.write(stamp + b"F " + LINE[100:])
    assert (log.lines(), log.digest.account.access) == (1, 1)


def test_a_line_beyond_all_measure_is_counted_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "LONGEST_LINE", 1000)
    log.write(LINE + b"x" * 2000)
    assert log.lines() == 1
    log.write(b"x" * 500)
    assert log.lines() == 1
    log.write(b"x\n" + LINE)
    assert log.lines() == 3
    assert log.digest.account.damages == [Damage(str(log.path), len(LINE), Reason.TOO_LONG)]
    assert log.digest.account.bytes == 2 * len(LINE) + 2502


def test_an_archive_cannot_be_followed(log: Log) -> None:
    log.write(gzip.compress(LINE))
    with pytest.raises(LogError, match="is an archive"):
        log.follower.look()


def test_archives_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    log = Log(tmp_path, ".")
    log.write(gzip.compress(LINE), "a.log.1.gz")
    log.write(LINE)
    assert log.lines() == 1
    log.follower.end()


def test_stdin_is_followed_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(pipe))
        digest = Digest()
        follower = Follower(["-"], digest)
        assert follower.look() == 0
        os.write(write, LINE + LINE[:10])
        assert (follower.look(), digest.account.lines, follower.is_over) == (len(LINE) + 10, 1, False)
        os.close(write)
        follower.look()
        follower.end()
        assert (digest.account.lines, follower.is_over) == (2, True)
        assert follower.heads == {"-": LINE + LINE[:10]}


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 400)),
        st.tuples(st.sampled_from(["look", "rename"]), st.just(0)),
    ),
    max_size=30,
)


@example([("write", 258)])
@given(_steps)
def test_every_line_is_counted_once_wherever_it_is_cut_and_rotated(steps: list[tuple[str, int]]) -> None:
    """A writer that rotates at line ends, as kubelets do, between any two looks or none."""
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder), "*.log*")
        text = b"".join(line(call(request_id=f"{n}")) + b"\n" for n in range(60))
        written = 0
        for number, (step, size) in enumerate(steps):
            if step == "write":
                log.write(text[written : written + size])
                written += size
            elif step == "look":
                log.follower.look()
            elif log.path.exists():
                end = text.find(b"\n", written - 1) + 1
                log.write(text[written:end])
                written = max(written, end)
                log.path.rename(log.path.with_name(f"a.log.{number}"))
        log.follower.look()
        log.follower.end()
        account = log.digest.account
        whole, rest = text[:written].count(b"\n"), text[:written].rpartition(b"\n")[2]
        assert account.lines == whole + (rest != b"")
        assert account.access - whole in ((0, 1) if rest else (0,)), "a cut in the route's name shows nowhere"
        assert account.bytes == written
