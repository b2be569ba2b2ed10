"""The quick ways through a log, in Python and in C, give what ``exact`` gives, to the order of rows."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import access_log_mutations
import pytest
from access_log_lines import CALL, Format, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import native
from analyzer.access_log import source as module
from analyzer.access_log.exact import exact
from analyzer.access_log.fingerprint import fingerprint
from analyzer.access_log.keys import Key
from analyzer.access_log.native import SCAN
from analyzer.access_log.readings import Malformed, Reading, Reason
from analyzer.access_log.rows import Groups
from analyzer.access_log.scan import DURATION
from analyzer.access_log.source import Refused, Source

WAYS = [
    "python",
    pytest.param("c", marks=pytest.mark.skipif(SCAN is None, reason="the extension was not built")),
]


class Outcome(NamedTuple):
    """All that comes out of a block, in plain types."""

    columns: tuple[list[int], ...]
    others: int
    refused: list[Refused]
    groups: list[Key]


def outcome(blocks: list[bytes], way: str, *, join: bool = True) -> list[Outcome]:
    groups = Groups()
    source = Source(
        "pod",
        groups,
        join=join,
        judge=every_line if way == "exact" else exact,
        native=SCAN if way == "c" else None,
    )
    found = []
    for block in blocks:
        rows, others, refused = source.scan(block)
        columns = tuple(getattr(rows, name).tolist() for name in rows.__slots__)
        found.append(Outcome(columns, others, refused, list(groups)))
    return found


def every_line(text: bytes) -> Reading:
    """As a judge of its own, ``exact`` is shown every line."""
    return exact(text)


@pytest.mark.parametrize("way", WAYS)
def test_mutated_lines_are_read_as_exact_reads_them(way: str) -> None:
    """20 000 lines; ``python -m bench.differential`` compares millions."""
    for seed in range(20):
        blocks = [access_log_mutations.block(seed, 500), access_log_mutations.block(1000 + seed, 500)]
        assert outcome(blocks, way) == outcome(blocks, "exact"), seed


_pieces = st.sampled_from([*access_log_mutations.TEXT, *access_log_mutations.JSON]) | st.binary()


@pytest.mark.parametrize("way", WAYS)
@given(st.lists(st.lists(_pieces, max_size=2).map(b"".join), min_size=1), st.data())
def test_any_bytes_are_read_as_exact_reads_them(way: str, lines: list[bytes], data: st.DataObject) -> None:
    text = b"\n".join(lines)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.binary(max_size=3)) + text[at:] or b"\n"
    assert outcome([text], way) == outcome([text], "exact")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("known", "other"),
    [
        ({}, {"downstream_remote_address": "0"}),
        ({"upstream_local_address": None}, {"upstream_local_address": "-:80"}),
        ({"upstream_local_address": "10.0.0.1:80"}, {"upstream_local_address": "10.0.0.1"}),
        ({"upstream_local_address": "a:80"}, {"upstream_local_address": "a:80/b:80"}),
        ({}, {"upstream_transport_failure_reason": "[2022-02-16T17:56:20.030Z] "}),
        ({}, {"user_agent": " "}),
        ({}, {"path": "/a b"}),
        ({}, {"request_id": " "}),
        ({"route_name": "a"}, {"route_name": "a\r"}),
        ({}, {"protocol": "HTTP/1.1x"}),
        ({}, {"duration": 10**15}),
        ({}, {"response_code": 1000}),
        ({"upstream_cluster": "inbound|9080||"}, {"downstream_remote_address": "172.16.158.7:0"}),
    ],
)
@pytest.mark.parametrize("form", [Format.F3, Format.JSON])
def test_a_line_is_not_taken_for_one_that_resembles_it(
    way: str, known: dict[str, object], other: dict[str, object], form: Format
) -> None:
    """The second shares with the first nearly all that decides its group."""
    lines = line(call(**known), form), line(call(**{**known, **other}), form)
    text = b"\n".join(compact(one) for one in (*lines, *lines)) + b"\n"
    assert outcome([text], way) == outcome([text], "exact")


@pytest.mark.parametrize("way", WAYS)
def test_what_stands_before_the_brace_makes_another_line(way: str) -> None:
    whole = compact(line(CALL, Format.JSON))
    text = b"\n".join([whole, b" " + whole, b"\t" + whole, whole + b" "]) + b"\n"
    assert outcome([text], way) == outcome([text], "exact")


def compact(text: bytes) -> bytes:
    """JSON without blanks, as Envoy writes it."""
    return text.replace(b'": ', b'":').replace(b', "', b',"') if text.startswith(b"{") else text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", [Format.F3, Format.JSON])
def test_of_lines_that_differ_in_time_size_port_and_id_the_first_alone_is_judged(
    way: str, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def watched(text: bytes) -> Reading:
        seen.append(text)
        return exact(text)

    monkeypatch.setattr(module, "exact", watched)
    lines = [
        compact(line(call(start=CALL.start + n, duration=n, bytes_sent=n, request_id=f"{n:036x}"), form))
        for n in range(50)
    ]
    source = Source("pod", Groups(), join=True, judge=watched, native=SCAN if way == "c" else None)
    assert source.scan(b"\n".join(lines)).rows.duration.tolist() == list(range(50))
    assert seen == lines[:1]


@pytest.mark.parametrize("way", WAYS)
def test_damaged_lines_are_refused_with_their_number_and_place(way: str) -> None:
    whole = line(CALL)
    text = b"\n".join([whole, whole[:99], b"agent", whole, whole[40:], whole])
    (found,) = outcome([text], way)
    assert found.others == 1
    assert found.columns[2] == [11, 11, 11]
    assert found.refused == [
        Refused(1, len(whole) + 1, Reason.CUT),
        Refused(4, 2 * len(whole) + 99 + 5 + 4, Reason.HEADLESS),
    ]


@pytest.mark.parametrize("way", WAYS)
def test_all_lines_of_a_shape_that_is_refused_are_refused(way: str) -> None:
    odd = line(CALL).replace(b" 200 ", b" 2OO ")
    text = b"\n".join([odd, line(CALL), odd, odd]) + b"\n"
    (found,) = outcome([text], way)
    assert [refused.number for refused in found.refused] == [0, 2, 3]
    assert exact(odd) == Malformed(Reason.CUT) or exact(odd) == Malformed(Reason.SHAPE)
    assert [found] == outcome([text], "exact")


@pytest.mark.parametrize("way", WAYS)
def test_a_doubt_costs_no_other_line_its_quick_reading(way: str) -> None:
    """Lines are read many at a time; of each kind one that leaves a doubt stands among plain ones."""
    doubtful: list[dict[str, object]] = [
        {"user_agent": 'say "hi"'},
        {"user_agent": " "},
        {"request_id": "[2022-02-16T17:56:20.030Z] "},
        {"protocol": "HTTP/1.1x"},
        {"authority": "a b"},
        {"downstream_local_address": "nowhere"},
    ]
    lines = [line(call(duration=n)) for n in range(100)]
    for place, odd in zip(range(5, 71, 13), doubtful, strict=True):
        lines[place] = line(call(duration=place, **odd))
    source = Source("pod", Groups(), join=True, native=SCAN if way == "c" else None)
    begun = source.begin(b"\n".join(lines) + b"\n")
    assert begun is not None
    assert begun.doubts[:, 0].tolist() == [5, 18, 31, 44, 57, 70]
    assert begun.columns[DURATION].tolist() == [n for n in range(100) if n not in (5, 18, 31, 44, 57, 70)]


@pytest.mark.parametrize("way", WAYS)
def test_rows_come_in_the_order_of_their_lines(way: str) -> None:
    lines = [line(call(duration=n, user_agent='"' if n % 3 == 0 else "x")) for n in range(30)]
    (found,) = outcome([b"\n".join(lines) + b"\n"], way)
    assert found.columns[2] == list(range(30))


@pytest.mark.parametrize("way", WAYS)
@given(
    request_id=st.text(st.characters(min_codepoint=33, exclude_characters='"\\', exclude_categories=["Cs"]))
)
def test_request_ids_are_fingerprinted_alike(way: str, request_id: str) -> None:
    text = line(call(request_id=request_id)) + b"\n"
    expected = 0 if request_id == "-" else fingerprint(request_id.encode())
    assert [found.columns[5] for found in outcome([text], way)] == [[expected]]


@pytest.mark.parametrize("way", WAYS)
def test_without_a_join_no_request_id_is_kept(way: str) -> None:
    (found,) = outcome([line(CALL) + b"\n"], way, join=False)
    assert found.columns[5] == []


def test_every_step_of_the_mutations_yields_lines_that_are_read_and_lines_that_are_not() -> None:
    """The comparison would say nothing if most lines were noise: a third and more are access lines."""
    kinds = [type(exact(one)).__name__ for one in access_log_mutations.lines(1, 5000)]
    assert kinds.count("LogEntry") > 1500
    assert kinds.count("Malformed") > 1500
    assert kinds.count("Other") > 300


@pytest.mark.skipif(SCAN is None, reason="the extension was not built")
def test_c_takes_most_of_the_lines_that_are_read() -> None:
    """Else nearly all would be the judge's answers on both sides of the comparison."""
    text = access_log_mutations.block(1, 5000)
    source = Source("pod", Groups(), join=True)
    begun = source.begin(text)
    assert begun is not None
    assert begun.columns.shape[1] > 0.6 * len(source.finish(text, begun).rows)


@pytest.mark.parametrize("lines", [access_log_mutations.TEXT, access_log_mutations.JSON])
def test_python_takes_most_of_the_lines_of_a_kind(lines: tuple[bytes, ...]) -> None:
    """To it a block is of text or of JSON, so that of a mixed one it leaves half to the judge."""
    source = Source("pod", Groups(), join=True, native=None)
    text = b"\n".join(lines) + b"\n"
    begun = source.begin(text)
    assert begun is not None
    assert begun.columns.shape[1] > 0.6 * len(source.finish(text, begun).rows)


def test_an_extension_built_from_another_source_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would give columns that mean something else."""
    monkeypatch.delenv(native.PURE, raising=False)
    for edition in ({}, {"EDITION": native.EDITION - 1}):
        built = SimpleNamespace(scan=lambda block, join: (b"", b"", []), **edition)
        monkeypatch.setitem(sys.modules, "analyzer.access_log._scan", built)  # type: ignore[arg-type]  # stands in for a module
        assert native._load() is None


def test_both_halves_are_of_one_edition() -> None:
    source = Path(native.__file__).with_name("_scan.c").read_text()
    assert f"enum {{ EDITION = {native.EDITION} }};" in source
