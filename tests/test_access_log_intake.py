"""What goes into a digest: block by block, by the reader's own judge, and kept line by line where asked."""

from __future__ import annotations

from io import BytesIO

from access_log_lines import CALL, Format, call, line

from analyzer.access_log.blocks import Block, blocks
from analyzer.access_log.digest import Digest
from analyzer.access_log.exact import exact
from analyzer.access_log.readings import Connection, Malformed, Reading, Reason
from analyzer.records import LogEntry

AGENT = b"2026-10-09T22:23:48.025271Z\tinfo\tready"
TEXT = b"\n".join([line(CALL), AGENT, line(CALL)[:99], line(call(response_code=503)), line(CALL, Format.F1)])


def test_blocks_of_two_files_by_turns_give_what_one_after_the_other_gives() -> None:
    at_once, by_turns = Digest(join=True), Digest(join=True)
    for file in ("a.log", "b.log"):
        list(at_once.read(BytesIO(TEXT), file))
    intakes = [by_turns.open(file) for file in ("a.log", "b.log")]
    for block in blocks(BytesIO(TEXT), size=400):
        for intake in intakes:
            intake.add(block)
    for intake in intakes:
        intake.end()
    by_turns.account.damages.sort(key=lambda damage: damage.file)
    assert by_turns.account == at_once.account
    assert set(by_turns.groups) == set(at_once.groups)
    assert [damage.offset for damage in at_once.account.damages] == [len(line(CALL)) + len(AGENT) + 2] * 2


def test_every_access_line_is_kept_with_the_number_of_its_group() -> None:
    kept: list[tuple[LogEntry | Connection, int]] = []
    digest = Digest(keep=lambda reading, group: kept.append((reading, group)))
    list(digest.read(BytesIO(TEXT)))
    assert kept == [(CALL, 0), (call(response_code=503), 1), (exact(line(CALL, Format.F1)), 0)]
    assert digest.account.access == len(kept)


def test_another_judge_sees_every_line() -> None:
    seen: list[bytes] = []

    def judge(text: bytes) -> Reading:
        seen.append(text)
        return Malformed(Reason.SHAPE)

    digest = Digest(judge=judge)
    list(digest.read(BytesIO(TEXT)))
    assert seen == TEXT.split(b"\n")
    assert digest.account.reasons == {Reason.SHAPE: 5}


def test_pieces_whose_end_never_comes_are_counted_when_the_stream_ends() -> None:
    digest = Digest()
    intake = digest.open("0.log")
    piece = b"2026-11-24T00:31:35.762000000Z stdout P " + line(CALL)
    intake.add(Block(piece, 0, len(piece)))
    assert digest.account.lines == 0
    intake.end()
    assert (digest.account.lines, digest.account.access) == (1, 1)
