"""The state of a split while its load runs: the same verdicts as after the run, and a record for the page."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pandas as pd
import pytest

from analyzer.live import About, Answer, Live, LiveSplit
from analyzer.performance.latency_counts import LatencyCounts
from analyzer.records import Outcome, Request, Weights
from analyzer.run import calls, requests
from analyzer.run.calls import Call
from analyzer.run.decided import Decided, Drawn
from analyzer.run.folder import Promise
from analyzer.split.segments import Span

ABOUT = About(run="r", witness="proxy", versions=("v1", "v2", "v3"))
MOST, HALF = (Promise(Weights.parse(text), 5.0, 0.01, 0.95, 5000) for text in ("v2=90,v3=10", "v2=50,v3=50"))
APPLIED, LIVE = 1010.0, 1010.5


def state(split: LiveSplit) -> Live:
    return split.state(ABOUT, at=1020.0, per_second=100.0, answer=Answer(wish=0))


def drawn(weights: str, requests: int, since: float, until: float) -> list[Drawn]:
    """Calls in random proportion, evenly over that time, each drawn 2 ms after its page was asked for."""
    kinds = Weights.parse(weights)
    versions = random.Random(7).choices(kinds.versions, [w for _, w in kinds], k=requests)
    times = np.linspace(since, until, requests, endpoint=False)
    return [Drawn(version, float(at), float(at) + 0.002) for version, at in zip(versions, times, strict=True)]


def row(seq: int, start: float, version: str | None, latency_ms: float = 5.0, **fields: object) -> Request:
    plain = Request(0, seq, start, start, latency_ms, 200, version, None, None, None, False, 9, None)
    return msgspec.structs.replace(plain, **fields)


def test_each_change_of_the_weights_begins_a_new_verdict_and_keeps_the_earlier_one() -> None:
    split = LiveSplit(MOST, live=None)
    split.add_calls(drawn("v2=90,v3=10", 2000, 1000, APPLIED))
    split.reroute(HALF, APPLIED, LIVE)
    split.add_calls(drawn("v2=90,v3=10", 30, LIVE, 1011))
    now = state(split)
    assert (now.outcome, now.requests, now.certain_after) == (Outcome.FAIL, 30, now.certain_after)
    first, second = now.segments
    assert (first.weights, first.outcome, first.ended) == ({"v2": 90, "v3": 10}, Outcome.PASS, APPLIED)
    assert (second.weights, second.outcome, second.ended) == ({"v2": 50, "v3": 50}, Outcome.FAIL, None)


def test_what_was_drawn_while_the_weights_changed_counts_for_neither_promise() -> None:
    split = LiveSplit(MOST, live=None)
    split.add_calls([Drawn("v2", APPLIED - 0.1, APPLIED - 0.09)])
    split.reroute(HALF, APPLIED, LIVE)
    in_flight = Drawn("v2", APPLIED - 0.001, APPLIED)  # the log may have rounded that down
    between = Drawn("v2", APPLIED + 0.1, APPLIED + 0.11)
    split.add_calls([in_flight, between, Drawn("v3", LIVE, LIVE)])
    assert [segment.requests for segment in state(split).segments] == [1, 1]


def test_the_judgement_after_the_run_keeps_the_same_calls_as_the_live_one() -> None:
    rng = random.Random(3)
    rows = [row(seq, 1000 + seq * 0.01, "v2") for seq in range(2000)]
    found = [Call(0, r.seq, round(r.start + rng.random() / 5, 3), "v2", 200, "", "p") for r in rows]
    pages = requests.table(rows).to_pandas()
    frame = pd.DataFrame(found, columns=list(Call._fields))
    decided = Decided()
    decided.add_calls((one.worker, one.seq, one.start, one.version) for one in found)
    decided.add_pages(((r.start, 0, r.seq) for r in rows), until=2000.0)
    released = decided.take()
    spans = [Span(None, APPLIED), Span(LIVE)]
    kept = [sum(span.holds(one.asked, one.drawn) for one in released) for span in spans]
    joined = [calls.join(pages, frame, span.live, span.ended) for span in spans]
    assert [len(one.decisions) for one in joined] == kept
    assert 970 < kept[0] < 1000
    assert kept[1] == 950


def test_latencies_and_errors_are_those_of_pages_since_the_weights_are_live() -> None:
    split = LiveSplit(HALF, live=LIVE)
    early = row(0, LIVE - 1, "v2", 900.0)
    bad = row(3, LIVE + 3, None, status=503)
    rows = [early, row(1, LIVE + 1, "v2", 10.0), row(2, LIVE + 2, "v3", 20.0), bad]
    split.add_pages(requests.table(rows).to_pandas())
    now = state(split)
    assert now.pages == 3
    assert now.errors == {"status 503": 1}
    v2, v3 = now.versions
    assert (v2.pages, v2.latency["p50"], v2.latency["max"]) == (1, pytest.approx(10.0, rel=0.0025), 10.0)
    assert (v3.pages, v3.latency["p99"]) == (1, pytest.approx(20.0, rel=0.0025))


def test_a_page_may_draw_a_split_of_which_nothing_is_known_yet() -> None:
    now = state(LiveSplit(MOST, live=None))
    assert (now.outcome, now.requests, now.looks, now.slots, now.forecast) == (
        Outcome.UNDECIDED,
        0,
        (),
        (),
        None,
    )
    assert [(one.share, one.low, one.high) for one in now.versions] == [(None, 0.0, 1.0)] * 2


def test_the_record_goes_through_a_file_and_stays_what_it_is() -> None:
    split = LiveSplit(MOST, live=None)
    split.add_calls([*drawn("v2=90,v3=10", 300, 1000, 1003), Drawn("<b>v4</b>", 1003, 1003)])
    now = state(split)
    assert msgspec.json.decode(now.json(), type=Live) == now
    assert now.strays == {"<b>v4</b>": 1}


def test_however_long_the_load_the_record_stays_small() -> None:
    split = LiveSplit(MOST, live=None)
    for hour in range(5):
        split.add_calls(drawn("v2=90,v3=10", 40_000, hour * 3600, (hour + 1) * 3600))
    now = state(split)
    assert sum(sum(slot.counts.values()) for slot in now.slots) == now.requests == 200_000
    assert (len(now.slots), {slot.seconds for slot in now.slots}) == (141, {128})
    assert len(now.looks) < 300
    assert len(now.json()) < 100_000


def test_a_quantile_of_counted_latencies_is_within_a_quarter_percent() -> None:
    values = np.random.default_rng(1).lognormal(2, 1, 50_000)
    counted = LatencyCounts()
    for part in np.array_split(values, 7):
        counted.add(part)
    for q in (0.01, 0.5, 0.9, 0.99, 0.999):
        exact = float(np.quantile(values, q, method="inverted_cdf"))
        assert counted.quantile(q) == pytest.approx(exact, rel=0.0026)
    assert counted.largest == values.max()
    assert counted.quantile(1) <= counted.largest
    assert LatencyCounts().quantile(0.5) is None
