"""Reading the reviews version from a page: three generations, two witnesses, and what is no page at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bookinfo_pages import GENERATIONS, Generation, Shown, body, page_of
from hypothesis import given
from hypothesis import strategies as st
from test_bookinfo_pages import CASES
from test_bookinfo_pages import page as local_page

from analyzer.pages.stars import page, thorough, version_of
from analyzer.pages.stars_oracle import page_by_parser
from analyzer.records import Doubt, Page, Trouble
from setup.local.bookinfo.spec import Generation as LocalGeneration

POD = "reviews-v3-84779c7bbc-9drws"
READERS = pytest.mark.parametrize("read", [page, page_by_parser], ids=["bytes", "parser"])
EVERY_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)
WITH_PODS = pytest.mark.parametrize("generation", ["B", "C"])
Reader = Callable[[bytes], Page]


@READERS
@EVERY_GENERATION
@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_a_healthy_page_tells_its_version(read: Reader, generation: Generation, version: str) -> None:
    pod = None if generation == "A" else f"reviews-{version}-84779c7bbc-9drws"
    assert read(page_of(version, generation)) == Page(version, pod, None, False)


@READERS
@EVERY_GENERATION
def test_failed_reviews_leave_no_version(read: Reader, generation: Generation) -> None:
    shown = Shown(generation=generation, reviews_down=True)
    assert read(body(shown)) == Page(None, None, Trouble.REVIEWS, False)


@READERS
@WITH_PODS
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_with_ratings_down_the_pod_still_tells_the_version(
    read: Reader, generation: Generation, version: str
) -> None:
    pod = f"reviews-{version}-84779c7bbc-9drws"
    got = read(page_of(version, generation, ratings_down=True))
    assert got == Page(version, pod, Trouble.RATINGS, False)


@READERS
def test_with_ratings_down_the_oldest_page_tells_no_version(read: Reader) -> None:
    assert read(page_of("v2", "A", ratings_down=True)) == Page(None, None, Trouble.RATINGS, False)


@READERS
@EVERY_GENERATION
@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_failed_details_change_nothing_but_their_own_mark(
    read: Reader, generation: Generation, version: str
) -> None:
    """Their error text is red, which makes nobody v3."""
    pod = None if generation == "A" else f"reviews-{version}-84779c7bbc-9drws"
    assert read(page_of(version, generation, details_down=True)) == Page(version, pod, None, True)


@READERS
@EVERY_GENERATION
def test_details_and_reviews_may_fail_together(read: Reader, generation: Generation) -> None:
    shown = Shown(generation=generation, reviews_down=True, details_down=True)
    assert read(body(shown)) == Page(None, None, Trouble.REVIEWS, True)


@READERS
@WITH_PODS
@pytest.mark.parametrize("colour", [None, "black", "red"])
def test_stars_and_pod_that_disagree_are_an_alarm(
    read: Reader, generation: Generation, colour: str | None
) -> None:
    pod = "reviews-v1-84779c7bbc-9drws" if colour else "reviews-v2-84779c7bbc-9drws"
    shown = Shown(generation=generation, colour=colour, pod=pod)
    expected = Page(None, pod, None, False, Doubt.DISAGREE) if colour else Page("v2", pod, None, False)
    assert read(body(shown)) == expected, "no stars at all may be ratings of zero, so only stars contradict"


@READERS
@WITH_PODS
def test_a_v1_that_misses_ratings_is_an_alarm(read: Reader, generation: Generation) -> None:
    """It never asks for any."""
    pod = "reviews-v1-84779c7bbc-9drws"
    got = read(page_of("v1", generation, ratings_down=True))
    assert got == Page(None, pod, Trouble.RATINGS, False, Doubt.DISAGREE)


@READERS
@WITH_PODS
def test_ratings_of_zero_stars_leave_the_version_to_the_pod(read: Reader, generation: Generation) -> None:
    assert read(page_of("v3", generation, stars=(0, 0))) == Page("v3", POD, None, False)


@READERS
@EVERY_GENERATION
def test_one_starred_review_is_enough(read: Reader, generation: Generation) -> None:
    assert read(page_of("v2", generation, stars=(0, 3))).version == "v2"


@READERS
@EVERY_GENERATION
def test_a_colour_that_no_version_has_is_an_alarm_without_a_pod(read: Reader, generation: Generation) -> None:
    shown = Shown(generation=generation, colour="rebeccapurple")
    assert read(body(shown)) == Page(None, None, None, False, Doubt.UNKNOWN_COLOUR)


@READERS
@WITH_PODS
@pytest.mark.parametrize(("version", "told"), [("v4", True), ("v2", False)])
def test_a_colour_of_its_own_belongs_to_a_version_of_its_own(
    read: Reader, generation: Generation, version: str, told: bool
) -> None:
    pod = f"reviews-{version}-84779c7bbc-9drws"
    got = read(body(Shown(generation=generation, colour="green", pod=pod)))
    assert got == Page("v4", pod, None, False) if told else Page(None, pod, None, False, Doubt.DISAGREE)


@READERS
@WITH_PODS
@pytest.mark.parametrize("cluster", [None, "", "cluster-east"])
def test_the_cluster_is_not_taken_for_the_pod(
    read: Reader, generation: Generation, cluster: str | None
) -> None:
    """An older reviews image names neither, and the page then says "on cluster" after an empty name."""
    unnamed = body(Shown(generation=generation, colour="red", pod="", cluster=cluster))
    named = body(Shown(generation=generation, colour="red", pod=POD, cluster=cluster))
    assert (read(unnamed), read(named)) == (Page("v3", None, None, False), Page("v3", POD, None, False))


@READERS
@WITH_PODS
def test_a_pod_of_another_name_leaves_the_version_to_the_stars(read: Reader, generation: Generation) -> None:
    shown = Shown(generation=generation, colour="black", pod="3f2a9c1b7d04")
    assert read(body(shown)) == Page("v2", "3f2a9c1b7d04", None, False)


@READERS
def test_two_pods_on_one_page_are_an_alarm(read: Reader) -> None:
    first, second = page_of("v3").split(b"</section>", 1)
    mixed = first + b"</section>" + second.replace(b"-9drws", b"-other")
    assert read(mixed) == Page(None, POD, None, False, Doubt.DISAGREE)


@READERS
@EVERY_GENERATION
def test_two_colours_on_one_page_are_an_alarm(read: Reader, generation: Generation) -> None:
    text = page_of("v3", generation)
    last = max(text.rfind(b'"red"'), text.rfind(b"text-red-"))
    mixed = text[:last] + text[last:].replace(b"red", b"black", 1)
    got = read(mixed)
    assert (got.version, got.doubt) == (None, Doubt.DISAGREE)


@READERS
@pytest.mark.parametrize(("colour", "version"), [("black", "v2"), ("red", "v3")])
def test_lines_kept_by_grep_are_a_page_too(read: Reader, colour: str, version: str) -> None:
    """``curl … | grep color`` keeps no more than this of the oldest page."""
    line = f'        <font color="{colour}">\n'.encode()
    assert read(line * 2) == Page(version, None, None, False)


@READERS
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00\xff\xfe",
        b"no healthy upstream",
        b"upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        b"<html><body><h1>404 Not Found</h1></body></html>",
        b'<p class="text-red-500">red black</p>',
    ],
)
def test_the_gateways_own_words_are_no_page(read: Reader, text: bytes) -> None:
    assert read(text) == Page(None, None, Trouble.NOT_A_PAGE, False)


@READERS
@EVERY_GENERATION
def test_a_page_cut_before_its_second_review_is_not_v1(read: Reader, generation: Generation) -> None:
    text = page_of("v1", generation)
    cut = text[: text.index(b"</blockquote>")]
    assert read(cut) == Page(None, None, Trouble.NOT_A_PAGE, False)


@pytest.mark.parametrize(
    ("pod", "version"),
    [
        ("reviews-v3-84779c7bbc-9drws", "v3"),
        ("reviews-v3-canary-84779c7bbc-9drws", "v3-canary"),
        ("reviews-v1.2-84779c7bbc-9drws", "v1.2"),
        ("reviews-v2-0", "v2"),
        ("reviews-v2", None),
        ("reviews", None),
        ("reviews--", None),
        ("ratings-v1-84779c7bbc-9drws", None),
        ("my-reviews-v1-84779c7bbc-9drws", None),
    ],
)
def test_a_pods_name_holds_its_version(pod: str, version: str | None) -> None:
    assert version_of(pod) == version


EXPECTED = {
    "v1": ("v1", None),
    "v2": ("v2", None),
    "v3": ("v3", None),
    "reviews-down": (None, Trouble.REVIEWS),
    "ratings-down": ("v2", Trouble.RATINGS),
    "details-down": ("v2", None),
}


@READERS
@pytest.mark.parametrize("generation", list(LocalGeneration))
@pytest.mark.parametrize("case", CASES)
def test_the_pages_of_the_local_mesh_say_what_they_are(
    read: Reader, generation: LocalGeneration, case: str
) -> None:
    version, trouble = EXPECTED[case]
    if trouble is Trouble.RATINGS and generation is LocalGeneration.A:
        version = None  # it shows no pod
    got = read(local_page(generation, case))
    assert (got.version, got.trouble, got.doubt) == (version, trouble, None)
    assert got.details_trouble == (case == "details-down")
    assert (got.pod is None) == (generation is LocalGeneration.A or case == "reviews-down")


SHOWN = st.builds(
    Shown,
    generation=st.sampled_from(GENERATIONS),
    colour=st.sampled_from([None, "black", "red", "green"]),
    pod=st.sampled_from(["", POD, "reviews-v1-0", "reviews-v4-84779c7bbc-9drws", "on", "host", "Bad_Name"]),
    cluster=st.sampled_from([None, "", "cluster-east"]),
    stars=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    reviews_down=st.booleans(),
    ratings_down=st.booleans(),
    details_down=st.booleans(),
    filler=st.integers(0, 3),
)


@given(SHOWN)
def test_both_readers_agree_on_every_well_formed_page(shown: Shown) -> None:
    text = body(shown)
    assert page(text) == page_by_parser(text)


@given(SHOWN, st.data())
def test_a_damaged_page_is_read_without_an_error_and_says_why_it_tells_nothing(
    shown: Shown, data: st.DataObject
) -> None:
    text = body(shown)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.binary(max_size=20)) + text[end:]
    for got in (page(damaged), page_by_parser(damaged)):
        assert got.version or got.trouble or got.doubt
        assert not (got.version and got.doubt)


ANCHORS = [
    b'<font color="',
    b'"',
    b'class="flex gap-x-1 text-',
    b'-500"',
    b"red",
    b"Reviews served by:",
    b"</dt>",
]
ANCHORS += [
    b"<u>",
    b"on",
    b" cluster",
    b"</blockquote>",
    b">Error fetching product ",
    b"reviews<",
    b"<",
    b"\n",
]


@given(st.lists(st.sampled_from(ANCHORS)))
def test_loose_anchors_are_read_without_an_error(anchors: list[bytes]) -> None:
    page(b"".join(anchors))


PIECES = [*ANCHORS, b"reviews-v3-84779c7bbc-9drws", b"black", b" " * 30, b"." * 170]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_the_quick_glance_sees_what_the_thorough_one_sees(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    assert page(body) == thorough(body)


@given(SHOWN)
def test_the_quick_glance_suffices_for_every_well_formed_page(shown: Shown) -> None:
    assert page(body(shown)) == thorough(body(shown))
