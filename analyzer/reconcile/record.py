"""What laying the witnesses side by side came to, as one record: reports and diagnosis are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..records import Version
from .causes import Cause

EXAMPLES = 3
"""How many requests a class names, by ``worker.seq`` of their tags: for ``weighbridge trace``."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What one of them kept: all ``records`` are ``before_gate``, ``foreign`` or ``reconciled``."""

    name: str
    records: int
    before_gate: int
    foreign: int

    @property
    def reconciled(self) -> int:
        return self.records - self.before_gate - self.foreign


@dataclass(frozen=True, slots=True)
class Difference:
    """One class of a step; ``change`` is how many records more (or fewer) it makes at the later witness."""

    cause: Cause
    change: int
    requests: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """From one witness's count to another's: ``before`` and all changes together are ``after``."""

    source: str
    target: str
    before: int
    after: int
    differences: tuple[Difference, ...]

    @property
    def residue(self) -> int:
        """Records that nothing explains, whichever side has them."""
        return sum(abs(one.change) for one in self.differences if one.cause is Cause.RESIDUE)

    @property
    def adds_up(self) -> bool:
        return self.before + sum(one.change for one in self.differences) == self.after


@dataclass(frozen=True, slots=True)
class Class:
    """How many requests are in it; each one is in exactly one."""

    cause: Cause
    requests: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    """One version from the calls that the proxies made to the pages that show it.

    ``changes`` are signed, in the order of ``Cause``: calls and changes together are ``pages``. ``failed``
    calls got no answer or an error.
    """

    version: Version
    calls: int
    failed: int
    changes: Mapping[Cause, int]
    pages: int


@dataclass(frozen=True, slots=True)
class Count:
    """What telemetry counted of one version beside what the log holds, lines that are lost included."""

    reporter: str
    version: Version
    logged: int
    missing: int
    counted: int

    @property
    def residue(self) -> int:
        return self.counted - self.logged - self.missing


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All witnesses of one run. ``classes`` are in the order of ``causes.PRECEDENCE``, none of them empty."""

    witnesses: tuple[Witness, ...]
    steps: tuple[Step, ...]
    classes: tuple[Class, ...]
    versions: tuple[Crossing, ...]
    telemetry: tuple[Count, ...] = ()
    telemetry_source: str | None = None

    @property
    def requests(self) -> int:
        return sum(one.requests for one in self.classes)

    @property
    def residue(self) -> int:
        """Records that nothing explains, over all steps and what telemetry counted."""
        return sum(step.residue for step in self.steps) + sum(abs(one.residue) for one in self.telemetry)

    @property
    def adds_up(self) -> bool:
        return all(step.adds_up for step in self.steps) and all(
            one.calls + sum(one.changes.values()) == one.pages for one in self.versions
        )

    def of(self, cause: Cause) -> int:
        """How many requests are in the class."""
        return sum(one.requests for one in self.classes if one.cause is cause)

    def as_dict(self) -> dict[str, Any]:
        found = asdict(self)
        for kept, witness in zip(found["witnesses"], self.witnesses, strict=True):
            kept["reconciled"] = witness.reconciled
        for kept, count in zip(found["telemetry"], self.telemetry, strict=True):
            kept["residue"] = count.residue
        for kept in found["versions"]:
            kept["changes"] = {str(cause): change for cause, change in kept["changes"].items()}
        return {**found, "requests": self.requests, "residue": self.residue, "adds_up": self.adds_up}
