"""The settings of a load as arguments of Locust: on its command line, and in the form of its web page."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import Any

from locust import events
from locust.env import Environment

import msgspec

from analyzer.errors import InputError

from ._ledger import Ledger
from ._settings import Arrivals, Settings, SettingsError

GIVEN = Settings.read(os.environ)
"""What the settings file says; arguments come before it."""
_PREFERRED: dict[str, Any] = {}
_PREFIX = "weighbridge_"


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def add(parser: Any) -> None:
    """Add the arguments to the parser itself, because those of a group stand in no form.

    Locust calls this again for each page it shows, so it must have no other effect. Its web page listens on
    loopback until somebody asks for more: left alone, it would serve every network, and has no login.
    """
    parser.set_defaults(web_host="127.0.0.1")
    for name, how in _ARGUMENTS.items():
        parser.add_argument(
            "--" + name.replace("_", "-"),
            dest=_PREFIX + name,
            default=_PREFERRED.get(name, getattr(GIVEN, name)),
            **how,
        )


def prefer(**settings: Any) -> None:
    """A locustfile's own defaults, where it is about another page than Bookinfo's."""
    _PREFERRED.update(settings)


def chosen(options: Namespace | None) -> Settings:
    """The settings as the user has them now; raises SettingsError where they do not fit together."""
    given = vars(options) if options is not None else {}
    changes = {name: given[_PREFIX + name] for name in _ARGUMENTS if _PREFIX + name in given}
    changes = {name: None if value == "" else value for name, value in changes.items()}
    try:  # a form sends everything as text
        return msgspec.convert(msgspec.structs.asdict(GIVEN) | changes, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the load cannot be as asked: {error}", "correct the form") from error


def latest(environment: Environment, ledger: Ledger) -> Settings:
    """The settings of the test that begins: the form may have changed. What cannot be ends it at once."""
    try:
        return chosen(environment.parsed_options)
    except InputError as error:
        ledger.refuse(f"{error}; {error.hint}")
        return ledger.settings


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "requests": {"type": int, "help": "End after exactly so many pages"},
    "rate": {"type": float, "help": "Pages per second over all users; 0 is as fast as they answer"},
    "arrivals": {"choices": ["", *Arrivals], "help": "How ArrivalRate spreads them in time"},
    "in_flight": {"type": int, "help": "At most so many pages of a worker wait for their answer"},
    "think": {"type": float, "help": "Seconds a Reader thinks between two pages, on average"},
    "path": {"help": "Which page to read"},
    "login": {"help": "Log in as this user first, for routes that look at end-user"},
    "version_from": {"help": "Where an answer names its version, such as header:x-version"},
    "timeout": {"type": float, "help": "Seconds a page may take"},
    "insecure": {"action": "store_true", "help": "Trust any certificate"},
    "weights": {"help": "What the Split tab judges the pages by, such as v2=90,v3=10"},
    "within": {"type": float, "help": "Points a share may differ from its weight"},
}
