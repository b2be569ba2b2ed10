"""How to start the load as a process of its own: its arguments, its environment, its settings file."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ._settings import ENVIRONMENT, Arrivals, Settings, SettingsError

SETTINGS_FILE = "load.json"
LISTEN = ("127.0.0.1", 5557)
"""Where the master of several processes listens, until somebody asks for more than loopback."""
WAIT_FOR_WORKERS = 120
"""Seconds in which all workers must have come."""
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One load. It ends by itself after ``requests`` requests or ``seconds`` seconds, whichever is first.

    ``folder`` is the run's own: the load leaves ``requests/*.parquet`` and ``summary.json`` there. Start the
    process in it, and nobody's ``locust.conf`` or ``pyproject.toml`` is picked up. ``rate`` is requests per
    second in total, 0 for as fast as the users get answers. ``timeout`` is seconds for one whole request.

    With more than one of ``processes``, that many workers read and one master more keeps their rows; with
    ``workers``, the master waits for so many from anywhere. Either listens on ``listen``, (address, port).

    With ``web``, (address, port), Locust shows its page there and starts when it is told to there, or at once
    where ``autostart`` says so; it then stays until it is ended.
    """

    url: str
    run: str
    folder: Path
    users: int = 10
    requests: int | None = None
    seconds: float | None = None
    rate: float = 0.0
    arrivals: Arrivals | None = None
    in_flight: int = 1000
    think: float = 0.0
    shape: str | None = None
    path: str = "/productpage"
    login: str | None = None
    version_from: str | None = None
    timeout: float = 15.0
    insecure: bool = False
    seed: int = 0
    part: int = 0
    processes: int = 1
    workers: int = 0
    listen: tuple[str, int] = LISTEN
    web: tuple[str, int] | None = None
    autostart: bool = False

    def __post_init__(self) -> None:
        _settings(self)
        if not re.match(r"https?://[^/\s]+", self.url):
            raise SettingsError(
                f"{self.url!r} is nowhere to read from", "write for example http://127.0.0.1:8080"
            )
        if self.processes < 1 or self.workers < 0 or (self.processes > 1 and self.workers):
            raise SettingsError(
                f"{self.processes} processes and {self.workers} workers",
                "ask for several processes here or for workers from anywhere",
            )
        if self.shape is not None and (self.arrivals or not self.seconds):
            raise SettingsError(
                f"a {self.shape} is of readers, in a given time", "give a time, and no arrivals"
            )
        if self.users < 1:
            raise SettingsError(f"{self.users} users cannot read", "ask for 1 or more")
        if self.seconds is not None and not 1 <= self.seconds < float("inf"):
            raise SettingsError(f"a load of {self.seconds} seconds", "Locust counts whole seconds, from 1")

    @property
    def settings_file(self) -> Path:
        """Where the caller writes ``settings(plan)`` before it starts ``command(plan)``."""
        return self.folder / SETTINGS_FILE


def command(plan: LoadPlan) -> list[str]:
    """The arguments of the process, Python included. A failed request is a row, and changes no exit code."""
    readers = min(plan.users, plan.requests or plan.users) if not plan.arrivals else 1
    users = str(max(readers, plan.processes, plan.workers))
    files = ["arrival_rate.py"] if plan.arrivals else ["productpage.py"]
    if plan.shape:
        files.append("shapes.py")
    given = ",".join(str(_HERE / file) for file in files)
    arguments = [sys.executable, "-m", "locust", "-f", given, *_face(plan)]
    arguments += ["--only-summary", "--exit-code-on-error", "0", "--host", plan.url]
    arguments += ["--users", users, "--spawn-rate", users]
    if plan.seconds is not None:
        arguments += ["--run-time", f"{math.ceil(plan.seconds)}s"]
    if plan.shape:
        arguments += ["--shape", plan.shape]
    return arguments + _distributed(plan)


def _face(plan: LoadPlan) -> list[str]:
    if plan.web is None:
        return ["--headless"]
    address, port = plan.web
    return ["--web-host", address, "--web-port", str(port), *(["--autostart"] if plan.autostart else [])]


def _distributed(plan: LoadPlan) -> list[str]:
    """Locust's own options for a load of several processes; left alone, it would listen on every address."""
    address, port = plan.listen[0], str(plan.listen[1])
    master = ["--master-bind-host", address, "--master-bind-port", port]
    if plan.workers:
        waiting = ["--expect-workers", str(plan.workers), "--expect-workers-max-wait", str(WAIT_FOR_WORKERS)]
        return ["--master", *waiting, *master]
    if plan.processes > 1:
        return ["--processes", str(plan.processes), "--master-host", address, "--master-port", port, *master]
    return []


def joining(master: tuple[str, int]) -> list[str]:
    """The arguments of a worker of a master elsewhere, who tells it all that it needs to know.

    It loads our own files, whatever the master's are: no code comes over the network.
    """
    files = ",".join(str(_HERE / file) for file in ("productpage.py", "arrival_rate.py"))
    where = ["--master-host", master[0], "--master-port", str(master[1])]
    return [sys.executable, "-m", "locust", "-f", files, "--worker", *where]


def environment(plan: LoadPlan, base: Mapping[str, str]) -> dict[str, str]:
    """What the process of ``command(plan)`` is to find around it."""
    return {**clean(plan.folder, base), ENVIRONMENT: str(plan.settings_file)}


def clean(folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """``base`` without what Locust would take for an option, and with the way to us."""
    ours = {name: value for name, value in base.items() if name != ENVIRONMENT}
    kept = {name: value for name, value in ours.items() if not name.startswith("LOCUST_")}
    paths = [str(_HERE.parent), *filter(None, [base.get("PYTHONPATH")])]
    return {
        **kept,
        "HOME": str(folder),  # ~/.locust.conf is read too
        # Arrow's own allocator keeps 40 MB more of small tables, and moves up and down by 20 MB.
        "ARROW_DEFAULT_MEMORY_POOL": base.get("ARROW_DEFAULT_MEMORY_POOL", "system"),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def settings(plan: LoadPlan) -> bytes:
    """What belongs into ``plan.settings_file``."""
    return _settings(plan).json()


def _settings(plan: LoadPlan) -> Settings:
    return Settings(
        run=plan.run,
        folder=".",  # a run that is moved or published tells nobody where it was made
        requests=plan.requests,
        rate=plan.rate,
        arrivals=plan.arrivals,
        in_flight=plan.in_flight,
        think=plan.think,
        path=plan.path,
        login=plan.login,
        version_from=plan.version_from,
        timeout=plan.timeout,
        insecure=plan.insecure,
        seed=plan.seed,
        part=plan.part,
    )
