"""What keeps the repository in order agrees with itself: the hooks, the make targets, the version."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml
from packaging.version import Version

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()


def target(name: str) -> list[str]:
    """The commands of a make target."""
    (body,) = re.findall(rf"^{name}:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    return [line.strip() for line in body.splitlines()]


def test_the_hooks_ask_what_make_style_asks_and_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    asked = {command.replace("$(BIN)", ".venv/bin").removesuffix(" .") for command in target("style")}
    assert {hook["entry"] for hook in hooks[0]["hooks"]} == asked
    assert {hook["language"] for hook in hooks[0]["hooks"]} == {"system"}


def test_make_lists_every_target_in_its_help() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert set(phony.split()) == set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.M))


def test_the_version_comes_from_git_and_is_one() -> None:
    assert Version(version("weighbridge")) >= Version("0.1.0.dev0")


def test_whatever_is_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert {re.split(r"[\[<>=]", one)[0] for one in asked} - pinned == set()
