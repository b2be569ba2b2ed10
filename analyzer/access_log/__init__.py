"""What istio-proxy access logs say: every line read exactly or refused, never guessed.

``read`` gives a pandas DataFrame of any logs, ``requests`` the requests in it (docs/access-log.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .frame import read, requests

__all__ = ["read", "requests"]


def __getattr__(name: str) -> Any:
    """Import Arrow and pandas when somebody asks for a table."""
    if name in __all__:
        from . import frame

        return getattr(frame, name)
    raise AttributeError(name)
