"""Every line of a stream is found in its account."""

from __future__ import annotations

from io import BytesIO

from access_log_lines import CALL, Format, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import entries as module
from analyzer.access_log.entries import Account, Damage, entries
from analyzer.access_log.readings import Reason

AGENT = b"2026-10-09T22:23:48.025271Z\tinfo\tready"


def test_access_other_and_malformed_lines_add_up() -> None:
    text = b"\n".join(
        [line(CALL), AGENT, line(CALL)[:99], b"", line(CALL, Format.JSON) + b"\r", line(CALL, Format.F1)]
    )
    account = Account()
    assert len(list(entries(BytesIO(text), account, "a.log"))) == 3
    assert account == Account(
        lines=6,
        access=3,
        other=2,
        bytes=len(text),
        reasons=account.reasons,
        damages=[Damage("a.log", len(line(CALL)) + len(AGENT) + 2, Reason.CUT)],
    )
    assert account.reasons == {Reason.CUT: 1}


@given(st.lists(st.sampled_from([line(CALL), AGENT, line(CALL)[:50]]) | st.binary()))
def test_no_stream_loses_a_line(lines: list[bytes]) -> None:
    text = b"\n".join(lines)
    account = Account()
    found = len(list(entries(BytesIO(text), account)))
    assert account.lines == text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    assert account.lines == account.access + account.other + account.malformed
    assert (account.access, account.bytes) == (found, len(text))


def test_only_a_newline_ends_a_line() -> None:
    text = line(CALL).replace(b"curl", "cu\x85\u2028\x0b\x0c\x1d\rrl".encode())
    assert [entry.user_agent for entry in entries(BytesIO(text + b"\n"))] == [
        "cu\x85\u2028\x0b\x0c\x1d\rrl/7.68.0"
    ]


def test_a_line_beyond_all_measure_is_malformed_and_the_next_is_read() -> None:
    text = b"x" * (2 * module.LONGEST_LINE + 5) + b"\n" + line(CALL) + b"\n"
    account = Account()
    assert list(entries(BytesIO(text), account)) == [CALL]
    assert account.damages == [Damage("-", 0, Reason.TOO_LONG)]
    assert (account.lines, account.bytes) == (2, len(text))
