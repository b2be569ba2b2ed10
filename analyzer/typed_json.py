"""JSON from elsewhere as typed records, and one exception for every way in which bytes fail to be one."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


class NoRecordError(ValueError):
    """The bytes are no such record; the message says why, in one line."""


def decode(content: bytes, kind: type[T]) -> T:
    """The record in the bytes; raises NoRecordError for anything else, however deep or odd."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:  # ValueError: it is no UTF-8
        raise NoRecordError(str(error)) from error
