"""Loads run by a real Locust for tests: started, ended, and what they left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from page_servers import PageServer

from analyzer import tag
from analyzer.run import requests
from analyzer.run.load_summary import Summary
from locustfiles import _command
from locustfiles._command import LoadPlan
from locustfiles._settings import ROWS

RUN = "e2e"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a load left behind."""

    code: int
    log: str
    rows: pd.DataFrame
    summary: Summary | None

    def counts(self, column: str) -> dict[object, int]:
        return dict(self.rows[column].value_counts()[lambda counts: counts > 0])


def start(
    plan: LoadPlan, options: tuple[str, ...] = (), base: Mapping[str, str] = os.environ
) -> subprocess.Popen[str]:
    plan.folder.mkdir(exist_ok=True)
    plan.settings_file.write_bytes(_command.settings(plan))
    return subprocess.Popen(
        [*_command.command(plan), *options],
        cwd=plan.folder,
        env=_command.environment(plan, base),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(load: subprocess.Popen[str], plan: LoadPlan) -> Ended:
    try:
        log, _ = load.communicate(timeout=120)
    finally:
        load.kill()
        load.wait()
    rows = requests.read(plan.folder / ROWS)
    return Ended(load.returncode, log, rows, Summary.read(plan.folder))


def check_that_all_is_there(ended: Ended, server: PageServer) -> None:
    """Rows, tags that the server saw, and Locust's count are the same requests, numbered from 0 a worker."""
    sent = sorted(tag.parse(text) or text for text in server.user_agents)
    rows = ended.rows
    assert sent == [
        tag.Tag(RUN, worker, seq) for worker, seq in zip(rows["worker"], rows["seq"], strict=True)
    ]
    for _, seqs in rows.groupby("worker")["seq"]:
        assert list(seqs) == list(range(len(seqs)))
    assert ended.summary is not None, ended.log
    assert ended.summary.requests == ended.summary.rows == len(rows)
    assert {one.worker: one.rows for one in ended.summary.workers if one.rows} == ended.counts("worker")
    assert ended.summary.complete
