"""One run from start to end: the load is driven, the evidence collected, and the folder left complete."""

from __future__ import annotations

import json
import platform
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from math import inf
from pathlib import Path
from typing import Any, Self

from analyzer import harmless
from analyzer.performance import claims
from analyzer.performance.claims import ClaimError
from analyzer.records import Weights
from analyzer.run import whole_file
from analyzer.run.folder import Promise, Run, RunFolder, RunPod
from analyzer.split.plan import plan, suggested_within
from locustfiles._command import LoadPlan
from setup import documents, redaction
from setup.mesh import AccessLog, Mesh, MeshError

from . import console, load, load_options
from .disturbances import Disturbances
from .folders import FolderError, Fresh
from .live_desk import LiveDesk
from .load import Load, LoadError
from .progress import Progress
from .published import Published
from .signals import Interrupt
from .telemetry_witness import TelemetryWitness
from .watch import Watch, recorded

_TICK = 0.25
"""Seconds between two looks; the proxies write their logs out every 0.2 s."""
_PATIENCE = 2
"""Timeouts of a page after which a load is ended that brought no page of reviews at all."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked of one run."""

    promise: Promise
    users: int
    rate: float
    timeout: float
    requests: int | None
    seconds: float | None
    until_certain: bool
    how: Mapping[str, Any] = field(default_factory=dict)
    """The options of ``load_options``, which are LoadPlan's fields."""
    web: tuple[str, int] | None = None
    """Where Locust shows its page, if it is to show one."""
    autostart: bool = False
    heading: str = ""
    """What is said when it begins, in place of its id and promise."""
    part: int = 0
    """How often the run was gone on with, this time included."""

    @classmethod
    def of(cls, weights: Weights, asked: Mapping[str, Any]) -> Self:
        """Fill in what was left open; raises PlanError where the promise cannot be kept."""
        within = asked["within"] or suggested_within(weights)
        budget = plan(weights, within=within, alpha=asked["alpha"], power=asked["power"]).budget
        requests = asked["requests"] or (None if asked["seconds"] else budget)
        budget = max(budget, requests or 0)  # whoever asks for more may be answered by more
        how = {name: asked[name] for name in load_options.NAMES}
        loaded = {"users": asked["users"], "rate": asked["rate"], "seconds": asked["seconds"], **how}
        LoadPlan(url="http://anywhere", run="plan", folder=Path(), **loaded)  # refuses what cannot be
        further = _claims(weights, asked["claims"], asked["claims_file"])
        return cls(
            promise=Promise(weights, within, asked["alpha"], asked["power"], budget, further),
            users=asked["users"],
            rate=asked["rate"],
            timeout=asked["timeout"],
            requests=requests,
            seconds=asked["seconds"],
            # Only the split can be judged at every look; further claims get all the requests there are.
            until_certain=asked["until_certain"] and not further,
            how=how,
        )


@dataclass(frozen=True, slots=True)
class Live:
    """When weights were asked for, and since when every proxy involved serves them; Unix seconds."""

    applied: float
    live: float
    before: str = ""
    """The documents that were in force until then, as YAML."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the load ended: ``why`` completes "the load ended because"."""

    why: str
    trouble: MeshError | LoadError | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Conducted:
    """What a run came to before it was judged.

    ``trouble`` is what broke it off, if something did; ``interrupted`` says that somebody did.
    """

    folder: RunFolder
    trouble: MeshError | LoadError | None
    interrupted: bool


def conduct(
    wanted: Wanted,
    fresh: Fresh,
    url: str,
    mesh: Mesh | None,
    live: Live | None,
    desk: LiveDesk | None = None,
    again: Run | None = None,
) -> Conducted:
    """Load as wanted and bring everything into the run's folder, whatever happens meanwhile.

    Ctrl-C and SIGTERM end the load, not the run: what was seen until then is kept and can be judged.
    With a ``desk``, the weights may change while the load runs. ``again`` is the record of a run that is gone
    on with.
    """
    try:
        plan = _plan(wanted, fresh, url)
        run = replace(again, url=url) if again else _started(plan, wanted, mesh, live)
        return _conducted(wanted, plan, run, mesh, desk)
    except OSError as error:
        raise FolderError.of(fresh.folder.path, error) from error


def _conducted(
    wanted: Wanted, plan: LoadPlan, run: Run, mesh: Mesh | None, desk: LiveDesk | None
) -> Conducted:
    folder = RunFolder(plan.folder)
    folder.write(run)
    if mesh and (objects := mesh.objects()):
        whole_file.write(folder.objects_file, json.dumps({"items": objects}, indent=1) + "\n")
    told = f"run {run.id}: {run.promise.weights} within {run.promise.within:g} points → {folder.path}"
    console.say(wanted.heading or told)
    outside = Disturbances(folder, mesh)
    log = mesh.access_log(folder.access_log) if mesh else None
    witness = TelemetryWitness.begin(mesh)
    patience = inf if desk else _PATIENCE * wanted.timeout  # who looks at a page ends a vain load himself
    watch = Watch(folder, run, log, wanted.until_certain, patience)
    with closing(watch):
        if desk:
            desk.begin(run, watch)
        ended = _load(plan, _Parts(mesh, log, watch, desk or Published(folder, run, watch, mesh), outside))
    run = outside.told(desk.run if desk else run)
    missing = (*run.missing, *(log.finish() if log else ()), *load.missing(plan))
    witness.end(folder)
    pods = _together(run.pods, recorded(log.pods()) if log else ())
    run = replace(run, ended=outside.now(), ending=ended.why, missing=missing, pods=pods)
    folder.write(replace(run, after=_changed(mesh, run.documents) if mesh else None))
    return Conducted(folder, ended.trouble, ended.interrupted)


def _changed(mesh: Mesh, documents_: str) -> str | None:
    """The documents in force at the end, where somebody changed them while the load ran."""
    try:
        found = documents.dump(redaction.recorded(mesh.documents()))
    except MeshError:  # what ended the run may have ended the mesh
        return None
    return found if found != documents_ else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """Who has to be looked after while a load runs."""

    mesh: Mesh | None
    log: AccessLog | None
    watch: Watch
    told: LiveDesk | Published
    outside: Disturbances

    def look(self) -> str | None:
        """One look at everything; gives why the load should end, if it should."""
        if self.mesh:
            self.mesh.check()
        if disturbed := self.outside.look():
            return disturbed
        if self.log:
            self.log.pump()
        self.watch.look()
        if self.told.look():
            self.outside.accept()
        return self.watch.ending


def _load(plan: LoadPlan, parts: _Parts) -> _Ended:
    """Drive one load to its end."""
    interrupt = Interrupt(signal.SIGINT, signal.SIGTERM)
    with load.running(plan) as locust:
        why = "the load is complete"
        try:
            with interrupt.caught():
                why = _drive(locust, parts, interrupt) or why
        except MeshError as error:
            return _Ended(str(error), trouble=error)
        if interrupt.by:
            console.say("ending the load to judge what there is; Ctrl-C again leaves at once")
            locust.stop()
            how = "Ctrl-C" if interrupt.by == signal.SIGINT else interrupt.by.name
            return _Ended(f"it was interrupted by {how}", interrupted=True)
        locust.stop()
        trouble = locust.trouble()
    return _Ended(str(trouble or why), trouble=trouble)


def _drive(locust: Load, parts: _Parts, interrupt: Interrupt) -> str | None:
    """Look again and again while the load lasts; gives why it should end before it does by itself."""
    with Progress() as progress:
        while locust.is_running and not interrupt.asked:
            interrupt.waiting(time.sleep, _TICK)
            ending = parts.look()
            progress.show(parts.watch.line())
            if ending:
                return ending
    return None


def _claims(weights: Weights, texts: Sequence[str], file: Path | None) -> tuple[str, ...]:
    """The text of every further claim, each one read once so that a wrong one is refused before the run."""
    try:
        lines = file.read_text() if file else ""
    except OSError as error:
        raise ClaimError(f"cannot read {file}: {error.strerror}", "name a file of claims") from error
    found = (*claims.read(lines), *(claims.parse(text) for text in texts))
    for claim in found:
        if claim.version not in weights.versions:
            raise ClaimError(
                f"{claim.text!r} is about {claim.version}, which has no weight", f"name one of {weights}"
            )
    return tuple(claim.text for claim in found)


def _together(before: Sequence[RunPod], now: Sequence[RunPod]) -> tuple[RunPod, ...]:
    """Every pod that was there since the run began, each once, as it is now."""
    return tuple({pod.name: pod for pod in (*before, *now)}.values())


def _plan(wanted: Wanted, fresh: Fresh, url: str) -> LoadPlan:
    return LoadPlan(
        url=url,
        run=fresh.id,
        folder=fresh.folder.path,
        users=wanted.users,
        requests=wanted.requests,
        seconds=wanted.seconds,
        rate=wanted.rate,
        timeout=wanted.timeout,
        web=wanted.web,
        autostart=wanted.autostart,
        part=wanted.part,
        **wanted.how,
    )


def _started(plan: LoadPlan, wanted: Wanted, mesh: Mesh | None, live: Live | None) -> Run:
    return Run(
        id=plan.run,
        promise=wanted.promise,
        url=harmless.address(plan.url),
        mesh=mesh.describe() if mesh else None,
        pods=recorded(mesh.pods()) if mesh else (),
        documents=documents.dump(redaction.recorded(mesh.documents())) if mesh else "",
        load={
            "users": wanted.users,
            "requests": wanted.requests,
            "seconds": wanted.seconds,
            "rate": wanted.rate,
            "timeout": wanted.timeout,
            "seed": plan.seed,
            "until_certain": wanted.until_certain,
            **{name: value for name, value in wanted.how.items() if name != "listen"},
        },
        started=time.time(),
        applied=live.applied if live else None,
        live=live.live if live else None,
        weighbridge=version("weighbridge"),
        software={"python": platform.python_version(), "locust": version("locust")},
        before=live.before if live else "",
    )
