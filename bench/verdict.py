"""The verdict's own error rates, length and speed, by seeded simulation: ``python -m bench.verdict``.

Every rate is printed with its 99 % Monte-Carlo interval (Clopper and Pearson). ``--paths`` sets the number of
simulated runs a row, 2 000 by default (about three minutes). Exits 1 where a figure breaks what we promise.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import xlog1py, xlogy
from statsmodels.stats.proportion import power_binom_tost

from analyzer.records import Outcome, Weights
from analyzer.split.audit import LEVEL, Pattern, audit
from analyzer.split.intervals import clopper_pearson
from analyzer.split.plan import equivalence_power, plan
from analyzer.split.sequential import SplitTest
from analyzer.split.watch import Tally, start, watch

from .shortest import exact, shortest, tuned


@dataclass(frozen=True, slots=True)
class Scenario:
    """Weights promised, shares given, and how long to go on looking.

    ``wrong`` are the outcomes that at most ``alpha`` of the runs may come to, ``longest`` is the mean length
    that we promise to stay below.
    """

    name: str
    weights: str
    truth: tuple[float, ...]
    within: float
    horizon: int
    wrong: tuple[Outcome, ...]
    longest: int | None = None
    alpha: float = 0.01


PLANS = (("v2=90,v3=10", 2, 4217), ("v1=80,v2=10,v3=10", 2, 8966), ("v2=90,v3=10", 5, 707))
FALSE_FAIL, FALSE_PASS = (Outcome.FAIL,), (Outcome.PASS,)
EITHER = FALSE_FAIL + FALSE_PASS
"""A share on the border: not proved to be within it, and not beyond it either."""


SCENARIOS = (
    Scenario("10 % ±2, correct", "v2=90,v3=10", (0.9, 0.1), 2, 20_000, FALSE_FAIL, 4_000),
    Scenario("10 % ±5, correct", "v2=90,v3=10", (0.9, 0.1), 5, 4_000, FALSE_FAIL, 707),
    Scenario("50 % ±2, correct", "v2=50,v3=50", (0.5, 0.5), 2, 40_000, FALSE_FAIL, 11_538),
    Scenario("80/10/10 ±2, correct", "v1=80,v2=10,v3=10", (0.8, 0.1, 0.1), 2, 40_000, FALSE_FAIL, 8_966),
    Scenario("10 % ±2, true 50 %", "v2=90,v3=10", (0.5, 0.5), 2, 2_000, FALSE_PASS, 30),
    Scenario("10 % ±2, true 20 %", "v2=90,v3=10", (0.8, 0.2), 2, 10_000, FALSE_PASS),
    Scenario("10 % ±2, true 15 %", "v2=90,v3=10", (0.85, 0.15), 2, 40_000, FALSE_PASS),
    Scenario("10 % ±2, true 0 %", "v2=90,v3=10", (1.0, 0.0), 2, 500, FALSE_PASS, 110),
    Scenario("10 % ±2, at 8 %", "v2=90,v3=10", (0.92, 0.08), 2, 20_000, EITHER),
    Scenario("10 % ±2, at 12 %", "v2=90,v3=10", (0.88, 0.12), 2, 20_000, EITHER),
    Scenario("10 % ±2, at 12 %, α 5 %", "v2=90,v3=10", (0.88, 0.12), 2, 20_000, EITHER, None, 0.05),
    Scenario("80/10/10 ±2, one at 12 %", "v1=80,v2=10,v3=10", (0.78, 0.1, 0.12), 2, 20_000, EITHER),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=2_000)
    paths = parser.parse_args().paths
    broken = [*plans(), *sequential(paths), *audits(paths)]
    bound()
    broken += throughput()
    print("\n" + ("\n".join(f"BROKEN: {promise}" for promise in broken) or "every promise is kept"))
    return 1 if broken else 0


def plans() -> Iterator[str]:
    print("requests planned (α 1 %, power 95 %)")
    for weights, within, promised in PLANS:
        made = plan(Weights.parse(weights), within)
        print(f"  {weights:<20} ±{within}: {made.requests:>6,}  mean {made.expected_requests:,}", end="")
        print(f"  p95 {made.p95_requests:,}  budget {made.budget:,}  passed by then {made.passes:.1%}")
        if made.requests != promised:
            yield f"a plan of {promised:,} for {weights} ±{within}"
    power = float(power_binom_tost(0.08, 0.12, 4217, p_alt=0.1, alpha=0.01))
    print(f"  statsmodels, power at 4 217: {power:.4f}")
    if abs(power - equivalence_power(4217, 0.1, 2, 0.01)) > 1e-9:
        yield "statsmodels agrees"


def sequential(paths: int) -> Iterator[str]:
    """Every request is a look: the rates are those of somebody who peeks all the time."""
    print(f"\nthe sequential test, {paths:,} runs a row, looked at after every request")
    for number, scenario in enumerate(SCENARIOS):
        ends = list(runs(scenario, paths, seed=number))
        parts = []
        for outcome in (Outcome.PASS, Outcome.FAIL):
            wrong = sum(found is outcome for found, _ in ends)
            span = clopper_pearson(wrong, paths, 0.01)
            parts.append(f"{outcome.value} {wrong / paths:6.2%} ({span.low:.2%} to {span.high:.2%})")
            if outcome in scenario.wrong and span.low > scenario.alpha:
                yield f"{outcome.value} at most {scenario.alpha:.0%} of {scenario.name}"
        decided = [length for found, length in ends if found is not None]
        sizes = ""
        if len(decided) > paths / 2:  # at a border hardly any run is decided
            mean, (median, p95) = float(np.mean(decided)), np.quantile(decided, [0.5, 0.95])
            sizes = f"mean {mean:,.0f}, median {median:,.0f}, p95 {p95:,.0f}"
            if scenario.longest and mean > scenario.longest:
                yield f"{scenario.longest:,} requests on average for {scenario.name}"
        print(f"  {scenario.name:<26} {'  '.join(parts)}  {sizes}", flush=True)


def runs(scenario: Scenario, paths: int, seed: int) -> Iterator[tuple[Outcome | None, int]]:
    test = SplitTest(Weights.parse(scenario.weights), scenario.within, scenario.alpha)
    names = np.array(test.weights.versions, dtype=object)
    for path in range(paths):
        rng, tally = np.random.default_rng([seed, path]), start(test)
        batch = 500
        while tally.decision is None and tally.requests < scenario.horizon:
            tally = watch(test, tally, names[rng.choice(len(names), p=scenario.truth, size=batch)].tolist())
            batch = min(batch * 2, 8_000)
        yield (tally.decision.outcome, tally.decision.requests) if tally.decision else (None, tally.requests)


def audits(paths: int) -> Iterator[str]:
    """How often each check of the audit speaks up on independent draws: 90/10, 3 000 calls a run."""
    print(f"\nthe audit of independent calls, {paths:,} runs: findings (stated: at most {LEVEL:.1%} each)")
    found: Counter[str] = Counter()
    for path in range(paths):
        rng = np.random.default_rng([99, path])
        decided = np.array(["v2", "v3"], dtype=object)[(rng.random(3_000) < 0.1).astype(int)].tolist()
        groups = {"connection": rng.integers(0, 8, 3_000).tolist(), "worker": [0, 1] * 1_500}
        checks = audit(decided, groups, chain="connection").checks
        found.update({check.name: check.pattern is not Pattern.INDEPENDENT for check in checks})
    for name, findings in found.items():
        span = clopper_pearson(findings, paths, 0.01)
        print(f"  {name:<26} {findings / paths:6.2%} ({span.low:.2%} to {span.high:.2%})", flush=True)
        if span.low > LEVEL:
            yield f"a finding over {name} in at most {LEVEL:.1%} of independent runs"


def bound() -> None:
    """Exact lengths against ln(1/α)/KL, and against the shortest test there can be at the same risk."""
    print("\nmean length over the information bound, exact recursion over every request (10 % ±2, α 1 %)")
    share, margin, horizon = 0.1, 0.02, 16_000
    information = -np.log(0.01) / min(_divergence(share, share - margin), _divergence(share, share + margin))
    test = SplitTest(Weights.parse("v2=90,v3=10"), 100 * margin)
    print(f"  bound {information:,.0f}   fixed size 4,217 (x{4217 / information:.2f})")
    for name, found in (
        ("bet half a margin wide", exact(test, horizon, wider=2.5)),
        ("this test", exact(test, horizon)),
        ("threshold tuned to 1 %", tuned(test, horizon)),
        ("shortest possible", shortest(share, margin, 0.01, horizon)),
    ):
        print(f"  {name:<24} {found.mean:>7,.0f}  x{found.mean / information:.3f}   ", end="")
        print(f"false PASS {found.low:.3%} at 8 %, {found.high:.3%} at 12 %", flush=True)


def _divergence(p: float, q: float) -> float:
    return float(xlogy(p, p / q) + xlog1py(1 - p, -p) - xlog1py(1 - p, -q))


def throughput() -> Iterator[str]:
    print("\nrequests a second of processor time, batches of 100 000, while undecided")
    for share in (0.08, 0.12, 0.121):
        test, rng = SplitTest(Weights.parse("v2=90,v3=10"), 2), np.random.default_rng(1)
        stream = np.array(["v2", "v3"], dtype=object)[(rng.random(1_000_000) < share).astype(int)].tolist()
        began = time.process_time()
        tally = _fed(test, start(test), stream, len(stream))
        speed = len(stream) / (time.process_time() - began)
        print(f"  true {share:.1%}: {speed / 1e6:.2f} million, {tally.decision}")
        if speed < 1_000_000:
            yield "a million requests a second"
    tracemalloc.start()
    peaks = []
    for requests in (100_000, 1_000_000):
        tracemalloc.reset_peak()
        tally = _fed(test, tally, stream, requests)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        print(f"  peak memory over {requests:,} more: {peaks[-1]:.1f} MB")
    if peaks[1] > 1.1 * peaks[0]:
        yield "memory does not grow with the stream"


def _fed(test: SplitTest, tally: Tally, stream: list[str], requests: int) -> Tally:
    for begin in range(0, requests, 100_000):
        tally = watch(test, tally, stream[begin : begin + 100_000])
    return tally


if __name__ == "__main__":
    sys.exit(main())
