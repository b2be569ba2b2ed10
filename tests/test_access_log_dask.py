"""The documented way over many machines comes to what one process reads."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from access_log_lines import CALL, Format, call, line
from dask import delayed
from dask.bytes import read_bytes

from analyzer.access_log.digest import Digest
from analyzer.access_log.survey import survey


def part(block: bytes) -> Digest:
    digest = Digest(join=True)
    for _ in digest.read(BytesIO(block)):
        pass
    return digest


def merged(digests: list[Digest]) -> Digest:
    total = Digest(join=True)
    for digest in digests:
        total.merge(digest)
    return total


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of some thousand lines each, odd ones among them."""
    folder = tmp_path_factory.mktemp("logs")
    kinds = [
        line(CALL),
        line(call(upstream_cluster="outbound|9080|v2|reviews.default.svc.cluster.local", duration=300)),
        line(call(response_code=503, response_flags="UH", upstream_host=None), Format.JSON),
        b"agent",
        line(CALL)[:99],
        line(call(user_agent='say "hi" " "x" "y')),
    ]
    for number in range(3):
        lines = [
            kinds[(place * 7 + number) % len(kinds)].replace(b"c1921f78", f"{place:08x}".encode())
            for place in range(3000)
        ]
        (folder / f"{number}.log").write_bytes(b"\n".join(lines) + b"\n" * (number % 2))
    return folder


@pytest.mark.parametrize("scheduler", ["threads", pytest.param("processes", marks=pytest.mark.e2e)])
def test_blocks_read_anywhere_add_up_to_what_one_process_reads(logs: Path, scheduler: str) -> None:
    _, blocks, _ = read_bytes(str(logs / "*.log"), delimiter=b"\n", blocksize=100_000, include_path=True)
    parts = [delayed(part)(block) for of_file in blocks for block in of_file]
    total = delayed(merged)(parts).compute(scheduler=scheduler, num_workers=2)
    alone = Digest(join=True)
    for path in sorted(logs.iterdir()):
        with path.open("rb") as stream:
            list(alone.read(stream))
    assert len(parts) > 20
    assert told(total) == told(alone)


def told(digest: Digest) -> object:
    """Everything but where the malformed lines are, which each block counts from its own beginning."""
    return json.loads(json.dumps(survey(digest, moments=True).as_dict() | {"damages": None}))
