"""Which calls failed: by version, by the answer's code, and by Envoy's flags with their meaning."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..access_log.flags import meaning
from ..records import Version


@dataclass(frozen=True, slots=True)
class Failure:
    """So many calls of one version ended alike. Code 0 is no answer; flags are empty where Envoy set none."""

    version: Version
    code: int
    flags: str
    calls: int

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
        }


def failures(calls: pd.DataFrame) -> tuple[Failure, ...]:
    """Every kind of call that was not answered with 200, the commonest first; ``calls`` as in ``Joined``."""
    bad = calls[calls["code"] != 200]
    kinds = Counter(zip(bad["version"], bad["code"], bad["flags"], strict=True))
    found = [Failure(version, int(code), flags, n) for (version, code, flags), n in kinds.items()]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.version, one.code, one.flags)))
