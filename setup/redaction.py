"""Documents as they may be recorded: without what lets their reader in somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .documents import Document

_SECRET = re.compile(r"authorization|cookie|api-?key|token|secret|password", re.IGNORECASE)
_INSTEAD = "not-recorded"


def recorded(documents: Iterable[Document]) -> tuple[Document, ...]:
    """The same documents, without the values of headers that may be credentials."""
    return tuple(replace(one, spec=_without(one.spec, is_headers=False)) for one in documents)


def _without(value: Any, *, is_headers: bool) -> Any:
    """Below ``headers``, a key is the name of a header, whatever stands between (request, set, …)."""
    if isinstance(value, Mapping):
        return {
            name: _hidden(inner)
            if is_headers and _SECRET.search(str(name))
            else _without(inner, is_headers=is_headers or name in ("headers", "withoutHeaders"))
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without(one, is_headers=is_headers) for one in value]
    return value


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    return _INSTEAD
