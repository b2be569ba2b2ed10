"""Every benchmark in turn, or those that are named: ``python -m bench [--record] [NAME...]``.

With ``--record`` what they print goes into docs/benchmarks.md, too; do that on a machine that is quiet.
"""

from __future__ import annotations

import subprocess
import sys
import time

from .page import PAGE, recorded, section

BENCHES = {
    "mesh": "How soon a mesh is up and weights are in force, and that no old weight serves afterwards",
    "stars": "Reading a version from a page: anchored bytes against BeautifulSoup and lxml",
    "logs": "Access logs: exact on a log whose writer knows it, and beside wc, goaccess, lnav and pandas",
    "differential": "The quick ways through a log against the exact reader, on 5 million mutated lines",
    "sanitize": "The C scanner under the address and undefined-behaviour sanitizers",
    "load": "What a request costs the load, against Locust's own clients, wrk and hey",
    "master": "What a row costs the master of a distributed load, the network and the disk",
    "losses": "How many rows a distributed load loses, however it ends",
    "report": "How long a large run takes to be judged and to be reported, and how large its report is",
    "compare": "How often a comparison errs, and what of its intervals hold the truth",
    "verdict": "How often the verdict errs, how long it takes, against the shortest test there can be",
}
"""Each is the module of its name in this folder, and prints its figures when it is run."""


def main(arguments: list[str]) -> int:
    names = [argument for argument in arguments if argument != "--record"]
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"there is no benchmark {unknown[0]}; write one of: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    failed = [name for name in names or BENCHES if not _run(name, record="--record" in arguments)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, *, record: bool) -> bool:
    """Run one in a process of its own, so that none disturbs the next; a failed one is not recorded."""
    print(f"\n{name}: {BENCHES[name]}\n", flush=True)
    began = time.monotonic()
    printed = ""
    with subprocess.Popen(
        [sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            printed += line
            print(line, end="", flush=True)
    print(f"\n({time.monotonic() - began:.0f} s)", flush=True)
    if record and not running.returncode:
        PAGE.write_text(recorded(PAGE.read_text(), name, section(name, BENCHES[name], printed)))
    return not running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
