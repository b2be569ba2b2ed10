"""Text from elsewhere as it may be shown: no terminal obeys it, and nothing around it turns its direction."""

from __future__ import annotations

from unicodedata import category

_INSTEAD = "\ufffd"
_KEPT = "\n\t"


def text(found: str) -> str:
    """Lines stay lines; control and format characters, lone surrogates and the like are shown as damaged."""
    if found.isprintable():
        return found
    return "".join(one if _is_harmless(one) else _INSTEAD for one in found)


def line(found: str) -> str:
    """The same on one line: what would begin another is shown as damaged, too."""
    return found if found.isprintable() else "".join(_INSTEAD if one in _KEPT else one for one in text(found))


def address(url: str) -> str:
    """A URL without user and password, as it may be shown and recorded."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}" if slashes else url


def _is_harmless(one: str) -> bool:
    return one.isprintable() or one in _KEPT or category(one) == "Zs"
