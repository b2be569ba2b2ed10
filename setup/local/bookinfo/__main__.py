"""Bookinfo as a process of its own: ``python -P -m setup.local.bookinfo SPEC.json``.

Prints ``ready`` once every pod listens, serves until SIGTERM or SIGINT, gives what is in flight one second.
Exits 1, with one line on stderr, where it cannot start.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from . import control
from .faults import Faults
from .pages import Pages
from .pods import Pods, bind
from .spec import BookinfoError, Spec, read

GRACE = 1.0
"""Seconds for what is in flight when the end comes."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -P -m setup.local.bookinfo SPEC.json", file=sys.stderr)
        return 2
    try:
        uvloop.run(serve(read(Path(arguments[0]))))
    except BookinfoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def serve(spec: Spec) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sockets = bind(spec.pods)
    control_path = Path(spec.control)
    control_socket = control.bind(control_path)
    try:
        faults = Faults(((pod.app, pod.version) for pod in spec.pods), spec.seed)
        pods = Pods(spec, faults, Pages(spec.generation))
        await pods.start(sockets)
        steering = await control.serve(control_socket, faults)
        print("ready", flush=True)
        await stop.wait()
        steering.close()
        await pods.drain(GRACE)
    finally:
        control_path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
