"""Which calls failed, and when: by version, by the answer's code, and by Envoy's flags with their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..access_log.flags import meaning
from ..records import Version


@dataclass(frozen=True, slots=True)
class Failure:
    """So many calls of one version ended alike. Code 0 is no answer; flags are empty where Envoy set none.

    ``first`` and ``last`` are when the earliest and the latest of them began, in Unix seconds.
    """

    version: Version
    code: int
    flags: str
    calls: int
    first: float
    last: float

    @property
    def meaning(self) -> str:
        """In words; the service's own answer where Envoy has nothing to say of it."""
        return meaning(self.flags) or ("no answer was begun" if not self.code else "the service answered so")

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "code": self.code,
            "flags": self.flags,
            "meaning": self.meaning,
            "calls": self.calls,
            "first": self.first,
            "last": self.last,
        }


def failures(calls: pd.DataFrame) -> tuple[Failure, ...]:
    """Every kind of call that was not answered with 200, the commonest first; ``calls`` as in ``Joined``."""
    bad = calls[calls["code"] != 200]
    kinds = bad.groupby(["version", "code", "flags"], sort=False)["start"].agg(["size", "min", "max"])
    found = [
        Failure(version, int(code), flags, int(size), float(first), float(last))
        for (version, code, flags), size, first, last in kinds.itertuples(name=None)
    ]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.version, one.code, one.flags)))
