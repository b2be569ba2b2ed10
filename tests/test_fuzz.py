"""Every parser of what comes from elsewhere reads it or refuses it in one line, whatever the bytes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.records import WeightsError
from bench.fuzz import harnesses
from bench.fuzz.harnesses import HARNESSES, SEEDS, SLOW, seeds
from bench.fuzz.mutations import mutated

ROOT = Path(__file__).parent.parent
PACKED = (SEEDS / "run_packed_rows" / "three.arrows").read_bytes()
FOUND: list[tuple[str, bytes]] = [
    ("run_file", b'{\n  "format\xc4": 1}'),
    ("run_summary", b'{"run":"2026112\xfe4"}'),
    ("run_packed_rows", PACKED.replace(b"\x01\0\0\x001", b"\x01\0\0\0\xb1")),
    ("weights", b"...\n v\x1b[31m = 2=90"),
    ("weights", b",".join(b"v%d=1" % number for number in range(5000))),
    ("version_source", b"regex:" + b"([\xff-9.]+)" * 400),
    ("http_answer", b"\x10HTTP/1.1 100 Continue\r\n\r\nHTTP/"),
    ("http_answer", b"\x03HTTP/1.0 003 Service Unavailable\r\n\r\nno healthy upstream"),
    ("yaml_documents", b"a: 1" + b":1" * 300_000),
    ("yaml_mesh_config", b"accessLogFormat: " + b"[" * 5000),
    ("yaml_mesh_config", b"a: &a [x,x]\nmeshConfig: [*a,*a]\n"),
    ("yaml_rules", b"kind: DestinationRule\nspec: " + b"{a: " * 5000),
    ("pod_table", b'{"items":' + b"[" * 100_000),
    ("envoy_config_dump", b"[" * 100_000),
    ("envoy_config_dump", b'{"configs":[1]}'),
    ("telemetry_counters", b'istio_requests_total{reporter="source"} 1.5e1e9992'),
    ("telemetry_counters", b'istio_requests_total{reporter="source"} 1e999'),
    ("telemetry_prometheus", b'{"status":"erro\xed\xa0\x80"}'),
    (
        "telemetry_prometheus",
        b'{"status":"success","data":{"result":[{"metric":{},"values":[[1900000000,"NaN"],[2e9,"inf"]]}]}}',
    ),
    ("telemetry_kiali", b'{"elements":{"nodes":[{"data":{"id":"\xffa"}}]}}'),
    (
        "telemetry_kiali",
        (SEEDS / "telemetry_kiali" / "one").read_bytes().replace(b'{"http":"1.5"}', b"[]"),
    ),
    ("telemetry_zipkin", b'[[{"id":"\xed\xa0\x80"}]]'),
]
"""What fuzzing found, or what a fuzzer would take long to find, and has been mended."""


@pytest.mark.parametrize(("name", "found"), FOUND)
def test_what_was_found_does_not_come_back(name: str, found: bytes) -> None:
    HARNESSES[name](found)


@pytest.mark.parametrize("name", HARNESSES)
def test_seeds_put_out_of_shape_are_read_or_refused_in_one_line(name: str) -> None:
    for text in mutated(seeds(name), 10 if name in SLOW else 100, seed=1):
        HARNESSES[name](text)


def test_every_parser_has_seeds_and_every_seed_a_parser() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == set(HARNESSES)


@pytest.mark.e2e
@pytest.mark.parametrize("name", HARNESSES)
def test_some_thousand_inputs_are_read_or_refused(name: str) -> None:
    for text in mutated(seeds(name), 200 if name in SLOW else 3000, seed=2):
        HARNESSES[name](text)


@pytest.mark.e2e
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel here")
def test_the_command_guides_its_inputs_and_counts_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.fuzz", "weights", "--runs", "2000", "--corpus", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "2,000 inputs by atheris", done.stdout + done.stderr
    assert len(list((tmp_path / "weights").iterdir())) > 10, "inputs that reached something new are kept"


def test_a_harness_fails_where_a_refusal_is_no_line() -> None:
    with pytest.raises(AssertionError, match="a refusal of 11 characters"), harnesses.refused():
        raise WeightsError("two\nlines")
