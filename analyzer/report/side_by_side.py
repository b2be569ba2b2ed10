"""The witnesses side by side as rows of text, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..reconcile.causes import MEANINGS, Cause
from ..reconcile.record import Crossing, Reconciliation
from .figures import count, many, percent

Row = Sequence[str]

WITNESSES = ("witness", "records", "before the gate", "other clients", "reconciled")
STEPS = ("", "records", "why", "for example")
CLASSES = ("class", "requests", "what happened", "for example")
TELEMETRY = ("reporter", "version", "logged", "lines missing", "counted", "unexplained")


def words(cause: Cause) -> str:
    """``app retry`` of ``app-retry``."""
    return cause.value.replace("-", " ")


def witnesses(found: Reconciliation) -> Iterator[Row]:
    for one in found.witnesses:
        yield one.name, *map(count, (one.records, one.before_gate, one.foreign, one.reconciled))


def steps(found: Reconciliation) -> Iterator[Row]:
    """Each witness's count, and between two of them every class that makes the one of the other."""
    shown: set[str] = set()
    for step in found.steps:
        if step.source not in shown:
            yield step.source, count(step.before), "", ""
        shown |= {step.source, step.target}
        for one in step.differences:
            yield f"  {words(one.cause)}", f"{one.change:+,d}", MEANINGS[one.cause], " ".join(one.examples)
        told = "" if step.residue == 0 else f"{many(step.residue, 'record')} unexplained"
        yield step.target, count(step.after), told, ""


def classes(found: Reconciliation) -> Iterator[Row]:
    for one in found.classes:
        yield words(one.cause), count(one.requests), MEANINGS[one.cause], " ".join(one.examples)


def crossing_head(found: Reconciliation) -> Row:
    return ("version", "calls", *(words(cause) for cause in _causes(found)), "pages", "of calls", "of pages")


def crossings(found: Reconciliation) -> Iterator[Row]:
    """What became of each version's calls on their way to the pages, and its share at both ends."""
    calls, pages = (sum(getattr(one, name) for one in found.versions) for name in ("calls", "pages"))
    for one in found.versions:
        changes = (_signed(one, cause) for cause in _causes(found))
        shares = percent(one.calls / calls if calls else None), percent(one.pages / pages if pages else None)
        yield one.version, count(one.calls), *changes, count(one.pages), *shares


def telemetry(found: Reconciliation) -> Iterator[Row]:
    for one in found.telemetry:
        yield (
            one.reporter,
            one.version,
            *map(count, (one.logged, one.missing, one.counted)),
            f"{one.residue:+,d}" if one.residue else "0",
        )


def facts(found: Reconciliation) -> Iterator[str]:
    """What is worth a sentence: that all adds up, or by how much it does not."""
    if found.residue:
        yield f"side by side: {many(found.residue, 'record')} that nothing explains"
    elif any(step.differences for step in found.steps):
        requests = many(found.requests, "request")
        yield f"side by side: {requests}, each in one class, and no difference is left unexplained"
    if found.telemetry and found.telemetry_source:
        agree = all(one.logged + one.missing == one.counted for one in found.telemetry)
        told = "counted what the proxies logged" if agree else "counted otherwise than the proxies logged"
        yield f"side by side: telemetry ({found.telemetry_source}) {told}"


def is_plain(found: Reconciliation) -> bool:
    """Whether there is nothing to tell: one record of each request at each witness, and none of others."""
    return {one.cause for one in found.classes} <= {Cause.ONE_TO_ONE} and not found.residue


def _causes(found: Reconciliation) -> list[Cause]:
    return [cause for cause in Cause if any(cause in one.changes for one in found.versions)]


def _signed(one: Crossing, cause: Cause) -> str:
    change = one.changes.get(cause, 0)
    return f"{change:+,d}" if change else ""
