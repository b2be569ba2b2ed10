"""Two readings of one log are joined where the lines themselves say, whatever the overlap."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setup.cluster.seam import Seam, time_of

START = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b'[2026-11-24T12:00:00.123Z] "GET / HTTP/1.1" 200', "2026-11-24T12:00:00.123Z"),
        (b"2026-10-09T22:23:48.025271Z\tinfo\tReadiness succeeded", "2026-10-09T22:23:48.025271Z"),
        (b'{"method":"GET","start_time":"2026-11-24T12:00:00.123Z"}', "2026-11-24T12:00:00.123Z"),
        (b'{"start_time": "2026-11-24T12:00:00.123Z"}', "2026-11-24T12:00:00.123Z"),
        (b"[Envoy (Epoch 0)] [2026-11-24 12:00:00.123][1][warning]", None),
        (b"goroutine 1 [running]:", None),
        (b"", None),
    ],
)
def test_a_lines_own_time_is_read_from_every_kind_of_line(line: bytes, time: str | None) -> None:
    assert time_of(line) == time


def access_line(number: int, seconds: float) -> bytes:
    moment = datetime.fromtimestamp(round(START + seconds, 3), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f'[{moment}Z] "GET /reviews/0 HTTP/1.1" 200 id-{number}'.encode()


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[float, bytes]]:
    """Lines and the second each was written: requests begin before, in any order; some lines have no time."""
    found, now = [], 60.0  # in whole milliseconds, as the lines have them
    for number in range(draw(st.integers(0, 30))):
        now = round(now + draw(st.sampled_from((0.0, 0.001, 0.4, 1.0, 7.0))), 3)
        lasted = draw(st.sampled_from((0.0, 0.01, 1.5, 20.0)))
        timed = draw(st.booleans())
        found.append((now, access_line(number, now - lasted) if timed else f"word {number}".encode()))
    return found


@given(logs(), st.data())
def test_readings_joined_anywhere_give_the_whole_log_once(
    log: list[tuple[float, bytes]], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=4)))
    seam, copy = Seam(), list[bytes]()
    for cut in [*cuts, len(log)]:
        since = datetime.fromisoformat(seam.since).timestamp() - START if seam.since else 0.0
        reading = [line for written, line in log[:cut] if written >= since]
        new = seam.new(reading)
        assert new is not None
        seam.keep(new)
        copy += new
    assert copy == [line for _, line in log]


def test_an_end_that_was_rotated_away_is_not_found() -> None:
    seam = Seam()
    seam.keep([access_line(1, 0), b"a word"])
    assert seam.new([access_line(2, 1), b"a word"]) is None
    assert seam.new([access_line(1, 0), b"another"]) is None
    assert seam.new([access_line(1, 0), b"a word", b"new"]) == [b"new"]
