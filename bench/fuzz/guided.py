"""One harness under atheris, which guides libFuzzer through Python: ``bench.fuzz.guided NAME [FLAG...]``."""

from __future__ import annotations

import sys

import atheris

_OURS = ["analyzer", "setup", "locustfiles"]


def main() -> None:
    with atheris.instrument_imports(include=_OURS):
        from . import harnesses  # only what is imported here is guided by
    harness = harnesses.HARNESSES[sys.argv[1]]
    harness(b"")  # what it reads once is not the first input's time
    atheris.Setup([sys.argv[0], *sys.argv[2:]], harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
