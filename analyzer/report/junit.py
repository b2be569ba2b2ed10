"""The judgement as JUnit XML: one test case a claim, so that any CI shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from .. import harmless
from ..judgement import Judgement
from ..records import Outcome
from . import text
from .figures import percent, span


class _Case(NamedTuple):
    """One claim: what was said, and what was found, with value and interval."""

    kind: str
    name: str
    outcome: Outcome
    message: str


def report(judgement: Judgement) -> str:
    """``undecided`` is an error: nothing was shown either way. The first case has the whole report."""
    cases = list(_cases(judgement))
    suite = ElementTree.Element(
        "testsuite",
        name="weighbridge",
        tests=str(len(cases)),
        failures=str(sum(case.outcome is Outcome.FAIL for case in cases)),
        errors=str(sum(case.outcome is Outcome.UNDECIDED for case in cases)),
        skipped="0",
    )
    for number, case in enumerate(cases):
        element = ElementTree.SubElement(
            suite, "testcase", classname=f"weighbridge.{case.kind}", name=_printable(case.name)
        )
        details = case.message if number else f"{case.message}\n\n{text.report(judgement)}"
        if case.outcome is Outcome.PASS:
            ElementTree.SubElement(element, "system-out").text = _printable(details)
        else:
            tag = "failure" if case.outcome is Outcome.FAIL else "error"
            ElementTree.SubElement(element, tag, message=_printable(case.message)).text = _printable(details)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cases(judgement: Judgement) -> Iterator[_Case]:
    promise, split = judgement.run.promise, judgement.split
    seen = ", ".join(f"{one.version} {percent(one.seen)} ({span(one.interval)})" for one in judgement.shares)
    name = f"{promise.weights} within {promise.within:g} points at alpha {promise.alpha:g}"
    yield _Case("split", name, split.outcome, f"{split.reason} Seen: {seen}.")
    for claim in judgement.claims:
        yield _Case("claim", claim.text, claim.outcome, claim.reason)
    if judgement.objections and split.outcome is not Outcome.FAIL:
        told = "; ".join(judgement.objections)
        yield _Case("evidence", "there is enough to believe a pass", Outcome.UNDECIDED, told)


def _printable(words: str) -> str:
    """XML 1.0 has no place for control characters, which an error's text may hold."""
    return harmless.text(words)
