"""Text that does harm where it is not kept as text, put into every place of a record that takes text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

from bs4 import BeautifulSoup

from analyzer.errors import ExplainedError

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
HOSTILE = (
    f"{SCRIPT}\"'> ]]>--> &amp; {{{{7*7}}}} `*|_[a](javascript:alert(3)) $\\bad{{$ [bold]"
    "\x1b]0;owned\x07\x1b[2J\x08\x9b\u2066\u202e"
)
"""Markup, attributes, templates, Markdown, rich's markup, a terminal's title and screen, bidi."""


def poisoned(value: Any) -> Any:
    """The same record with all its text hostile; what refuses such text keeps its own."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return f"{HOSTILE}{value}"
    if isinstance(value, Mapping):
        return {poisoned(key): poisoned(inner) for key, inner in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(poisoned, value))
    if isinstance(value, tuple | list):
        return type(value)(map(poisoned, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            one.name: poisoned(getattr(value, one.name)) for one in dataclasses.fields(value) if one.init
        }
        try:
            return dataclasses.replace(value, **fields)
        except ExplainedError:
            return value
    return value


def acts(page: str) -> list[str]:
    """What of a page would run, or ask for something, as a parser sees it."""
    soup = BeautifulSoup(page, "lxml")
    elements = soup.select("script, img, iframe, object, embed, base, link, form, a[href^=javascript]")
    handlers = [
        name
        for element in soup.find_all(True)
        for name, text in element.attrs.items()
        if name.lower().startswith("on") or str(text).lower().startswith("javascript:")
    ]
    return [str(element)[:80] for element in elements] + handlers
