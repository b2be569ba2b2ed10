"""Options of the load: who sends it, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from locustfiles._command import LISTEN
from locustfiles._settings import Arrivals
from locustfiles._shapes import SHAPES

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


NAMES = (
    *("processes", "workers", "listen", "arrivals", "in_flight", "think", "shape"),
    *("path", "login", "version_from", "insecure"),
)
"""The options' names in a verb, and the fields of LoadPlan that they fill."""


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
    click.option(
        "--arrivals",
        type=click.Choice([one.value for one in Arrivals]),
        help="An open load: pages leave on time at --rate, however long the answers take.",
    ),
    click.option(
        "--in-flight",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        help="With --arrivals, at most so many pages of a process wait for their answer.",
    ),
    click.option(
        "--think", type=click.FloatRange(0), default=0.0, help="Seconds a reader thinks between two pages."
    ),
    click.option(
        "--shape",
        type=click.Choice(list(SHAPES)),
        help="How the number of readers moves over --time, up to --users.",
    ),
    click.option(
        "--path", default="/productpage", show_default=True, help="The page to read, of any application."
    ),
    click.option(
        "--version-from",
        metavar="WHERE",
        help="Where an answer names its version, if it is no page of Bookinfo: header:x-version, "
        "json:podname~reviews-(v[0-9]+)- or regex:Version ([0-9.]+).",
    ),
    click.option(
        "--login", metavar="NAME", help="Read as this user of Bookinfo, for routes that look at end-user."
    ),
    click.option("--insecure", is_flag=True, help="Trust any certificate of the ingress."),
)
