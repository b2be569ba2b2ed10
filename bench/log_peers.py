"""Other readers of access logs, each set up as fast as it honestly goes for Istio's format.

Asked for is what ``weighbridge logs`` tells, as far as a peer can: calls and durations by cluster and status.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple


class Command(NamedTuple):
    """``rounds`` is how often it is run at most: the slow ones vary little."""

    name: str
    arguments: list[str]
    rounds: int
    environment: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes


_GOACCESS = [
    "goaccess",
    "--no-global-config",
    "--no-progress",
    '--log-format=[%dT%t.%^Z] "%m %U %H" %s %^ %^ %^ "%^" %^ %b %L %^ "%^" "%u" "%^" "%v" "%^" %^ %^ %^ '
    "%h:%^ %^ %^",
    "--date-format=%Y-%m-%d",
    "--time-format=%H:%M:%S",
    "--output=/dev/stdout",
]
"""The callers' addresses are taken for the visitors': X-Forwarded-For is unset in most lines."""
_PANELS = [
    *("VISITORS", "REQUESTS_STATIC", "NOT_FOUND", "HOSTS", "OS", "BROWSERS", "VISIT_TIMES", "REFERRERS"),
    *(
        "REFERRING_SITES",
        "KEYPHRASES",
        "REMOTE_USER",
        "CACHE_STATUS",
        "GEO_LOCATION",
        "MIME_TYPE",
        "TLS_TYPE",
    ),
]
"""All but requests, status codes and virtual hosts, which come nearest to the question."""

_PANDAS_TEXT = """
import sys, pandas
table = pandas.read_csv(
    sys.argv[1], sep=" ", quotechar='"', header=None, names=range(23), engine="c", on_bad_lines="skip",
    encoding="latin-1",
)
table[9] = pandas.to_numeric(table[9], errors="coerce")
by = table.groupby([16, 2], observed=True)
print(by.size(), by[9].quantile([0.5, 0.9, 0.99]))
"""
"""Fewer columns, categories, strings alone and ``low_memory=False`` make it no faster."""
_PANDAS_JSON = """
import sys, pandas
table = pandas.read_json(sys.argv[1], lines=True, convert_dates=False, encoding_errors="replace")
by = table.groupby(["upstream_cluster", "response_code"])
print(by.size(), by["duration"].quantile([0.5, 0.9, 0.99]))
"""

_LNAV_PATTERN = (
    r'^\[(?<timestamp>[^\]]+)\] "(?<method>\S+) (?<path>\S+) (?<protocol>\S+)" (?<code>\d+) (?<flags>\S+) '
    r'(?<details>\S+) (?<termination>\S+) "(?<failure>[^"]*)" (?<received>\d+|-) (?<sent>\d+|-) '
    r'(?<duration>\d+|-) (?<service_time>\d+|-) "(?<forwarded>[^"]*)" "(?<agent>[^"]*)" "(?<id>[^"]*)" '
    r'"(?<authority>[^"]*)" "(?<host>[^"]*)" (?<cluster>\S+) (?<body>.*)$'
)
_LNAV_SAMPLE = (
    '[2026-01-01T00:00:00.002Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 1 2 2 "-" "curl" "1" "a:80" '
    '"10.0.0.1:80" outbound|80||a 10.0.0.2:1 10.0.0.3:80 10.0.0.2:2 - -'
)
_LNAV_FORMAT = {
    "istio_log": {
        "title": "Istio",
        "description": "istio-proxy's access log",
        "regex": {"line": {"pattern": _LNAV_PATTERN}},
        "timestamp-field": "timestamp",
        "value": {
            "code": {"kind": "integer"},
            "duration": {"kind": "integer"},
            "sent": {"kind": "integer"},
            "cluster": {"kind": "string"},
        },
        "sample": [{"line": _LNAV_SAMPLE}],
    }
}
_LNAV_QUERY = (
    ";SELECT cluster, code, count(*), avg(duration), max(duration), sum(sent) FROM istio_log GROUP BY 1, 2"
)


def of_text(log: Path) -> list[Command]:
    """The peers that are installed; goaccess as it comes and as fast as it can be.

    pandas is the one that we use, whose strings are Arrow's; the same as ``pip install pandas`` alone brings
    it; and pandas 2. Of the latter two the strings are Python's, and they take three times as long.
    """
    commands = [
        Command("wc -l", ["wc", "-l", str(log)], 9),
        Command("goaccess", [*_GOACCESS, str(log)], 1),
        Command(
            "goaccess, 3 panels", [*_GOACCESS, *(f"--ignore-panel={one}" for one in _PANELS), str(log)], 1
        ),
        Command("lnav", ["lnav", "-I", str(_lnav_folder()), "-n", "-c", _LNAV_QUERY, str(log)], 2, _QUIET),
    ]
    pandas = {
        "pandas read_csv": Path(sys.executable),
        "pandas, no Arrow": _environment(f"pandas=={version('pandas')}"),
        "pandas 2": _environment("pandas<3"),
    }
    for name, python in pandas.items():
        if python:
            commands.append(Command(name, [str(python), "-c", _PANDAS_TEXT, str(log)], 2))
    return [command for command in commands if shutil.which(command.arguments[0])]


def _environment(requirement: str) -> Path | None:
    """A Python with this and nothing else, made once in the cache; None where it cannot be had."""
    folder = _CACHE / re.sub(r"\W+", "-", requirement)
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"without {requirement}: {error}", file=sys.stderr)
            return None
        made.touch()
    return python


def of_json(log: Path) -> list[Command]:
    return [
        Command("wc -l", ["wc", "-l", str(log)], 9),
        Command("pandas read_json", [sys.executable, "-c", _PANDAS_JSON, str(log)], 1),
    ]


_CACHE = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir())) / "weighbridge-bench"
_QUIET = {"HOME": str(_CACHE)}
"""lnav keeps its own state at home, which is none of our business."""


def _lnav_folder() -> Path:
    folder = _CACHE / "lnav"
    (folder / "formats" / "istio").mkdir(parents=True, exist_ok=True)
    (folder / "formats" / "istio" / "istio.json").write_text(json.dumps(_LNAV_FORMAT))
    return folder
