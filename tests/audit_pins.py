"""Known holes in the pinned dependencies, by pip-audit: ``python -m tests.audit_pins PIP-AUDIT``.

Exits with 0 where none is known, 1 where one is, and 3 where it could not ask about each of them: pip-audit
itself says "no known vulnerabilities" of packages that it could not ask about.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).parent.parent / "constraints.txt"


def main(program: str) -> int:
    asked = subprocess.run(
        [program, "-r", PINS, "--disable-pip", "--no-deps", "-f", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        why = (asked.stderr.strip().splitlines() or ["it does not say why"])[-1]
        print(f"audit: the advisory data could not be had from here ({why})")
        return 3
    return told(packages)


def told(packages: list[dict[str, Any]]) -> int:
    holes = [(package, hole) for package in packages for hole in package.get("vulns", ())]
    unasked = [package for package in packages if "skip_reason" in package]
    for package, hole in holes:
        mended = ", ".join(hole["fix_versions"]) or "no release yet"
        print(f"audit: {package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    if unasked:
        print(
            f"audit: the advisory data could not be had from here for {len(unasked)} of "
            f"{len(packages)} pinned packages ({unasked[0]['skip_reason']})"
        )
    elif not holes:
        print(f"audit: no hole is known in any of the {len(packages)} pinned packages")
    return 1 if holes else 3 if unasked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
