"""``istio_requests_total`` out of Prometheus's text format, and what grew of it during a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from ..reconcile.telemetry import Series, Telemetry

_SAMPLE = re.compile(
    r"^istio_requests_total\{(?P<labels>.*)\} "
    r"(?P<value>[0-9]+(?:\.[0-9]+)?(?:e\+?[0-9]{1,2})?)(?: [0-9]+)?$",
    re.MULTILINE,
)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"')


def counted(texts: Iterable[str]) -> Counter[Series]:
    """The requests that proxies have counted, by the labels that tell series apart."""
    found: Counter[Series] = Counter()
    for text in texts:
        for sample in _SAMPLE.finditer(text):
            found[series(dict(_LABEL.findall(sample["labels"])))] += round(float(sample["value"]))
    return found


def series(labels: Mapping[str, str]) -> Series:
    """Istio's labels as a series; what is not told is ``unknown``, as Istio has it."""
    code = labels.get("response_code", "")
    return Series(
        labels.get("reporter", "unknown"),
        labels.get("source_app", "unknown"),
        labels.get("destination_service", "unknown"),
        labels.get("destination_version", "unknown"),
        int(code) if code.isascii() and code.isdigit() else 0,
    )


def growth(
    source: str,
    since: float,
    until: float,
    before: Mapping[str, str],
    after: Mapping[str, str],
    missing: tuple[str, ...] = (),
) -> Telemetry:
    """From the texts of all proxies, by pod: each was read at the beginning and again at the end."""
    return Telemetry(
        source, since, until, counted(before.values()), counted(after.values()), tuple(dict.fromkeys(missing))
    )
