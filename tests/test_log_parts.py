"""A large log that several processes read in parts comes to the same as one that a process reads alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import custom
from analyzer.access_log.digest import Digest
from analyzer.access_log.files import LogFile
from analyzer.access_log.survey import survey
from weighbridge import log_parts
from weighbridge.log_parts import Parted

EXAMPLE = Path(__file__).parent.parent / "results" / "example" / "access-log"
ODD = (b"[2022-02-16T17:56:20.030Z] cut", b"\xff\xfe", b"agent: warning", b'[2022-02-16T17:56:20.030Z] "GET')


@given(lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=60))
@pytest.mark.parametrize("size", [1, 10, 100])
def test_parts_are_whole_lines_and_together_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.log"
    whole = b"\n".join(lines)
    path.write_bytes(whole)
    pieces = [whole[part.begin : part.end] for part in log_parts.cut(path, len(whole), size)]
    assert b"".join(pieces) == whole
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    assert all(len(piece.removesuffix(b"\n").rpartition(b"\n")[0]) < size for piece in pieces)


@pytest.fixture(scope="module")
def odd_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's lines with damaged and foreign ones between."""
    lines = b"".join(path.read_bytes() for path in sorted(EXAMPLE.rglob("*.log"))).split(b"\n")
    for place, line in enumerate(ODD * 20):
        lines.insert(place * 97, line)
    path = tmp_path_factory.mktemp("odd") / "odd.log"
    path.write_bytes(b"\n".join(lines))
    return path


OWN = custom.judge(["%START_TIME% %RESPONSE_CODE% %UPSTREAM_CLUSTER%"])


@pytest.mark.parametrize("digest", [Digest(), Digest(join=True), Digest(judge=OWN)], ids=["", "join", "own"])
def test_what_processes_read_in_parts_is_what_one_reads(odd_log: Path, digest: Digest) -> None:
    whole, alone = odd_log.stat().st_size, digest.alike()
    list(alone.read(io.BytesIO(odd_log.read_bytes()), "odd.log"))
    log = Parted("odd.log", "", odd_log, b"", log_parts.cut(odd_log, whole, whole // 7))
    offsets = list(log_parts.read(log, digest))
    assert offsets == [part.end for part in log.parts]
    assert len(offsets) == 7
    assert alone.account.malformed > 0
    assert digest.account == alone.account
    assert survey(digest).as_dict() == survey(alone).as_dict()


def test_what_hangs_together_is_read_by_one_process(odd_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_parts, "_WORTH", 1000)
    monkeypatch.setattr(log_parts, "_cores", lambda: 2)
    own = Digest(judge=OWN)
    parted = log_parts.parted(LogFile("odd.log", odd_log), own)
    assert parted is not None
    assert parted.parts == [(0, odd_log.stat().st_size)]
    packed, wrapped = odd_log.with_name("packed.log"), odd_log.with_name("wrapped.log")
    packed.write_bytes(b"\x1f\x8b" + bytes(2000))
    wrapped.write_bytes(b"2022-02-16T17:56:20.030000000Z stdout F line\n" * 100)
    small = odd_log.with_name("small.log")
    small.write_bytes(b"line\n")
    for path in (packed, wrapped, small):
        assert log_parts.parted(LogFile(path.name, path), own) is None
    assert log_parts.parted(LogFile("odd.log", odd_log), Digest(keep=lambda *_: None)) is None
