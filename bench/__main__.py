"""Every benchmark in turn, or those that are named: ``python -m bench [NAME...]``."""

from __future__ import annotations

import subprocess
import sys
import time

BENCHES = {
    "mesh": "How soon a mesh is up and weights are in force, and that no old weight serves afterwards",
    "stars": "Reading a version from a page: anchored bytes against BeautifulSoup and lxml",
    "logs": "Access logs: exact on a log whose writer knows it, and beside wc, goaccess, lnav and pandas",
    "differential": "The quick ways through a log against the exact reader, on 5 million mutated lines",
    "sanitize": "The C scanner under the address and undefined-behaviour sanitizers",
    "load": "What a request costs the load, against Locust's own clients, wrk and hey",
    "master": "What a row costs the master of a distributed load, the network and the disk",
    "losses": "How many rows a distributed load loses, however it ends",
    "verdict": "How often the verdict errs, how long it takes, against the shortest test there can be",
}
"""Each is the module of its name in this folder, and prints its figures when it is run."""


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"there is no benchmark {unknown[0]}; write one of: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    failed = [name for name in names or BENCHES if not _run(name)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str) -> bool:
    """Run one in a process of its own, so that none disturbs the next."""
    print(f"\n{name}: {BENCHES[name]}\n", flush=True)
    began = time.monotonic()
    code = subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    print(f"\n({time.monotonic() - began:.0f} s)", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
