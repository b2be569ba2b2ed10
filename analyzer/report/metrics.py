"""How a run stands, for Prometheus: verdict, shares, bands and weights in its text format.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4). Names keep their meaning; no
label bears the run, so that a panel shows one run after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..current import Current
from ..records import Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


def exposition(current: Current) -> str:
    """Every metric with its help and type; a share that nobody has seen yet is left out."""
    return "".join(line for family in _families(current) for line in _lines(*family))


def _families(current: Current) -> Iterator[tuple[str, str, list[Sample]]]:
    shares = [({"version": one.version}, one) for one in current.shares]
    yield (
        "weighbridge_verdict",
        "1 for the verdict that the run has now, 0 for the others.",
        [({"verdict": one.value}, float(one is current.outcome)) for one in Outcome],
    )
    yield "weighbridge_running", "1 while the load runs, 0 afterwards.", [({}, current.running)]
    yield "weighbridge_requests", "Calls judged so far.", [({}, current.requests)]
    yield "weighbridge_within", "How far a share may be off, 0 to 1.", [({}, current.within / 100)]
    yield "weighbridge_alpha", "Accepted probability of a false verdict.", [({}, current.alpha)]
    yield (
        "weighbridge_weight",
        "The weight of a version as it was promised.",
        [(version, one.weight) for version, one in shares],
    )
    yield (
        "weighbridge_promised_share",
        "The share that the weight promises, 0 to 1.",
        [(version, one.promised) for version, one in shares],
    )
    yield (
        "weighbridge_share",
        "The share that a version got, 0 to 1.",
        [(version, one.share) for version, one in shares if one.share is not None],
    )
    yield (
        "weighbridge_share_low",
        "Lower end of what the true share may be.",
        [(version, one.low) for version, one in shares],
    )
    yield (
        "weighbridge_share_high",
        "Upper end of what the true share may be.",
        [(version, one.high) for version, one in shares],
    )
    yield (
        "weighbridge_version_requests",
        "Calls that a version got.",
        [(version, one.requests) for version, one in shares],
    )


def _lines(name: str, told: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {float(value)!r}\n" if inside else f"{name} {float(value)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
