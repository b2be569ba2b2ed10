"""What a row costs the master of a distributed load, and the network: from a worker's message to the disk.

Run with ``python -m bench.master``. Each message holds what a worker of 10 000 requests a second sends in one
second. CPU microseconds of all threads; the master does this work on one core and in one thread beside it.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from locust.rpc import Message

import pyarrow as pa

from analyzer.records import Request
from analyzer.run import requests

ROWS = 10_000
MESSAGES = 20
PODS = {"v2": "reviews-v2-84779c7bbc-9drws", "v3": "reviews-v3-6c9f8d7b5d-x2m4k"}
T = TypeVar("T")


def rows(worker: int) -> list[Request]:
    """A second of one worker: tags, times and versions as they are in a run."""
    draw = random.Random(worker)
    version = ["v2" if draw.random() < 0.9 else "v3" for _ in range(ROWS)]
    due = [1_795_480_000 + (slot + draw.random()) / ROWS for slot in range(ROWS)]
    return [
        Request(
            worker=worker,
            seq=seq,
            intended=due[seq],
            start=due[seq] + draw.expovariate(10_000),
            latency_ms=draw.lognormvariate(1.5, 0.5),
            status=200,
            version=version[seq],
            pod=PODS[version[seq]],
            trouble=None,
            doubt=None,
            details_trouble=False,
            bytes=15_014,
            error=None,
        )
        for seq in range(ROWS)
    ]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU microseconds a row, and what came of it."""
    begun = time.process_time()
    result = work()
    return (time.process_time() - begun) / (ROWS * MESSAGES) * 1e6, result


def main() -> None:
    loads = [rows(worker) for worker in range(MESSAGES)]
    requests.table(loads[0])  # what is done for the first time costs more, and once
    packing, packed = timed(lambda: [requests.pack(requests.table(load)) for load in loads])
    sent = [Message("weighbridge-rows", {"rows": data}, "worker").serialize() for data in packed]
    taking, tables = timed(lambda: [requests.unpack(Message.unserialize(data).data["rows"]) for data in sent])
    with tempfile.TemporaryDirectory() as folder:
        path = requests.chunk(Path(folder), 1)
        writing, _ = timed(lambda: requests.write_table(pa.concat_tables(tables), path))
        disk = path.stat().st_size
    total = ROWS * MESSAGES
    print(
        f"worker: {packing:.2f} us a row to pack, {sum(map(len, sent)) / total:.1f} bytes a row on the wire"
    )
    print(f"master: {taking:.3f} us a row to take in, {1 / taking:.0f} million rows a second of one core")
    print(f"        {writing:.3f} us a row to write, {disk / total:.1f} bytes a row on disk")
    print(f"        {1 / (taking + writing):.1f} million rows a second, both on one core")


if __name__ == "__main__":
    main()
