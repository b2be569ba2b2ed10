"""Whatever stands around a line is taken off, and the line is given back to the byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from access_log_lines import CALL, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log.wrapping import Unwrapper, Wrapped, is_wrapped

AGENT = b"2026-10-09T22:23:48.025271Z\tinfo\tready"
STAMP = b"2026-11-24T00:31:35.762000000Z "
PIECE = 16384

_text = st.binary(max_size=60).map(lambda text: text.replace(b"\n", b" "))
_access = st.sampled_from([line(CALL), line(call(user_agent="x" * 2_000)), AGENT, b'{"start_time":"x"}'])
_stamp = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)).map(
    lambda time: time.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode()
)


def unwrap(text: bytes) -> list[Wrapped]:
    """In one block, with what is left at its end."""
    unwrapper = Unwrapper()
    return [*unwrapper.unwrap(text, 0), *unwrapper.rest()]


def lines(text: bytes) -> list[bytes]:
    return [one.line for one in unwrap(text)]


def test_prefix_and_timestamps_of_kubectl_come_off() -> None:
    prefix = b"[pod/reviews-v3-84779c7bbc-9drws/istio-proxy] "
    wrapped = [prefix + line(CALL), prefix + STAMP + line(CALL), STAMP + line(CALL), line(CALL)]
    assert all(map(is_wrapped, wrapped[:3]))
    pods = ["reviews-v3-84779c7bbc-9drws"] * 2 + [None] * 2
    assert [(one.pod, one.line) for one in unwrap(b"\n".join(wrapped))] == [(pod, line(CALL)) for pod in pods]


def test_lines_that_are_not_wrapped_stay_as_they_are() -> None:
    ztunnel = b"2024-04-11T15:38:42.182974Z  INFO access: connection complete src.addr=10.244.0.24:46238"
    for plain in (line(CALL), AGENT, ztunnel, b"", b'{"log":', b'{"log":1}', b"[pod/] x"):
        assert lines(plain) == ([plain] if plain else [])
        assert not is_wrapped(plain) or plain.startswith(b'{"log":')


def test_offsets_are_those_of_the_wrapped_lines() -> None:
    text = (
        STAMP
        + b"stdout F a\n"
        + STAMP
        + b"stdout P b\n"
        + STAMP
        + b"stdout F c\n\n"
        + STAMP
        + b"stdout F d\n"
    )
    one = len(STAMP) + len("stdout F a\n")
    assert unwrap(text) == [
        Wrapped(None, b"a", 0),
        Wrapped(None, b"bc", one),
        Wrapped(None, b"", 3 * one),
        Wrapped(None, b"d", 3 * one + 1),
    ]


@given(st.data(), st.lists(st.tuples(st.sampled_from([b"stdout", b"stderr"]), _text | _access), max_size=8))
def test_pieces_of_a_cri_file_come_together_however_two_streams_mix(
    data: st.DataObject, written: list[tuple[bytes, bytes]]
) -> None:
    """The runtime cuts where it likes; within a stream the order stays."""
    queues: dict[bytes, list[bytes]] = {b"stdout": [], b"stderr": []}
    for stream, text in written:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
        pieces = [text[low:high] for low, high in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        for number, piece in enumerate(pieces):
            tag = b"F" if number == len(pieces) - 1 else b"P"
            queues[stream].append(b" ".join([stream, tag, piece]))
    mixed: list[bytes] = []
    while any(queues.values()):
        stream = data.draw(st.sampled_from([name for name, queue in queues.items() if queue]))
        mixed.append(data.draw(_stamp) + queues[stream].pop(0) + b"\n")
    assert sorted(lines(b"".join(mixed))) == sorted(text for _, text in written)


@given(st.lists(_text | _access, max_size=6), st.integers(100, 3_000))
def test_pieces_of_dockers_file_come_together(written: list[bytes], size: int) -> None:
    """Docker writes what is not UTF-8 as U+FFFD, and a piece without a newline where it cuts."""
    texts = [text.decode("utf-8", "replace") for text in written]
    entries = [
        json.dumps(
            {"log": piece, "stream": "stdout", "time": "2026-11-24T00:31:35.762Z"}, separators=(",", ":")
        )
        for text in texts
        for piece in ([(text + "\n")[at : at + size] for at in range(0, len(text) + 1, size)])
    ]
    assert lines("".join(entry + "\n" for entry in entries).encode()) == [text.encode() for text in texts]


@given(
    st.integers(0, 70_000), st.binary(min_size=1, max_size=8).filter(lambda part: b"\n" not in part), _stamp
)
def test_timestamps_inside_a_long_line_come_out(size: int, part: bytes, stamp: bytes) -> None:
    """The runtime cuts at 16 KiB and kubectl stamps every piece (kubernetes#77603)."""
    text = line(CALL)[:200] + part * (size // len(part)) + line(CALL)[200:]
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    assert lines(b"".join(stamp + piece for piece in pieces)) == [text]


@given(st.lists(_text | _access, max_size=8), st.integers(0, 8))
def test_no_line_is_lost_at_a_blocks_border(written: list[bytes], border: int) -> None:
    whole = [STAMP + b"stdout F " + text + b"\n" for text in written]
    unwrapper = Unwrapper()
    first = b"".join(whole[:border])
    found = [*unwrapper.unwrap(first, 0), *unwrapper.unwrap(b"".join(whole[border:]), len(first))]
    assert [one.line for one in found] == written
    assert [one.offset for one in found] == [sum(map(len, whole[:n])) for n in range(len(whole))]


@given(st.binary())
def test_no_bytes_break_it(text: bytes) -> None:
    assert b"".join(one.line for one in unwrap(text)) is not None
    is_wrapped(text)


def test_pieces_without_an_end_are_given_at_the_end() -> None:
    text = STAMP + b"stdout P a\n" + STAMP + b"stderr P b\n"
    assert unwrap(text) == [Wrapped(None, b"a", 0), Wrapped(None, b"b", len(STAMP) + len("stdout P a\n"))]
