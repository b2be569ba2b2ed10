"""Tries a wheel as a stranger would, in an environment of its own: ``python -m tests.try_wheel dist``.

What it holds is compared with what git knows, so that no template, page or schema is left behind.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("weighbridge", "setup", "locustfiles", "analyzer")


def main(folder: str) -> None:
    (wheel,) = Path(folder).glob("*.whl")
    (_sdist,) = Path(folder).glob("*.tar.gz")
    if missing := tracked() - set(zipfile.ZipFile(wheel).namelist()):
        raise SystemExit(f"{wheel.name} lacks {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory(prefix="wb-") as place:
        told = tried(wheel.resolve(), Path(place))
    print(f"{wheel.name}: {told}")


def tracked() -> set[str]:
    """Every file of the packages that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES],  # noqa: S607 - the machine's
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return set(listed.rstrip("\0").split("\0"))


def tried(wheel: Path, place: Path) -> str:
    """What a real run says that is done, judged and read with nothing but the wheel."""
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    pip = [place / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", wheel], check=True)
    shutil.copytree(ROOT / "results" / "example", place / "example")
    assert said(place, "--version").startswith("weighbridge, version ")
    assert said(place, "analyze", "example").startswith("PASS ")
    pure = said(place, "logs", "example", "--json", WEIGHBRIDGE_PURE="1")
    assert json.loads(pure)["splits"] == json.loads(said(place, "logs", "example", "--json"))["splits"]
    done = json.loads(said(place, "run", "v2=90,v3=10", "--within", "5", "--json"))
    assert done["exit_code"] == 0, done
    assert {"report.html", "report.md", "junit.xml", "verdict.json"} <= {
        file.name for file in (place / done["run"]).iterdir()
    }
    return done["split"]["reason"]


def said(place: Path, *arguments: str, **environment: str) -> str:
    """What the installed command prints, with an empty environment and nothing of the checkout in sight."""
    return subprocess.run(
        [place / "venv/bin/weighbridge", *arguments],
        cwd=place,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(place),
            "WEIGHBRIDGE_HOME": str(place / "m"),
            **environment,
        },
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


if __name__ == "__main__":
    main(sys.argv[1])
