"""Worlds that know the truth: requests whose lines are written, lost or copied on purpose, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO

import pandas as pd
from access_log_lines import call, line

from analyzer.access_log import tagged
from analyzer.reconcile import lines as log_lines
from analyzer.reconcile.causes import PRECEDENCE, Cause
from analyzer.reconcile.reconcile import NAMES, of_lines
from analyzer.reconcile.record import Reconciliation
from analyzer.reconcile.telemetry import Telemetry
from analyzer.records import LogEntry, Weights
from analyzer.run import requests
from analyzer.run.folder import Promise, Run, RunPod

RUN = "world"
LIVE = 1_000_000.0
GATEWAY, PRODUCTPAGE = "gateway", "productpage"
VERSIONS = ("v1", "v2", "v3")
IPS = {GATEWAY: "10.0.0.1", PRODUCTPAGE: "10.0.0.2", "v1": "10.0.0.11", "v2": "10.0.0.12", "v3": "10.0.0.13"}
NOBODY = "10.9.9.9"
FQDN = "reviews.default.svc.cluster.local"
FORWARD = "outbound|9080||productpage.default.svc.cluster.local"
TO_GATEWAY, TO_PRODUCTPAGE, TO_CALLS, TO_REVIEWS = list(NAMES.values())[1:]


@dataclass(frozen=True)
class Call:
    """One call of productpage's: ``tries`` are the statuses of what arrived, the last one is the answer."""

    version: str
    tries: tuple[int, ...] = (200,)
    copies: tuple[tuple[str, int], ...] = ()
    line: bool = True
    arrival: bool = True

    @property
    def failed(self) -> bool:
        return not self.tries or self.tries[-1] >= 400


@dataclass(frozen=True)
class Story:
    """One request, and how its reader saw it.

    ``ends`` is page, colourless, gave-up, 503 (by the gateway's proxy), 500 (by productpage), refused or
    unread; ``shows`` is another version than was called.
    """

    calls: tuple[Call, ...] = (Call("v2"),)
    ends: str = "page"
    early: bool = False
    gateway: bool = True
    productpage: bool = True
    shows: str | None = None


_SEEN = {
    "gave-up": Cause.UNANSWERED,
    "503": Cause.ERROR_PAGE,
    "500": Cause.ERROR_PAGE,
    "colourless": Cause.COLOURLESS,
}


@dataclass
class World:
    """Builds the logs and the rows, and beside them what must be found."""

    documents: str = ""
    rows: list[dict[str, object]] = field(default_factory=list)
    logs: dict[str, list[tuple[float, LogEntry]]] = field(default_factory=lambda: {name: [] for name in IPS})
    changes: Counter[tuple[str, Cause, int]] = field(default_factory=Counter)
    classes: Counter[Cause] = field(default_factory=Counter)

    def add(self, seq: int, story: Story) -> None:
        start = LIVE + 1 + seq if not story.early else LIVE - 10_000 + seq
        causes = {Cause.BEFORE_GATE} if story.early else set(self._truth(story))
        self.classes[next(cause for cause in PRECEDENCE if cause in {*causes, Cause.ONE_TO_ONE})] += 1
        if story.ends != "unread":
            self.rows.append(_row(seq, start, story))
        if story.ends != "refused":
            self._write(f"weighbridge/{RUN}/0.{seq}", f"id-{seq}", start, story)

    def foreign(self, number: int) -> None:
        self.classes[Cause.FOREIGN] += 1
        story = Story((Call(VERSIONS[number % len(VERSIONS)]),))
        self._write("curl/8", f"foreign-{number}", LIVE + 1000 + number, story)

    def _truth(self, story: Story) -> Iterable[Cause]:
        """The causes of one request's differences, counted by the way."""
        if story.ends == "refused":
            yield self._change(TO_GATEWAY, Cause.NOT_ARRIVED, -1)
            return
        if story.ends == "unread":
            yield self._change(TO_GATEWAY, Cause.UNREAD, 1)
        if story.ends in _SEEN:
            yield _SEEN[story.ends]
        if not story.gateway:
            yield self._change(TO_GATEWAY, Cause.LOST_LINE, -1)
            yield self._change(TO_PRODUCTPAGE, Cause.LOST_LINE, 1)
        if story.ends == "503":
            yield self._change(TO_PRODUCTPAGE, Cause.UNDELIVERED, -1)
            return
        if not story.productpage:
            yield self._change(TO_PRODUCTPAGE, Cause.LOST_LINE, -1)
            yield self._change(TO_CALLS, Cause.LOST_LINE, 1)
        if story.ends == "500":
            yield self._change(TO_CALLS, Cause.NOT_ASKED, -1)
            return
        yield from self._of_calls(story)

    def _of_calls(self, story: Story) -> Iterable[Cause]:
        if len(story.calls) > 1:
            yield self._change(TO_CALLS, Cause.APP_RETRY, len(story.calls) - 1)
        if story.ends == "page" and story.calls[-1].failed:
            yield Cause.ERROR_PAGE
        if story.shows:
            yield Cause.OTHER_VERSION
        for one in story.calls:
            yield from self._of_call(one)

    def _of_call(self, one: Call) -> Iterable[Cause]:
        if not one.line:
            yield self._change(TO_CALLS, Cause.LOST_LINE, -1)
            if one.tries:
                yield self._change(TO_REVIEWS, Cause.LOST_LINE, 1)
        elif not one.tries:
            yield self._change(TO_REVIEWS, Cause.UNDELIVERED, -1)
        elif not one.arrival:
            yield self._change(TO_REVIEWS, Cause.LOST_LINE, -1)
        if len(one.tries) > 1:
            yield self._change(TO_REVIEWS, Cause.PROXY_RETRY, len(one.tries) - 1)
        if one.copies:
            yield self._change(TO_REVIEWS, Cause.MIRRORED, len(one.copies))

    def _change(self, target: str, cause: Cause, by: int) -> Cause:
        self.changes[target, cause, 1 if by > 0 else -1] += by
        return cause

    def _write(self, agent: str, request_id: str, start: float, story: Story) -> None:
        by = {"user_agent": agent, "request_id": request_id}
        code, flags = {"gave-up": (0, "DC"), "503": (503, "UH"), "500": (500, None)}.get(
            story.ends, (200, None)
        )
        if story.gateway:
            host = None if story.ends == "503" else f"{IPS[PRODUCTPAGE]}:9080"
            entry = call(**by, start=start, duration=900, response_code=code, response_flags=flags,
                         upstream_cluster=FORWARD, upstream_host=host, path="/productpage")  # fmt: skip
            self.logs[GATEWAY].append((start + 0.9, entry))
        if story.productpage and story.ends != "503":
            entry = call(**by, start=start, duration=880, response_code=code, response_flags=flags,
                         upstream_cluster="inbound|9080||", upstream_host="10.0.0.2:9080",
                         path="/productpage", downstream_local_address="10.0.0.2:9080")  # fmt: skip
            self.logs[PRODUCTPAGE].append((start + 0.88, entry))
        if story.ends not in ("503", "500"):
            for number, one in enumerate(story.calls):
                self._call(by, start + 0.1 + 0.3 * number, one)

    def _call(self, by: dict[str, str], start: float, one: Call) -> None:
        code, flags = (one.tries[-1], None) if one.tries else (503, "UH")
        if one.line:
            host = f"{IPS[one.version]}:9080" if one.tries else None
            cluster = f"outbound|9080|{one.version}|{FQDN}"
            entry = call(**by, start=start, duration=200, response_code=code, response_flags=flags,
                         upstream_cluster=cluster, upstream_host=host)  # fmt: skip
            self.logs[PRODUCTPAGE].append((start + 0.2, entry))
        for number, status in enumerate(one.tries):
            if one.arrival or number < len(one.tries) - 1:
                self._arrival(by, one.version, start + 0.04 * number, status)
        for version, status in one.copies:
            self._arrival(by, version, start, status)

    def _arrival(self, by: dict[str, str], version: str, start: float, status: int) -> None:
        entry = call(**by, start=start, duration=30, response_code=status, response_flags=None,
                     upstream_cluster="inbound|9080||", upstream_host=f"{IPS[version]}:9080",
                     downstream_local_address=f"{IPS[version]}:9080")  # fmt: skip
        self.logs[version].append((start + 0.03, entry))

    def run(self) -> Run:
        pods = tuple(
            RunPod(f"{name}-pod", "default", labels, IPS[name])
            for name, labels in (
                (GATEWAY, {"app": "istio-ingressgateway"}),
                (PRODUCTPAGE, {"app": "productpage", "version": "v1"}),
                *((version, {"app": "reviews", "version": version}) for version in VERSIONS),
            )
        )
        promise = Promise(Weights.parse("v2=50,v3=50"), 5.0, 0.01, 0.95, 1000)
        return Run(
            RUN, promise, "http://gateway", {"kind": "local"}, pods, self.documents, {}, LIVE, LIVE, LIVE
        )

    def reconciled(self, telemetry: Telemetry | None = None) -> Reconciliation:
        run, rows = self.run(), self.frame()
        logs = {}
        for name, written in self.logs.items():
            text = b"".join(line(entry) + b"\n" for _, entry in sorted(written, key=lambda one: one[0]))
            logs[f"{name}-pod"] = tagged.read(BytesIO(text), f"{name}-pod", RUN)
        shown = {str(version) for version in rows["version"].dropna()}
        return of_lines(run, rows, log_lines.arranged(run, logs, shown), telemetry)

    def frame(self) -> pd.DataFrame:
        frame = pd.DataFrame(self.rows, columns=list(requests.none().columns))
        return frame.astype(
            {"worker": "int64", "seq": "int64", "start": float, "latency_ms": float, "status": "int64"}
        )


def _row(seq: int, start: float, story: Story) -> dict[str, object]:
    last = story.calls[-1]
    is_page = story.ends in ("page", "colourless")
    fine = is_page and not last.failed
    status = {"gave-up": 0, "refused": 0, "503": 503, "500": 500}.get(story.ends, 200)
    trouble = "not-a-page" if not is_page else "reviews" if last.failed else None
    version = (story.shows or last.version) if fine and story.ends == "page" else None
    return {
        "worker": 0, "seq": seq, "intended": start, "start": start, "latency_ms": 910.0, "status": status,
        "version": version, "pod": None, "trouble": trouble, "doubt": None, "details_trouble": False,
        "bytes": 1, "error": "timeout" if status == 0 else None,
    }  # fmt: skip


def told(found: Reconciliation) -> Counter[tuple[str, Cause, int]]:
    """What was found of every step but the one to the pages, as ``World.changes`` counts it."""
    return Counter(
        {
            (step.target, one.cause, 1 if one.change > 0 else -1): one.change
            for step in found.steps
            if step.target in (TO_GATEWAY, TO_PRODUCTPAGE, TO_CALLS, TO_REVIEWS)
            for one in step.differences
        }
    )
