"""The figures of a recorded run, read from its folder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from ..errors import JudgementError
from ..performance.versions import errors_of, failures_of, latencies_of
from ..records import UNKNOWN, Distribution, Version
from ..run.folder import RunFolder
from ..run.load_summary import Summary
from ..run.witnesses import Evidence, evidence
from .figures import Counts, Figures, Milliseconds, Sample, figures

_ALL = "all"


def of_run(folder: RunFolder, quantiles: Sequence[float]) -> Figures:
    """Raises JudgementError where it is no run, or where no page was asked for while its routes held."""
    found = evidence(folder)
    if not len(found.joined.pages):
        raise JudgementError(f"{folder.path} holds no page to compare", "leave this run out")
    return figures(_sample(found, folder), quantiles)


def _sample(found: Evidence, folder: RunFolder) -> Sample:
    pages, calls = found.joined.pages, found.joined.calls
    scheduled = bool(found.run.load.get("rate"))
    whole = pages.assign(version=_ALL)
    summary = Summary.read(folder.path)
    counts = Distribution.of(found.decided).as_dict()
    failed: dict[Version | None, Counts] = {None: (sum(errors_of(pages).values()), len(pages))}
    failed.update(failures_of(calls).items())
    promised = found.run.promise.weights.versions
    return Sample(
        latencies=_keyed(latencies_of(whole, scheduled=scheduled), latencies_of(pages, scheduled=scheduled)),
        late=_keyed(_late(whole), _late(pages)),
        calls={one: counts.get(one, 0) for one in sorted({*promised, *counts} - {UNKNOWN})},
        failed=failed,
        answered=int((pages["status"] == 200).sum()),
        seconds=float((pages["start"] + pages["latency_ms"] / 1000).max() - pages["start"].min()),
        busy=max((one.busy for one in summary.workers), default=0.0) if summary else 0.0,
    )


def _keyed(
    whole: Mapping[Version, Milliseconds], by_version: Mapping[Version, Milliseconds]
) -> dict[Version | None, Milliseconds]:
    return {None if version == _ALL else version: values for version, values in whole.items()} | dict(
        sorted(by_version.items())
    )


def _late(pages: pd.DataFrame) -> dict[Version, Milliseconds]:
    """By how many milliseconds the load generator was late with the answered pages of each version."""
    answered = pages[(pages["status"] == 200) & pages["version"].notna()]
    late = (answered["start"] - answered["intended"]) * 1000
    groups: list[tuple[Hashable, pd.Series]] = list(late.groupby(answered["version"].astype(object)))
    return {str(version): values.to_numpy() for version, values in groups}
