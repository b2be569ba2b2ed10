"""Worlds whose truth is known: every difference between the witnesses is put into the class it comes from."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reconcile_worlds import LIVE, TO_CALLS, TO_PRODUCTPAGE, TO_REVIEWS, Call, Story, World, told

from analyzer.reconcile.causes import Cause
from analyzer.reconcile.record import Count, Crossing, Reconciliation
from analyzer.reconcile.telemetry import Series, Telemetry

MIRROR = """
kind: VirtualService
spec:
  http:
  - route:
    - {destination: {host: reviews, subset: v2}, weight: 50}
    - {destination: {host: reviews, subset: v3}, weight: 50}
    %s
"""
PLAIN = MIRROR % ""
RETRIES = MIRROR % "retries: {attempts: 2, retryOn: 5xx}"
MIRRORED = MIRROR % "mirror: {host: reviews, subset: v1}"
BOTH = MIRROR % "retries: {attempts: 2, retryOn: 5xx}\n    mirror: {host: reviews, subset: v1}"


def world(*stories: Story, documents: str = PLAIN) -> World:
    made = World(documents)
    for seq, story in enumerate(stories):
        made.add(seq, story)
    return made


@st.composite
def calls(draw: st.DrawFn, documents: str) -> Call:
    failed = draw(st.booleans())
    tries: tuple[int, ...] = (503,) if failed else (200,)
    if documents in (RETRIES, BOTH):
        tries = (503, 503, 503) if failed else draw(st.sampled_from([(200,), (503, 200), (503, 503, 200)]))
    if failed and draw(st.integers(0, 5)) == 0:
        tries = ()
    copies = draw(st.sampled_from([200, 200, 503])) if documents in (MIRRORED, BOTH) and tries else 0
    return Call(draw(st.sampled_from(["v2", "v3"])), tries, (("v1", copies),) if copies else ())


@st.composite
def stories(draw: st.DrawFn, documents: str) -> Story:
    ends = draw(st.sampled_from(["page"] * 12 + ["colourless", "gave-up", "503", "500", "refused", "unread"]))
    one = draw(calls(documents))
    asked = (one, draw(calls(documents))) if one.failed else (one,)
    if ends == "colourless" and asked[-1].failed:
        ends = "page"
    return Story(asked, ends, early=draw(st.integers(0, 9)) == 0)


@st.composite
def with_losses(draw: st.DrawFn, documents: str) -> Story:
    """At most one line of a request is missing, and the others tell what it said."""
    story = draw(stories(documents))
    if story.ends in ("refused", "unread") or story.early or draw(st.booleans()):
        return story
    lost = draw(st.sampled_from(["gateway", "productpage", "line", "arrival"]))
    if lost == "gateway" and story.ends not in ("503", "500", "gave-up"):
        return replace(story, gateway=False)
    if lost == "productpage" and story.ends != "503":
        return replace(story, productpage=False)
    if story.ends not in ("page", "colourless"):
        return story
    which = draw(st.integers(0, len(story.calls) - 1))
    one = story.calls[which]
    same = len({call.version for call in story.calls}) < len(story.calls)
    if lost == "line" and (which == len(story.calls) - 1 or not same or documents in (PLAIN, MIRRORED)):
        if not one.tries:
            return story  # a call that was never delivered leaves no trace without its line
        asked = (*story.calls[:which], replace(one, line=False), *story.calls[which + 1 :])
        return replace(story, calls=asked)
    if lost == "arrival" and one.tries and (not one.failed or len(one.tries) == 1) and not same:
        return replace(
            story, calls=(*story.calls[:which], replace(one, arrival=False), *story.calls[which + 1 :])
        )
    return story


worlds = st.sampled_from([PLAIN, RETRIES, MIRRORED, BOTH]).flatmap(
    lambda documents: st.tuples(st.just(documents), st.lists(with_losses(documents), max_size=12))
)


@settings(max_examples=25)
@given(worlds, st.integers(3, 5), st.randoms())
def test_every_difference_is_in_the_class_it_comes_from(
    drawn: tuple[str, list[Story]], others: int, random: Random
) -> None:
    documents, told_stories = drawn
    made = world(*told_stories, documents=documents)
    for number in range(others):
        made.foreign(number)
    for written in made.logs.values():
        random.shuffle(written)
    random.shuffle(made.rows)
    found = made.reconciled()
    assert told(found) == made.changes
    assert {one.cause: one.requests for one in found.classes} == +made.classes
    assert (found.residue, found.adds_up) == (0, True)
    assert found.requests == len(told_stories) + others


def found(*stories: Story, documents: str = PLAIN) -> Reconciliation:
    """With three requests of other clients, so that no log is empty."""
    made = world(*stories, documents=documents)
    for number in range(3):
        made.foreign(number)
    return made.reconciled()


def crossing(found: Reconciliation, version: str) -> Crossing:
    (one,) = (one for one in found.versions if one.version == version)
    return one


def test_one_record_at_each_witness_leaves_nothing_to_explain() -> None:
    plain = found(*[Story()] * 4)
    assert [one.reconciled for one in plain.witnesses] == [4] * 5
    assert [one.foreign for one in plain.witnesses] == [0, 3, 3, 3, 3]
    assert not any(step.differences for step in plain.steps)


def test_a_version_that_fails_loses_pages_to_the_others_call_by_call() -> None:
    """Of 10 calls to each version 2 of v2 fail; all are asked again, and draw evenly."""
    failed = Call("v2", (503,))
    stories = [Story((Call("v2"),))] * 7 + [Story((Call("v3"),))] * 9
    stories += [Story((failed, Call("v2"))), Story((failed, Call("v3")))]
    biased = found(*stories)
    assert crossing(biased, "v2") == Crossing("v2", 10, 2, {Cause.APP_RETRY: -2}, 8)
    assert crossing(biased, "v3") == Crossing("v3", 10, 0, {}, 10)
    shares = [one.pages / 18 for one in biased.versions]
    assert shares == pytest.approx([4 / 9, 5 / 9]), "55.6 to 44.4 on pages, though the proxies split evenly"


def test_a_page_that_shows_another_version_than_was_called_is_an_alarm() -> None:
    odd = found(Story((Call("v2"),), shows="v3"), Story())
    assert odd.of(Cause.OTHER_VERSION) == 1
    assert crossing(odd, "v2").changes == {Cause.OTHER_VERSION: -1}
    assert crossing(odd, "v3").changes == {Cause.OTHER_VERSION: 1}


def test_what_nothing_explains_is_named_as_such() -> None:
    """A copy that arrived although no document makes one, and a call that followed no error."""
    odd = found(Story((Call("v2", copies=(("v2", 200),)),)), Story((Call("v2"), Call("v3"))), Story())
    assert (odd.residue, odd.of(Cause.RESIDUE), odd.adds_up) == (2, 2, True)


def test_a_line_that_was_due_after_the_last_one_of_its_log_is_late_and_no_hole() -> None:
    made = world(*[Story()] * 9)
    made.logs["v2"] = [one for one in made.logs["v2"] if one[0] < LIVE + 7]
    late = made.reconciled()
    assert told(late) == {(TO_REVIEWS, Cause.LATE_LINE, -1): -3}
    made.logs["v2"] = []
    assert told(made.reconciled()) == {}, "of no reviews pod there is a log at all, so nothing can be missing"


def test_a_version_without_a_log_of_its_own_is_not_taken_for_lost() -> None:
    made = world(Story((Call("v2"),)), Story((Call("v3"),)))
    made.logs["v3"] = []
    assert told(made.reconciled()) == {(TO_REVIEWS, Cause.NO_LOG, -1): -1}


def test_a_place_whose_logs_are_not_at_hand_is_left_out() -> None:
    made = world(Story((Call("v2", (503,)), Call("v3"))), Story())
    made.logs["gateway"] = []
    seen = made.reconciled()
    assert [step.target for step in seen.steps[:-1]] == [TO_PRODUCTPAGE, TO_CALLS, TO_REVIEWS]
    assert told(seen) == {(TO_CALLS, Cause.APP_RETRY, 1): 1}


def test_examples_name_requests_by_their_tags() -> None:
    seen = found(Story(), *[Story((Call("v2", (503,)), Call("v3")))] * 5)
    (step,) = (step for step in seen.steps if step.target == TO_CALLS)
    assert step.differences[0].examples == ("0.1", "0.2", "0.3")


def counted(*series: tuple[str, str, int, int]) -> Telemetry:
    after = {
        Series(reporter, "productpage", "reviews.default.svc.cluster.local", version, code): count
        for reporter, version, code, count in series
    }
    return Telemetry("http://127.0.0.1:9090", 0.0, 1.0, {}, after)


def test_telemetry_counts_what_the_proxies_logged_and_the_lines_that_are_lost() -> None:
    made = world(Story(), Story((Call("v2", line=False),)), Story((Call("v2", arrival=False),)))
    made.foreign(2)
    right = counted(("source", "v2", 200, 3), ("destination", "v2", 200, 3), ("source", "v3", 200, 1))
    assert made.reconciled(right).telemetry == (
        Count("source", "v2", 2, 1, 3),
        Count("source", "v3", 1, 0, 1),
        Count("destination", "v2", 2, 1, 3),
        Count("destination", "v3", 1, 0, 0),
    )


def test_what_telemetry_alone_counted_is_residue() -> None:
    made = world(Story(), Story())
    more = counted(("source", "v2", 200, 5), ("destination", "v2", 200, 2))
    assert (made.reconciled(more).residue, made.reconciled(counted()).residue) == (3, 4)
