"""Starting the load: the arguments, the environment and the settings file that the parent hands over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import locustfiles
from locustfiles._command import LoadPlan, command, environment, settings
from locustfiles._settings import ENVIRONMENT, Settings, SettingsError

URL = "http://127.0.0.1:8080"
LOCUSTFILE = Path(locustfiles.__file__).with_name("productpage.py")


def test_a_plan_becomes_a_headless_locust(tmp_path: Path) -> None:
    plan = LoadPlan(url=URL, run="r1", folder=tmp_path, users=8, requests=100, seconds=30)
    assert command(plan) == [
        *[sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"],
        *["--exit-code-on-error", "0", "--host", URL, "--users", "8", "--spawn-rate", "8"],
        *["--run-time", "30s"],
    ]


def test_there_are_never_more_users_than_requests(tmp_path: Path) -> None:
    arguments = command(LoadPlan(url=URL, run="r1", folder=tmp_path, users=8, requests=3))
    assert arguments[arguments.index("--users") + 1] == "3"


def test_locust_sees_no_option_of_the_callers_environment(tmp_path: Path) -> None:
    plan = LoadPlan(url=URL, run="r1", folder=tmp_path)
    base = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "LOCUST_USERS": "9",
        "LOCUST_HTML": "x",
        "PYTHONPATH": "/other",
    }
    assert environment(plan, base) == {
        "PATH": "/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": f"{LOCUSTFILE.parent.parent}:/other",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        ENVIRONMENT: str(tmp_path / "load.json"),
    }


def test_the_settings_file_says_everything_and_is_read_back(tmp_path: Path) -> None:
    plan = LoadPlan(url=URL, run="r1", folder=tmp_path, requests=100, rate=50.0, path="/p", seed=3)
    plan.settings_file.write_bytes(settings(plan))
    assert json.loads(plan.settings_file.read_text()) == {
        "run": "r1",
        "folder": ".",
        "requests": 100,
        "rate": 50.0,
        "arrivals": None,
        "in_flight": 1000,
        "think": 0.0,
        "path": "/p",
        "login": None,
        "version_from": None,
        "timeout": 15.0,
        "insecure": False,
        "weights": None,
        "within": None,
        "seed": 3,
        "part": 0,
    }
    read = Settings.read(environment(plan, {}))
    assert (read.run, read.folder) == ("r1", str(tmp_path))


def test_without_a_settings_file_nothing_is_kept() -> None:
    assert Settings.read({}).folder is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run": "Run 1"}, "'Run 1' is no run id"),
        ({"requests": 0}, "0 requests cannot be read"),
        ({"rate": -1.0}, "-1.0 is no rate"),
        ({"rate": float("nan")}, "nan is no rate"),
        ({"timeout": 0.0}, "0.0 is no timeout"),
        ({"path": "productpage"}, "'productpage' is no path"),
        ({"path": "/a\r\nX: y"}, "is no path"),
        ({"url": "127.0.0.1:8080"}, "'127.0.0.1:8080' is nowhere to read from"),
        ({"url": "http://"}, "'http://' is nowhere to read from"),
        ({"users": 0}, "0 users cannot read"),
        ({"seconds": 0.5}, "a load of 0.5 seconds"),
    ],
)
def test_what_cannot_be_run_is_refused_before_it_starts(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        LoadPlan(**{"url": URL, "run": "r1", "folder": tmp_path, **changes})


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"run": 1}', b'{"requests": "many"}', b'{"requests": -1}', b'{"request": 10}']
)
def test_a_settings_file_that_is_wrong_is_named(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "load.json"
    path.write_bytes(text)
    with pytest.raises(SettingsError, match=f"{ENVIRONMENT}={path}: "):
        Settings.read({ENVIRONMENT: str(path)})


def test_asking_for_the_command_loads_neither_locust_nor_gevent() -> None:
    """Locust patches sockets when it is imported, so the parent must not."""
    code = "import sys, locustfiles._command; print({'locust', 'gevent'} & set(sys.modules))"
    root = LOCUSTFILE.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
