"""Whether RE2, which Istio and Envoy use, would take a regular expression."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = frozenset("afnrtvx0dDsSwWbBAzpPQEC")
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|[^\]])*\]")
_GROUP = re.compile(r"\(\?(?::|P?<[A-Za-z_]\w*>|[imsU]*(?:-[imsU]+)?[:)])")
_POSSESSIVE = re.compile(r"[*+?}]\+")
_REPEATED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_REPETITIONS = 1000


def is_re2(text: str) -> bool:
    """No lookaround, no back references, nothing possessive, and nothing that is no expression at all.

    What stands in a character class is left to Envoy, which refuses it in its own words.
    """
    if any(letter.isalnum() and letter not in _ESCAPES for letter in _ESCAPED.findall(text)):
        return False
    bare = _CLASS.sub("_", _ESCAPED.sub("_", text))
    plain = _GROUP.sub(lambda group: "" if group[0].endswith(")") else "(", bare)
    if "(?" in plain or "[" in plain or _POSSESSIVE.search(plain) or _repeats_too_often(plain):
        return False
    try:
        re.compile(plain)
    except (re.error, OverflowError, RecursionError):
        return False
    return text != ""


def _repeats_too_often(text: str) -> bool:
    counts = (int(count) for pair in _REPEATED.findall(text) for count in pair if count)
    return any(count > _MOST_REPETITIONS for count in counts)
