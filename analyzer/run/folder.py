"""One run's folder: what was promised, what was done, where its evidence lies (docs/run-folder.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from .. import bounded
from ..errors import JudgementError
from ..records import Version, Weights, is_pod_name
from ..typed_json import NoRecordError, decode
from . import whole_file

FORMAT = 1
"""History: 1 is the first."""
_HINT = "record the run again"
_MOST = 1000
_LAST_SECOND = 253_402_300_800
"""The year 10000 begins, and no calendar of Python's goes on."""


@dataclass(frozen=True, slots=True)
class RunPod:
    """A pod of the mesh, so that its log lines and its address can be given a version."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    ip: str

    def __post_init__(self) -> None:
        if not is_pod_name(self.name):  # a folder is called by it
            raise JudgementError(f"{self.name!r} is no name of a pod", "record the run again")


@dataclass(frozen=True, slots=True)
class Promise:
    """What was claimed before the run: nothing here may be chosen after looking at the data.

    ``within`` is in points (2.0 is two percentage points), ``alpha`` and ``power`` are probabilities.
    """

    weights: Weights
    within: float
    alpha: float
    power: float
    budget: int
    claims: tuple[str, ...] = ()
    """What is claimed beside the split, one claim each; see ``claims``."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A promise that was judged before the weights changed while the load ran; times are Unix seconds.

    ``applied`` and ``live`` as in ``Run``; at ``ended`` the next weights were asked for.
    """

    promise: Promise
    applied: float | None
    live: float | None
    ended: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that is gone on with: ``at`` that Unix second, and ``ending`` tells why it had ended before."""

    at: float
    ending: str


@dataclass(frozen=True, slots=True)
class Run:
    """``run.json``. Times are Unix seconds; ``ended`` is None while it lasts and after a crash."""

    id: str
    promise: Promise
    url: str
    mesh: Mapping[str, Any] | None
    """Kind, name and settings of the mesh; None where only a URL was loaded: pages are the only witness."""
    pods: tuple[RunPod, ...]
    documents: str
    """The Istio documents in force, as YAML."""
    load: Mapping[str, Any]
    started: float
    applied: float | None
    """When the routes were asked for; None where the run applied none."""
    live: float | None
    """Since when every proxy involved served the documents; None where nobody can tell."""
    ended: float | None = None
    ending: str = ""
    """Why the load ended, in words."""
    missing: tuple[str, ...] = ()
    """Evidence that may be incomplete, in words."""
    weighbridge: str = ""
    earlier: tuple[Earlier, ...] = ()
    """What was promised before, oldest first; ``promise``, ``applied`` and ``live`` are the last ones."""
    software: Mapping[str, str] = field(default_factory=dict)
    """What else made the run, by its name, each with its version; empty where it was not recorded."""
    before: str = ""
    """The Istio documents that the run found, before it applied its own; empty where it applied none."""
    after: str | None = None
    """The Istio documents at the end, where others than we changed them meanwhile."""
    until: float | None = None
    """From then on others' routes may have been in force: what was asked for since counts for nothing."""
    disturbed: tuple[str, ...] = ()
    """What happened to the run from outside, in words; evidence that it took away stands in ``missing``."""
    resumed: tuple[Resumed, ...] = ()
    """When it was gone on with, oldest first."""

    def pods_of(self, app: str) -> Sequence[RunPod]:
        return [pod for pod in self.pods if pod.labels.get("app") == app]

    def versions_by_ip(self) -> Mapping[str, Version]:
        """The version label behind each upstream address, for calls that no subset routed."""
        return {pod.ip: pod.labels["version"] for pod in self.pods if "version" in pod.labels}


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run; each has one writer."""

    path: Path

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    @property
    def requests(self) -> Path:
        return self.path / "requests"

    @property
    def access_log(self) -> Path:
        return self.path / "access-log"

    @property
    def live(self) -> Path:
        """How the split stands while it is loaded behind Locust's page (``live.py``)."""
        return self.path / "live.json"

    @property
    def wish(self) -> Path:
        """The weights that somebody asked for on that page."""
        return self.path / "wish.json"

    @property
    def telemetry(self) -> Path:
        """What the mesh's telemetry counted meanwhile (``reconcile/telemetry.py``)."""
        return self.path / "telemetry.json"

    @property
    def objects_file(self) -> Path:
        """What only an API server knows about the mesh."""
        return self.path / "objects.json"

    def objects(self) -> Sequence[Any]:
        """Plain objects as the API server had them, without what bears on no routing; none where none are."""
        try:
            found = decode(bounded.read_within(self.path, self.objects_file), dict[str, Any])
        except (OSError, NoRecordError):
            return ()
        items = found.get("items")
        return items if isinstance(items, list) else ()

    def log_of(self, pod: RunPod) -> Path:
        return self.access_log / pod.name / "istio-proxy.log"

    def write(self, run: Run) -> None:
        data = {"format": FORMAT, **asdict(run)}
        promises = (run.promise, *(one.promise for one in run.earlier))
        for kept, promise in zip(_promises(data), promises, strict=True):
            kept["weights"] = promise.weights.as_dict()
        whole_file.write(self.run_file, json.dumps(data, indent=2) + "\n")

    def read(self) -> Run:
        """Read ``run.json``; raises JudgementError where it is no run, broken, or of another format."""
        try:
            content = bounded.read_within(self.path, self.run_file)
        except OSError as error:
            reason = f"{self.path} is no run: {error.strerror}: run.json"
            raise JudgementError(reason, "name a folder below results/") from error
        return parse(content, str(self.run_file))


def parse(content: bytes, source: str) -> Run:
    """The run in the content of a ``run.json``; ``source`` names it in errors. Raises JudgementError."""
    try:
        data = decode(content, dict[str, Any])
    except NoRecordError as error:
        raise JudgementError(f"{source} is not readable: {error}", _HINT) from error
    if data.get("format") != FORMAT:
        raise _of_another_format(source, data)
    try:
        run = _run(data)
        _check(run)
    except (msgspec.ValidationError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise JudgementError(f"{source} is not readable: {error!s:.300}", _HINT) from error
    return run


def _check(run: Run) -> None:
    """What types do not say of a file that somebody else may have written."""
    if max(len(run.earlier), len(run.promise.claims)) > _MOST:
        raise TypeError(f"more than {_MOST} claims, or changes of the weights")
    for name, moment in _times(run):
        if moment is not None and not 0 <= moment < _LAST_SECOND:
            raise TypeError(f"{name} is no Unix second: {moment:g}")


def _times(run: Run) -> Iterator[tuple[str, float | None]]:
    for name in ("started", "applied", "live", "ended"):
        yield name, getattr(run, name)
    for one in run.earlier:
        yield from (("applied", one.applied), ("live", one.live), ("ended", one.ended))


def _run(data: dict[str, Any]) -> Run:
    """Checks every type; the weights of the file are a plain object, in the order of the promise."""
    for promise in _promises(data):
        promise["weights"] = {"by_version": tuple(promise["weights"].items())}
    return msgspec.convert(data, Run)


def _of_another_format(file: str, data: Mapping[str, Any]) -> JudgementError:
    found, writer = data.get("format"), data.get("weighbridge")
    if not isinstance(found, int):
        return JudgementError(f"{file} has no format, so it is no run's", "name a folder below results/")
    by = f", written by weighbridge {writer:.60}" if isinstance(writer, str) and writer else ""
    if found > FORMAT:
        reason = f"{file} has format {found}{by}; this weighbridge reads format {FORMAT}"
        return JudgementError(reason, "judge it with a newer weighbridge; nothing in the folder was changed")
    return JudgementError(f"{file} has format {found}, which never was", "restore run.json, or run again")


def _promises(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The last promise and the earlier ones, as they stand in the file."""
    return [data["promise"], *(one["promise"] for one in data.get("earlier", ()))]
