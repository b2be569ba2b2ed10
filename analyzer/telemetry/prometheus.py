"""Prometheus's counts of a run: each series as it was read before the run and after, subtracted.

``increase()`` extrapolates to the ends of its window and gives fractions; the raw samples do not. What is
asked for is two range selectors, evaluated at two moments; see
https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from ..errors import JudgementError
from ..records import Version
from ..run import calls
from ..run.folder import Run
from ..typed_json import NoRecordError, decode
from .comparison import Comparison, Row, rows
from .own import Own, version_of

BACK = 300
"""Seconds before the run in which its last sample is looked for, and after it in which the first one is."""
_UNIT = "reviews calls, by the caller's proxy"


@dataclass(frozen=True, slots=True)
class Question:
    """One instant query: a range selector, and the Unix second at which it ends."""

    query: str
    time: float


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels, and its samples (Unix second, value) in order."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


def questions(run: Run) -> tuple[Question, Question, Question]:
    """What to ask: about the time before the run, about that after it, and who was read before it at all."""
    selector = (
        f'istio_requests_total{{reporter="source",source_workload=~"{calls.CALLER}-.*",'
        f'destination_service_name="{calls.SERVICE}"}}[{BACK}s]'
    )
    read = Question(f"up[{BACK}s]", run.started)
    return Question(selector, run.started), Question(selector, until(run) + BACK), read


def until(run: Run) -> float:
    """The end of the run; one that never ended has none to compare."""
    if run.ended is None:
        raise JudgementError(
            f"run {run.id} has no end: it lasts, or was broken off", "wait until it has ended"
        )
    return run.ended


def series(answer: bytes) -> tuple[Series, ...]:
    """The matrix in one answer of ``/api/v1/query``; raises JudgementError for anything else."""
    try:
        found = decode(answer, _Answer)
    except NoRecordError as error:
        raise JudgementError(f"this is no answer of Prometheus: {error}") from error
    if found.status != "success" or found.data is None:
        raise JudgementError(f"Prometheus refuses the query: {found.error or found.status}")
    try:
        return tuple(Series(one.metric, tuple(_finite(one.values))) for one in found.data.result)
    except ValueError as error:
        raise JudgementError(f"this is no answer of Prometheus: {error}") from error


def _finite(samples: Iterable[tuple[float, str]]) -> Iterator[tuple[float, float]]:
    """Prometheus marks the end of a series by no number at all."""
    for at, text in samples:
        value = float(text)
        if math.isfinite(value) and math.isfinite(at):
            yield at, value


def is_complete(after: Iterable[Series], run: Run) -> bool:
    """Whether every series has been read since the run ended."""
    found = list(after)
    return bool(found) and all(one.samples and one.samples[-1][0] >= until(run) for one in found)


def compare(
    ours: Own, url: str, before: Iterable[Series], after: Iterable[Series], read: Iterable[Series]
) -> Comparison:
    """Each version's calls as Prometheus counted them beside our log lines: no difference is allowed."""
    run, after = ours.run, tuple(after)
    earlier = {_key(one): one.samples[-1][1] for one in before if one.samples}
    counted: Counter[Version] = Counter()
    notes = [f"{ours.foreign} of these calls were somebody else's"] if ours.foreign else []
    for one in after:
        start, end = earlier.get(_key(one), 0.0), _at_the_end(one, run)
        if end is not None and end < start:
            notes.append(f"{_proxy(one)} began to count anew, so what it had counted before is lost")
            start = 0.0
        counted[_version(run, one)] += round((end or 0.0) - start)
    compared = rows(ours.served, counted, {})
    silence = _silence(run, after, {one.labels.get("instance") for one in read}, compared)
    return Comparison("prometheus", url, _UNIT, compared, silence, (), tuple(notes))


def _silence(run: Run, after: Iterable[Series], known: Container[str | None], compared: Iterable[Row]) -> str:
    """Why nothing can be said, where a proxy was not read when it had to be."""
    found = list(after)
    if not found:
        return "it has no istio_requests_total of reviews from the time of the run"
    late = [_proxy(one) for one in found if _at_the_end(one, run) is None]
    if late:
        return f"it has not read {late[0]} since the run ended: ask again later"
    fresh = [_proxy(one) for one in found if one.labels.get("instance") not in known]
    if fresh and not all(row.agrees for row in compared):
        return f"it first read {fresh[0]} after the run had begun: what that counted before is not known"
    return ""


def _at_the_end(one: Series, run: Run) -> float | None:
    return next((value for at, value in one.samples if at >= until(run)), None)


def _proxy(one: Series) -> str:
    return one.labels.get("pod") or one.labels.get("instance", "a proxy")


def _version(run: Run, one: Series) -> Version:
    names = ("destination_workload", "destination_version", "destination_canonical_revision")
    return version_of(run, *(one.labels.get(name, "") for name in names))


def _key(one: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one.labels.items()))


class _Result(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[_Result]


class _Answer(msgspec.Struct):
    status: str
    data: _Data | None = None
    error: str = ""
