"""docs/security.md tells of tests that there are; and what of it no other test shows."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from analyzer.harmless import address
from setup import documents
from setup.redaction import recorded

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
PACKAGES = ("weighbridge", "setup", "locustfiles", "analyzer", "bench")
SECRET = "abc.def.ghi"


def test_every_test_that_the_table_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {
        node.name
        for file in (ROOT / "tests").glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(named) > 30
    assert named <= there


def test_every_threat_has_a_defence_and_a_test() -> None:
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| **")]
    assert len(rows) >= 7
    assert all(len(cells) == 3 and "`test_" in cells[2] for cells in rows)


def test_no_process_is_started_through_a_shell() -> None:
    calls = [
        (file.name, ast.unparse(node)[:80])
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and (
            any(one.arg == "shell" for one in node.keywords)
            or ast.unparse(node.func) in ("os.system", "os.popen", "subprocess.getoutput", "eval", "exec")
            or ast.unparse(node.func).endswith("create_subprocess_shell")
        )
    ]
    assert calls == []


def test_what_the_command_leaves_is_its_owners_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "results" / "example", tmp_path / "run")
    command = [sys.executable, "-P", "-m", "weighbridge", "logs", "run", "--html", "logs.html"]
    before = os.umask(0)
    try:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    finally:
        os.umask(before)
    assert (tmp_path / "logs.html").stat().st_mode & 0o077 == 0


def test_no_password_of_an_address_is_recorded() -> None:
    assert address(f"https://me:{SECRET}@here.example:8443/a?b=c") == "https://here.example:8443/a?b=c"
    assert address("http://127.0.0.1:8080") == "http://127.0.0.1:8080"


def test_no_header_that_lets_in_is_recorded() -> None:
    (document,) = documents.read(
        f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: reviews}}
spec:
  hosts: [reviews]
  http:
  - match:
    - headers: {{authorization: {{exact: "Bearer {SECRET}"}}, end-user: {{exact: jason}}}}
    headers:
      request: {{set: {{Authorization: "Bearer {SECRET}", x-team: blue}}, add: {{cookie: "a={SECRET}"}}}}
    route:
    - destination: {{host: reviews, subset: v2}}
""",
        "test",
    )
    kept = documents.dump(recorded([document]))
    assert SECRET not in kept
    assert "jason" in kept
    assert "blue" in kept
    assert len(documents.read(kept, "again")) == 1


def test_yaml_is_loaded_in_one_place() -> None:
    places = {
        str(file.relative_to(ROOT))
        for package in ("weighbridge", "setup", "locustfiles", "analyzer")
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"\byaml\.(safe_)?load", file.read_text())
    }
    assert places == {"analyzer/objects.py"}
