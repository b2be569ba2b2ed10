"""The judgement as JUnit XML: one test case a claim, so that any CI shows it."""

from __future__ import annotations

from xml.etree import ElementTree

from ..judgement import Judgement
from ..records import Outcome
from . import sentences, text


def report(judgement: Judgement) -> str:
    """One case for the split; ``undecided`` is an error, because nothing was shown either way."""
    failed = judgement.outcome is Outcome.FAIL
    undecided = judgement.outcome is Outcome.UNDECIDED
    suite = ElementTree.Element(
        "testsuite",
        name="weighbridge",
        tests="1",
        failures=str(int(failed)),
        errors=str(int(undecided)),
        skipped="0",
    )
    promise = judgement.run.promise
    name = f"{promise.weights} within {promise.within:g} points at alpha {promise.alpha:g}"
    case = ElementTree.SubElement(suite, "testcase", classname="weighbridge.split", name=name)
    if failed or undecided:
        tag = "failure" if failed else "error"
        message = _printable(sentences.headline(judgement))
        ElementTree.SubElement(case, tag, message=message).text = _printable(text.report(judgement))
    else:
        ElementTree.SubElement(case, "system-out").text = _printable(text.report(judgement))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(words: str) -> str:
    """XML 1.0 has no place for control characters, which an error's text may hold."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in words)
