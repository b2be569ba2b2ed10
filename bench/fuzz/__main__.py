"""Every parser fuzzed: ``python -m bench.fuzz [NAME...] [--runs N] [--seed S] [--corpus FOLDER]``.

``atheris`` guides the inputs by what they reach in our code; where it is not installed (it has wheels for
Linux on x86-64), or with ``--engine mutations``, inputs are seeds put out of shape. Exit code 1 if any input
did what must not happen; it is then left beside the corpus, and running the harness with ``--input FILE``
shows it again.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .harnesses import HARNESSES, SLOW, seeds
from .mutations import mutated

_DONE = re.compile(r"Done (\d+) runs")


def main() -> int:
    """Every harness that was asked for, one after the other, in a process of its own."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(HARNESSES)}")
    parser.add_argument("--runs", type=int, default=100_000, help="inputs; of the slow harnesses a tenth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--corpus", type=Path, help="keeps what was found to be new; a temporary one otherwise"
    )
    parser.add_argument("--engine", choices=("atheris", "mutations"), default=_engine())
    parser.add_argument("--input", type=Path, help="give this one input to the harness, and nothing else")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in HARNESSES]:
        parser.error(f"there is no harness {unknown[0]}")
    names = options.names or list(HARNESSES)
    if options.input:
        for name in names:
            HARNESSES[name](options.input.read_bytes())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or Path(folder)
        fuzz = _by_atheris if options.engine == "atheris" else _by_mutations
        results = [
            fuzz(name, options.runs // 10 if name in SLOW else options.runs, options.seed, corpus)
            for name in names
        ]
    print(f"{sum(results):,} inputs by {options.engine}" if all(results) else "found something: see above")
    return 0 if all(results) else 1


def _engine() -> str:
    return "atheris" if importlib.util.find_spec("atheris") else "mutations"


def _by_atheris(name: str, runs: int, seed: int, corpus: Path) -> int:
    """How many inputs were given, 0 where one did what must not happen."""
    found, beginning = corpus / name, corpus / f"{name}.seeds"
    for folder in (found, beginning):
        folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(seeds(name)):
        (beginning / str(number)).write_bytes(text)
    began = time.monotonic()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "bench.fuzz.guided", name, f"-runs={runs}", f"-seed={seed}"),
            *("-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={corpus}/{name}-"),
            *(str(found), str(beginning)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    done = _DONE.search(ended.stderr)
    if ended.returncode or done is None:
        print(f"{name}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}", flush=True)
        return 0
    _say(name, int(done[1]), time.monotonic() - began)
    return int(done[1])


def _by_mutations(name: str, runs: int, seed: int, corpus: Path) -> int:
    began = time.monotonic()
    for text in mutated(seeds(name), runs, seed):
        try:
            HARNESSES[name](text)
        except Exception:
            corpus.mkdir(parents=True, exist_ok=True)
            (corpus / f"{name}-crash").write_bytes(text)
            print(f"{name}: {text!r}", flush=True)
            raise
    _say(name, runs, time.monotonic() - began)
    return runs


def _say(name: str, runs: int, seconds: float) -> None:
    print(f"{name:<18} {runs:>10,} inputs  {seconds:>6.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
