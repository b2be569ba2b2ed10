"""A run folder's evidence as the case that the tests of causes look at."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from ..records import Outcome, Version
from ..run.calls import Joined
from ..run.witnesses import Evidence
from . import objects
from .case import Case, Pages
from .lines import Lines


def case(
    found: Evidence,
    lines: Lines,
    plain: Sequence[object],
    outcome: Outcome,
    columns: Mapping[str, Sequence[Hashable | None]],
) -> Case:
    """``plain`` are the API server's objects; ``columns`` tell, as the audit's, whence calls came."""
    run = found.run
    return Case(
        weights=run.promise.weights,
        within=run.promise.within,
        outcome=outcome,
        decided=found.decided,
        columns=columns,
        pages=_pages(found.joined),
        calls=lines.calls,
        arrivals=lines.arrivals,
        documents=objects.read(run.documents),
        before=objects.read(run.before),
        after=None if run.after is None else objects.read(run.after),
        objects=tuple(objects.of(plain)),
        pods=run.pods,
        mesh=run.mesh or {},
        load=run.load,
        missing=run.missing,
        earlier=tuple(one.promise.weights for one in run.earlier),
        witnessed=found.seen is not None,
        budget=run.promise.budget,
    )


def _pages(joined: Joined) -> Pages:
    troubles = joined.pages["trouble"].astype(object).dropna().value_counts()
    by_version: Mapping[Version, int] = joined.by_page.as_dict()
    return Pages(
        total=len(joined.pages),
        by_version=by_version,
        troubles={str(name): int(number) for name, number in troubles.items()},
        asked_again=joined.asked_again,
        disagree=joined.disagree,
        lost=joined.lost,
    )
