"""A mesh's own format is read as exactly as Istio's: one reading, or the line is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from access_log_lines import CALL, Format, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import custom, mesh_config, operators
from analyzer.access_log.errors import LogError
from analyzer.access_log.exact import exact
from analyzer.access_log.readings import Malformed, Other, Reading, Reason
from analyzer.access_log.template import Template
from analyzer.records import LogEntry
from setup.local.envoy.access_log_format import JSON, TEXT

F2 = TEXT.replace("%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ", "")
SHORT = "%START_TIME(%s.%3f)% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER% ua=%REQ(USER-AGENT)%"
START = CALL.start

DEFAULT = custom.judge([TEXT])
BEGINNING_WITH_THE_AGENT = custom.judge(
    ["%REQ(USER-AGENT)% | %REQ(:METHOD)% %RESPONSE_CODE% %UPSTREAM_CLUSTER%|%DURATION%"]
)


def entry(**fields: object) -> LogEntry:
    """Everything that a format does not tell is None."""
    return LogEntry(**{**dict.fromkeys(LogEntry.__slots__), "start": 0.0, "response_code": 200, **fields})


_calm = st.text(st.characters(exclude_characters='\n"', exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() == text != "-" and not text.endswith("\r")
)


@given(_calm, _calm, _calm, st.sampled_from(["v2", "v3"]), st.sampled_from([Format.F2, Format.F3]))
def test_istios_own_format_given_as_one_is_read_as_it_is_without(
    path: str, agent: str, request_id: str, version: str, form: Format
) -> None:
    text = line(
        call(path=path, user_agent=agent, request_id=request_id, upstream_cluster=f"outbound|1|{version}|x"),
        form,
    )
    assert custom.judge([F2 if form is Format.F2 else TEXT])(text) == exact(text)


_SHARDS = [
    '"',
    '" "',
    " ",
    "-",
    "200 - via_upstream - ",
    ' HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "-',
    "|",
]
_SHARDS += [
    '" "0" "1" "a" "9.9.9.9:1" outbound|9080|v2|evil 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3 - default',
    "x",
    "%",
]
_hostile = (
    st.lists(st.sampled_from(_SHARDS), min_size=1).map("".join).filter(lambda text: text.strip("\r ") == text)
)


@given(_hostile, st.sampled_from(["path", "user_agent", "x_forwarded_for", "request_id"]))
def test_what_a_client_writes_never_changes_another_field(text: str, field: str) -> None:
    """The same words, split as Envoy printed them, or no reading at all."""
    printed = call(**{field: text})
    reading = DEFAULT(line(printed))
    assert isinstance(reading, Malformed) or reading in (printed, call(**{field: None}))


@given(_hostile)
def test_a_format_that_begins_with_the_clients_words_cannot_be_misled(agent: str) -> None:
    reading = BEGINNING_WITH_THE_AGENT(f"{agent} | GET 200 outbound|9080|v3|r|5".encode())
    expected = entry(user_agent=None if agent == "-" else agent, method="GET", duration=5)
    assert isinstance(reading, Malformed) or reading == expected.__class__(
        **{
            **{name: getattr(expected, name) for name in LogEntry.__slots__},
            "upstream_cluster": "outbound|9080|v3|r",
        }
    )


@pytest.mark.parametrize(
    ("text", "printed", "fields"),
    [
        (
            SHORT,
            "1645034180.030 503 UF,URX outbound|9080|v2|r; ua=curl 7",
            {"start": START, "response_code": 503, "response_flags": "UF,URX", "user_agent": "curl 7"}
            | {"upstream_cluster": "outbound|9080|v2|r;", "protocol": "HTTP"},
        ),
        (
            "%START_TIME(%Y/%m/%d %T.%6f %z)%|%UPSTREAM_CLUSTER_RAW%|%UPSTREAM_CLUSTER%|%RESPONSE_CODE%",
            "2022/02/16 18:56:20.030000 +0100|raw|stat;|204",
            {"start": START, "upstream_cluster": "raw", "response_code": 204, "protocol": "HTTP"},
        ),
        (
            "%START_TIME(%d/%b/%Y:%T %z)% %UPSTREAM_HOST% %RESPONSE_CODE% 100%% %REQ(X-ID?X-REQUEST-ID)%",
            "16/Feb/2022:17:56:20 +0000 10.0.0.1:80 0 100% -",
            {"start": 1645034180.0, "upstream_host": "10.0.0.1:80", "response_code": 0},
        ),
        (
            "%START_TIME(%FT%H:%M:%E3S%Ez)% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %RESPONSE_CODE% "
            "%UPSTREAM_HOST%",
            "2022-02-16T17:56:20.030+00:00 10.0.0.9 200 -",
            {"start": START, "downstream_remote_address": "10.0.0.9:0", "protocol": "HTTP"},
        ),
        (
            '%RESPONSE_CODE% "%REQ(:METHOD)% %REQ(:PATH)%" %DYNAMIC_METADATA(a)% [%UPSTREAM_HOST%] %CEL(x)%',
            '200 "GET /a" {"k": 1} [h:1] y',
            {"method": "GET", "path": "/a", "upstream_host": "h:1"},
        ),
        (
            "%RESPONSE_CODE% %UPSTREAM_HOST% %BYTES_SENT% "
            "%RESP(X-Envoy-Upstream-Service-Time)% %REQ(:path):5%",
            "200 h:1 17 - /abcd",
            {"upstream_host": "h:1", "bytes_sent": 17, "protocol": "HTTP"},
        ),
    ],
)
def test_operators_fill_the_fields_that_they_print(text: str, printed: str, fields: dict[str, Any]) -> None:
    assert custom.judge([text])(printed.encode()) == entry(**fields)


MAPPING = {
    "ts": "%START_TIME%",
    "request": {"line": "%REQ(:METHOD)% %REQ(:PATH)%", "agent": "%REQ(USER-AGENT)%"},
    "code": "%RESPONSE_CODE%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "ms": "%DURATION%",
    "mesh": "mine",
}
PRINTED = {
    "ts": "2022-02-16T17:56:20.030Z",
    "request": {"line": "GET /a", "agent": 'caf\udce9 "q"'},
    "code": 200,
    "cluster": "outbound|9080|v2|r",
    "ms": None,
    "mesh": "mine",
}
READ = entry(
    start=START, method="GET", path="/a", user_agent='caf\udce9 "q"', upstream_cluster="outbound|9080|v2|r"
)


def printed(**members: object) -> bytes:
    return json.dumps({**PRINTED, **members}, ensure_ascii=False).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (printed(), READ),
        (printed(code="200", more={"code": 5}), READ),
        (json.dumps({k: v for k, v in PRINTED.items() if k != "ms"}).encode(), READ),
        (printed(code=True), Malformed(Reason.SHAPE)),
        (printed(code=-1), Malformed(Reason.SHAPE)),
        (printed(ms=1.5), Malformed(Reason.SHAPE)),
        (printed(ts="2022-02-30T00:00:00.000Z"), Malformed(Reason.TIME)),
        (printed(ts="yesterday"), Malformed(Reason.SHAPE)),
        (printed()[:-1] + b', "code": 500}', Malformed(Reason.AMBIGUOUS)),
        (printed()[:40], Malformed(Reason.CUT)),
        (b'{"level": "info", "ts": "2022"}', Other()),
        (b'{"level": "in', Malformed(Reason.CUT)),
        (b"2026-10-09T22:23:48.025271Z\tinfo\tready", Other()),
        (line(CALL), CALL),
        (line(CALL, Format.JSON), CALL),
    ],
)
def test_a_json_mapping_is_read_by_its_operators(text: bytes, reading: Reading) -> None:
    assert custom.judge([MAPPING])(text) == reading


@given(_calm, st.sampled_from(["v2", "v3"]))
def test_istios_own_json_given_as_a_mapping_is_read_as_it_is_without(agent: str, version: str) -> None:
    text = line(call(user_agent=agent, upstream_cluster=f"outbound|1|{version}|x"), Format.JSON)
    assert custom.judge([JSON])(text) == exact(text)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (b"1645034180.030 200 - outbound|1|v1|r ua=", Malformed(Reason.CUT)),
        (b"1645034180.030 200 - outbound|1|v1|r", Malformed(Reason.CUT)),
        (b"1645034180.030 ", Malformed(Reason.CUT)),
        (b"1645034180", Other()),
        (b"", Other()),
        (b"[2021-12-20 09:00:00.000][1][warning][config] gRPC config stream closed", Other()),
        (line(CALL), CALL),
        (line(CALL)[:50], Malformed(Reason.CUT)),
    ],
)
def test_what_does_not_fit_the_format_is_told_apart(text: bytes, reading: Reading) -> None:
    assert custom.judge([SHORT])(text) == reading


def test_a_line_that_two_formats_read_differently_is_ambiguous() -> None:
    one, other = "%RESPONSE_CODE% %BYTES_SENT% %UPSTREAM_HOST%", "%RESPONSE_CODE% %DURATION% %UPSTREAM_HOST%"
    assert custom.judge([one, other])(b"200 5 h:1") == Malformed(Reason.AMBIGUOUS)
    assert custom.judge([one, one])(b"200 5 h:1") == entry(bytes_sent=5, upstream_host="h:1", protocol="HTTP")


_OPERATORS = ["%RESPONSE_CODE%", "%UPSTREAM_HOST%", "%REQ(A)%", "%REQ(B)%", "%ROUTE_NAME%"]
_literal = st.sampled_from([" ", '"', "|", '" "', "x", "1"])
_format = st.lists(st.tuples(_literal, st.sampled_from(_OPERATORS)), min_size=1, max_size=5)


@given(
    _format,
    _literal,
    st.lists(st.text(' "|x1-:', min_size=1, max_size=3), min_size=5, max_size=5),
    st.booleans(),
)
def test_a_template_finds_the_reading_that_trying_every_division_finds(
    pairs: list[tuple[str, str]], end: str, values: list[str], fits: bool
) -> None:
    printed = "".join(literal + value for (literal, _), value in zip(pairs, values, strict=False)) + end
    text = printed if fits else "".join(values)
    parts = operators.parse("".join(literal + operator for literal, operator in pairs) + end)
    found = Template(parts).read(text.encode())
    divisions = list(_divisions(parts, text))
    if len(divisions) != 1:
        assert found == (Reason.AMBIGUOUS if divisions else None)
    elif found is not Reason.SHAPE:
        assert isinstance(found, dict)
        assert set(found.values()) <= {value.encode() for value in divisions[0]}


def _divisions(parts: Sequence[operators.Part], text: str) -> Iterator[list[str]]:
    """Every way to divide a text among the parts; values whose end is certain keep to their language."""
    if not parts:
        yield from [] if text else [[]]
        return
    first, *others = parts
    if isinstance(first, str):
        yield from _divisions(others, text[len(first) :]) if text.startswith(first) else ()
        return
    following = others[0] if others else ""
    is_narrow = first.language and not re.match(first.language.lengthens, str(following)[:1].encode())
    for end in range(1, len(text) + 1):
        if is_narrow and first.language and not re.fullmatch(first.language.pattern, text[:end].encode()):
            continue
        yield from ([text[:end], *rest] for rest in _divisions(others, text[end:]))


_EVERY_JUDGE = [
    custom.judge([form])
    for form in (TEXT, SHORT, MAPPING, JSON, "%START_TIME(%d/%b/%y %R %Ez)% %RESPONSE_CODE% %UPSTREAM_HOST%")
]
_SEEDS = [line(CALL), line(CALL, Format.JSON), printed(), b"1645034180.030 200 - outbound|9080|v2|r ua=x"]
_SEEDS += [b"01/Jan/00 00:00 +23:59 200 h:1", b'{"code": ' + b"9" * 5000 + b', "cluster": [{}], "ts": 1e999}']


@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=4))
def test_no_bytes_break_a_judge(seed: bytes, edits: list[tuple[int, bytes]]) -> None:
    text = bytearray(seed)
    for place, piece in edits:
        text[place : place + len(piece) // 2] = piece
    for judge in _EVERY_JUDGE:
        assert isinstance(judge(bytes(text)), Reading)


def test_a_moment_before_all_calendars_is_malformed() -> None:
    text = "%START_TIME(%Y-%m-%d %H:%M %z)% %RESPONSE_CODE% %UPSTREAM_HOST%"
    assert custom.judge([text])(b"0001-01-01 00:00 +2359 200 h:1") == Malformed(Reason.TIME)


def test_time_is_linear_for_a_long_hostile_line() -> None:
    """A megabyte of separators in the client's words: quadratic work would take hours."""
    for text in ('" ' * 500_000, '" "' * 300_000, " " * 1_000_000, "x" * 1_000_000, '" 1 1 1 1 ' * 100_000):
        assert isinstance(
            DEFAULT(line(call(user_agent=text.strip() + "y", path="/" + text[:9]))), LogEntry | Malformed
        )
        assert isinstance(BEGINNING_WITH_THE_AGENT(text.encode()), Malformed | Other)


def test_no_format_leaves_istios_own_readers_and_their_quick_ways() -> None:
    assert custom.judge([]) is exact


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "%RESPONSE_CODE%%DURATION% %UPSTREAM_HOST%",
            "nothing stands between %RESPONSE_CODE% and %DURATION%",
        ),
        ("%RESPONSE_CODE% 5% %UPSTREAM_HOST%", "'% %UPSTREAM_HOST%' begins no operator"),
        ("%START_TIME(%Q)% %RESPONSE_CODE% %UPSTREAM_HOST%", "%Q in a START_TIME is not known"),
        ("%START_TIME(%H:%M)% %RESPONSE_CODE% %UPSTREAM_HOST%", "does not tell the moment"),
        ("%START_TIME(%s %s)% %RESPONSE_CODE% %UPSTREAM_HOST%", "cannot be read back"),
        ("%RESPONSE_CODE%\n%UPSTREAM_HOST%", "more than one line"),
        ("%REQ(:PATH)% %UPSTREAM_HOST%", "does not tell what came of a call"),
        ("%RESPONSE_CODE% %DURATION%", "or where it went"),
        ({"code": "%RESPONSE_CODE%"}, "or where it went"),
        ({}, "does not tell what came of a call"),
    ],
)
def test_a_format_that_cannot_be_read_back_is_refused(text: custom.Format, says: str) -> None:
    with pytest.raises(LogError, match=r".*".join(map(_escaped, [says]))):
        custom.judge([text])


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if not c.isalnum() and c != " " else c for c in text)


CONFIG_MAP = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data:
  mesh: |-
    accessLogFile: /dev/stdout
    accessLogFormat: |
      {SHORT}
    extensionProviders:
    - name: json
      envoyFileAccessLog:
        path: /dev/stdout
        logFormat: {{labels: {{code: "%RESPONSE_CODE%", host: "%UPSTREAM_HOST%"}}}}
    - name: zipkin
      zipkin: {{service: zipkin, port: 9411}}
  meshNetworks: 'networks: {{}}'
"""
LABELS = {"code": "%RESPONSE_CODE%", "host": "%UPSTREAM_HOST%"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (SHORT, [SHORT]),
        (TEXT, [TEXT.strip()]),
        (json.dumps(LABELS), [LABELS]),
        ("code: '%RESPONSE_CODE%'\nhost: '%UPSTREAM_HOST%'", [LABELS]),
        (CONFIG_MAP, [SHORT, LABELS]),
        (f"accessLogFormat: '{SHORT}'", [SHORT]),
        (json.dumps({"accessLogEncoding": "JSON", "accessLogFormat": json.dumps(LABELS)}), [LABELS]),
        (f"kind: IstioOperator\nspec: {{meshConfig: {{accessLogFormat: '{SHORT}'}}}}", [SHORT]),
        (json.dumps({"items": [{"data": {"mesh": f"accessLogFormat: '{SHORT}'"}}] * 2}), [SHORT]),
        ("meshConfig: {accessLogFile: /dev/stdout}", []),
        ("accessLogEncoding: JSON", []),
    ],
)
def test_formats_are_found_where_people_have_them(
    tmp_path: Path, content: str, found: list[custom.Format]
) -> None:
    (tmp_path / "file").write_text(content)
    assert mesh_config.formats(f"@{tmp_path / 'file'}") == found


@pytest.mark.parametrize(
    "content", ["kind: Pod", "hello", "meshConfig: {extensionProviders: 5}", b"\xff\xfe", None]
)
def test_a_file_without_a_format_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LogError):
        mesh_config.formats(f"@{tmp_path / 'file'}")
