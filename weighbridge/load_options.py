"""Options of the load: who sends it, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from locustfiles._command import LISTEN

F = TypeVar("F", bound=Callable[..., Any])


class AddressType(click.ParamType[tuple[str, int]]):
    """``0.0.0.0:5557`` or ``[::]:5557``; the port can be left out."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        address, colon, port = value.rpartition(":") if not value.endswith("]") else (value, "", "")
        address, port = (address, port) if colon else (value, str(LISTEN[1]))
        if not address or not port.isdecimal() or not 0 < int(port) < 65_536:
            self.fail(f"{value!r} is no ADDRESS:PORT, such as 0.0.0.0:5557", param, ctx)
        return address.strip("[]"), int(port)


def load(verb: F) -> F:
    """Who sends the load, and how."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--processes",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        help="So many processes of this machine read; each has one core.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(0, 10_000),
        default=0,
        help="Wait for so many workers of other machines instead; see docs/scale-out.md.",
    ),
    click.option(
        "--listen",
        type=AddressType(),
        default=LISTEN,
        metavar="ADDRESS:PORT",
        help="Where workers find this machine; loopback alone if not given.",
    ),
)
