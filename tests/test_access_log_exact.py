"""One line has one reading, or is refused."""

from __future__ import annotations

import json

import pytest
from access_log_lines import CALL, Format, call, line, without_details
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log.exact import exact
from analyzer.access_log.readings import Malformed, Other, Reason
from analyzer.records import LogEntry

_free = st.text(st.characters(exclude_characters='\n\r"', exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() == text != "-"
)
_word = st.from_regex(r"[A-Za-z0-9_.:/|;@-]{1,20}", fullmatch=True).filter(lambda text: text != "-")
_address = st.from_regex(r"[0-9a-f.:]{1,20}:[0-9]{1,5}", fullmatch=True)
_number = st.integers(0, 10**15 - 1)
_entry = st.builds(
    LogEntry,
    start=st.integers(0, 4 * 10**12).map(lambda ms: ms // 1000 + ms % 1000 / 1000),
    method=st.sampled_from(["GET", "POST", "PROPFIND"]),
    path=_free,
    protocol=st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3", None]),
    response_code=st.integers(0, 999),
    response_flags=st.sampled_from(["UF,URX", "DC", None]),
    response_code_details=st.none() | _word,
    connection_termination_details=st.none() | _word,
    upstream_transport_failure_reason=st.none() | _free,
    bytes_received=st.none() | _number,
    bytes_sent=st.none() | _number,
    duration=st.none() | _number,
    upstream_service_time=st.none() | _number,
    x_forwarded_for=st.none() | _free,
    user_agent=st.none() | _free,
    request_id=st.none() | _free,
    authority=st.none() | _word,
    upstream_host=st.none() | _address,
    upstream_cluster=st.none() | _word,
    upstream_local_address=st.none() | _address,
    downstream_local_address=st.none() | _address,
    downstream_remote_address=st.none() | _address,
    requested_server_name=st.none() | _word,
    route_name=st.none() | _word,
)


@given(_entry)
def test_what_envoy_writes_is_read_back_in_every_format(entry: LogEntry) -> None:
    assert exact(line(entry)) == entry
    assert exact(line(entry, Format.JSON)) == entry
    assert exact(line(entry, Format.F1)) == without_details(entry)
    assert exact(line(entry, Format.F2)) == without_details(entry)


@given(st.binary() | st.binary().map(line(CALL).__add__) | st.binary().map(lambda tail: tail + line(CALL)))
def test_no_line_raises(text: bytes) -> None:
    exact(text)


@given(st.data())
def test_a_damaged_line_is_an_entry_that_was_written_or_refused(data: st.DataObject) -> None:
    """Cutting bytes off either end never yields another cluster, status or upstream host."""
    whole = line(CALL)
    start = data.draw(st.integers(0, len(whole)))
    reading = exact(whole[start:] if data.draw(st.booleans()) else whole[:start])
    if isinstance(reading, LogEntry):
        assert reading == call(route_name=reading.route_name)
        assert "default".startswith(str(reading.route_name))


@pytest.mark.parametrize(
    "fields",
    [
        {"user_agent": 'AGENT" "AJ" "WAS" "HERE'},
        {"user_agent": '"quoted"'},
        {"user_agent": 'say "hi'},
        {"user_agent": "a\tb\x01c\x0b\x85\u2028d"},
        {"user_agent": "caf\udce9 \udcff"},
        {"user_agent": "x" * 60_000},
        {"path": '/?x="y"&z=[a]'},
        {"path": '/a b" c'},
        {"x_forwarded_for": 'a"b,10.0.0.1'},
        {"x_forwarded_for": "192.168.5.5,10.244.0.18"},
        {"request_id": "not-a-uuid at all"},
        {"upstream_transport_failure_reason": "TLS error: 268436501:SSL routines:OPENSSL_internal"},
        {"connection_termination_details": "closed by policy x"},
        {"route_name": "my own route"},
        {"upstream_host": "envoy://connect_originate/10.244.0.32:9080"},
        {"upstream_host": "[::1]:9080"},
        {"upstream_local_address": "envoy://internal_client_address/"},
        {"downstream_local_address": "@/var/run/socket"},
    ],
)
def test_odd_values_are_read_as_they_stand(fields: dict[str, object]) -> None:
    assert exact(line(call(**fields))) == call(**fields)


_OTHER_TAIL = '" "0" "1" "a" "9.9.9.9:1" outbound|9080|v2|evil 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3 - default'


@pytest.mark.parametrize(
    ("why", "fields"),
    [
        ("a path with a whole middle", {"path": '/ HTTP/1.1" 200 - x - "-" 0 1 2 3 "-'}),
        ("a User-Agent with a whole middle", {"user_agent": 'a HTTP/1.1" 200 - x - "-" 0 1 2 3 "b'}),
        ("X-Forwarded-For with a false end", {"x_forwarded_for": 'a" "b,10.0.0.1'}),
        ("the same behind an address", {"x_forwarded_for": '1.2.3.4" "b,10.0.0.1'}),
        ("the same before IPv6", {"x_forwarded_for": '1.2.3.4" "b, fe80::1'}),
        ("a request id with a false end", {"request_id": 'a" "b'}),
        ("separators that overlap", {"user_agent": 'x" '}),
        ("a forged tail", {"user_agent": "x" + _OTHER_TAIL}),
        (
            "an SNI of an Envoy before 1.31.2 that forges a tail",
            {"requested_server_name": "x" + _OTHER_TAIL[:-8]},
        ),
    ],
)
def test_two_readings_are_malformed(why: str, fields: dict[str, object]) -> None:
    assert exact(line(call(**fields))) == Malformed(Reason.AMBIGUOUS), why


@pytest.mark.parametrize("cut", range(29, 330, 7))
def test_a_line_that_another_one_follows_without_newline_is_malformed(cut: int) -> None:
    assert exact(line(CALL)[:cut] + line(CALL)) == Malformed(Reason.RUN_TOGETHER)


def test_an_agent_line_behind_the_route_is_malformed() -> None:
    assert exact(line(CALL) + b"2026-10-09T22:23:48.025271Z\tinfo\tready") == Malformed(Reason.SHAPE)


@pytest.mark.parametrize("cut", range(1, len(line(CALL)) - len("default")))
def test_a_line_cut_short_is_malformed(cut: int) -> None:
    assert isinstance(exact(line(CALL)[:cut]), Malformed)


@pytest.mark.parametrize("cut", range(1, len(line(CALL, Format.JSON)), 5))
def test_a_json_line_cut_short_is_malformed(cut: int) -> None:
    assert isinstance(exact(line(CALL, Format.JSON)[:cut]), Malformed | Other)
    assert cut < 5 or exact(line(CALL, Format.JSON)[:cut]) == Malformed(Reason.CUT)


def test_the_rest_of_a_line_whose_beginning_was_lost_is_malformed() -> None:
    assert exact(line(CALL)[40:]) == Malformed(Reason.HEADLESS)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"2026-10-09T22:23:48.025271Z\tinfo\tReadiness succeeded in 280.949789ms",
        b"[2021-12-20 09:00:00.000][1][warning][config] gRPC config stream closed",
        b"[Envoy (Epoch 0)] [2021-12-20 09:00:00.000]",
        b'{"level":"info","time":"2021-12-24T15:25:05.370Z","msg":"ready"}',
        b"{",
        b"\x00\xff\x1f\x8b",
    ],
)
def test_lines_of_other_programs_are_other(text: bytes) -> None:
    assert exact(text) == Other()


def test_a_time_that_does_not_exist_is_malformed() -> None:
    assert exact(line(CALL).replace(b"2022-02-16", b"2022-02-30")) == Malformed(Reason.TIME)
    assert exact(line(CALL, Format.JSON).replace(b"2022-02-16", b"2022-02-30")) == Malformed(Reason.TIME)


def test_a_carriage_return_belongs_to_the_line_end() -> None:
    assert exact(line(CALL) + b"\r") == CALL
    assert exact(line(CALL, Format.JSON) + b"\r") == CALL


def test_json_numbers_may_be_text_and_keys_may_be_missing_or_added() -> None:
    members = json.loads(line(CALL, Format.JSON))
    members |= {"response_code": "200", "duration": "-", "bytes_sent": "375", "mine": {"path": "x"}}
    del members["response_code_details"]
    text = json.dumps(members).encode()
    assert exact(text) == call(duration=None, response_code_details=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"method"', b'"path": "/other", "method"'),
        (b'"user_agent"', b'"response_code": 500, "user_agent"'),
    ],
)
def test_a_json_key_that_stands_twice_is_ambiguous(old: bytes, new: bytes) -> None:
    assert exact(line(CALL, Format.JSON).replace(old, new)) == Malformed(Reason.AMBIGUOUS)


@pytest.mark.parametrize("value", [b"-1", b"1.5", b'"x"', b"true", b"1e400", b"[]", b"1000000000000000"])
def test_json_numbers_that_are_none_are_malformed(value: bytes) -> None:
    text = line(CALL, Format.JSON).replace(b'"duration": 11', b'"duration": ' + value)
    assert exact(text) == Malformed(Reason.SHAPE)


@pytest.mark.parametrize("agent", ["caf\udce9", "\ud800", "a\x01b", 'a":"b', "x\u2028y"])
def test_json_with_odd_bytes_is_read_as_it_stands(agent: str) -> None:
    members = json.loads(line(CALL, Format.JSON))
    raw = json.dumps(members | {"user_agent": agent}, ensure_ascii=agent == "\ud800")
    assert exact(raw.encode("utf-8", "surrogateescape")) == call(user_agent=agent)


def test_deep_json_is_refused() -> None:
    assert exact(b'{"start_time":' + b"[" * 1_000_000) == Malformed(Reason.CUT)
