"""A run's folder of any size, written from a seed: rows and every proxy's lines, as a real run leaves them.

Versions are drawn as Envoy draws them, one call after the other; latencies are lognormal; a stated part of
the calls to a version fails, and productpage asks again, as Bookinfo's does. Nothing is read back from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import exp
from pathlib import Path
from random import Random

from analyzer.records import Request, Trouble, Version, Weights
from analyzer.run import requests
from analyzer.run.folder import Promise, Run, RunFolder
from analyzer.split.plan import plan

EXAMPLE = RunFolder(Path(__file__).parent.parent / "results" / "example")
_START = 1_767_225_600.0
_CHUNK = 20_000
_DOMAIN = "default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``weights`` are promised, ``drawn`` is what happens; ``failing`` is 0 to 1 of a version's calls."""

    pages: int
    weights: Weights
    drawn: Weights
    failing: Mapping[Version, float]
    within: float = 2.0
    rate: float = 200.0
    seed: int = 1


def write(path: Path, wanted: Wanted) -> RunFolder:
    """Leave the folder at ``path``, which must not exist; its mesh is that of results/example."""
    folder, of = RunFolder(path), EXAMPLE.read()
    folder.requests.mkdir(parents=True)
    budget = max(wanted.pages, plan(wanted.weights, within=wanted.within).budget)
    promise = Promise(wanted.weights, wanted.within, 0.01, 0.95, budget)
    load = {"users": 8, "requests": wanted.pages, "rate": wanted.rate, "seed": wanted.seed}
    times = {"started": _START - 1, "applied": _START - 0.5, "live": _START - 0.1}
    run = replace(of, promise=promise, load=load, **times, ended=_START + wanted.pages / wanted.rate)
    folder.write(replace(run, ending="the load is complete"))
    with ExitStack() as files:
        _Mesh(folder, run, wanted, files).serve()
    summary = {"run": run.id, "requests": wanted.pages, "failures": 0, "rows": wanted.pages}
    summary |= {"started": _START, "ended": run.ended, "complete": True}
    (path / "summary.json").write_text(json.dumps(summary))
    return folder


class _Mesh:
    """Seven proxies that log, and the one load that keeps rows."""

    def __init__(self, folder: RunFolder, run: Run, wanted: Wanted, files: ExitStack) -> None:
        self._folder, self._run, self._wanted = folder, run, wanted
        self._random = Random(wanted.seed)
        self._ips = {pod.name: pod.ip for pod in run.pods}
        self._pods = {(pod.labels["app"], pod.labels.get("version", "")): pod.name for pod in run.pods}
        self._logs = {}
        for pod in run.pods:
            folder.log_of(pod).parent.mkdir(parents=True)
            self._logs[pod.name] = files.enter_context(folder.log_of(pod).open("w"))

    def serve(self) -> None:
        rows: list[Request] = []
        for seq in range(self._wanted.pages):
            rows.append(self._page(seq, _START + seq / self._wanted.rate))
            if len(rows) == _CHUNK or seq == self._wanted.pages - 1:
                number = seq // _CHUNK + 1
                requests.write(rows, requests.chunk(self._folder.requests, number))
                rows = []

    def _page(self, seq: int, start: float) -> Request:
        agent, mark = f"weighbridge/{self._run.id}/0.{seq}", f"{self._random.getrandbits(128):032x}"
        request = f"{mark[:8]}-{mark[8:12]}-4{mark[13:16]}-a{mark[17:20]}-{mark[20:]}"
        productpage = self._pods["productpage", "v1"]
        self._hop(start + 0.001, agent, request, productpage, self._pods["details", "v1"], "details", "", 200)
        shown, took = None, 0.0
        for _ in range(2):
            version, ms, code = self._drawn()
            reviews = self._pods["reviews", version]
            at = start + 0.002 + took / 1000
            self._hop(at, agent, request, productpage, reviews, "reviews", version, code, round(ms))
            took += ms
            if code == 200:
                shown = version
                if version != "v1":
                    ratings = self._pods["ratings", "v1"]
                    self._hop(at + 0.0005, agent, request, reviews, ratings, "ratings", "", 200)
                break
        gateway = self._pods["istio-ingressgateway", ""]
        self._hop(start, agent, request, gateway, productpage, "productpage", "", 200, round(took) + 1)
        pod = self._pods["reviews", shown] if shown else None
        trouble = None if shown else Trouble.REVIEWS
        return Request(0, seq, start, start, took + 1.2, 200, shown, pod, trouble, None, False, 15_072, None)

    def _drawn(self) -> tuple[Version, float, int]:
        """Version, milliseconds and status of one reviews call."""
        versions, weights = zip(*self._wanted.drawn, strict=True)
        version = self._random.choices(versions, weights)[0]
        slower = 1.15 if version == versions[-1] else 1.0
        failed = self._random.random() < self._wanted.failing.get(version, 0.0)
        return version, slower * exp(self._random.gauss(1.2, 0.5)), 503 if failed else 200

    def _hop(
        self, start: float, agent: str, request: str, caller: str, called: str,
        service: str, subset: str, code: int, ms: int = 1,
    ) -> None:  # fmt: skip
        """The caller's line and the called pod's, as Istio's default format since 1.23 has them."""
        stamp = datetime.fromtimestamp(start, UTC).isoformat(timespec="milliseconds")[:-6]
        from_, to = self._ips[caller], self._ips[called]
        path = "/productpage" if service == "productpage" else f"/{service}/0"
        head = f'[{stamp}Z] "GET {path} HTTP/1.1" {code} - via_upstream - "-" 0 375 {ms} {ms} "-" "{agent}"'
        head += f' "{request}" "{service}:9080"'
        outbound = f"outbound|9080|{subset}|{service}.{_DOMAIN}"
        self._logs[caller].write(
            f'{head} "{to}:9080" {outbound} {from_}:40550 {from_}:15001 127.0.0.1:53474 - default\n'
        )
        self._logs[called].write(
            f'{head} "{to}:9080" inbound|9080|| 127.0.0.6:48272 {to}:9080 {from_}:40550 - default\n'
        )
