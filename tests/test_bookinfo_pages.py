"""Bookinfo's pages: byte-true in size, and with the marks by which versions and troubles are told."""

from __future__ import annotations

import re
from itertools import product

import pytest
from bookinfo_process import pod_name
from bs4 import BeautifulSoup

from setup.local.bookinfo import details
from setup.local.bookinfo.messages import Reply, Request
from setup.local.bookinfo.pages import Pages, pad
from setup.local.bookinfo.reviews import Reviews
from setup.local.bookinfo.spec import BookinfoPod, Generation, Timeouts

A, B, C = Generation
RATINGS = b'{"id":0,"ratings":{"Reviewer1":5,"Reviewer2":4}}'
DOWN = Reply(500, b"")
NAME = len(pod_name("reviews", "v1"))
CASES = ("v1", "v2", "v3", "reviews-down", "ratings-down", "details-down")
SIZES = {
    A: (4183, 5183, 5179, 3889, 4363, 5063),
    B: (4267 + NAME, 5267 + NAME, 5263 + NAME, 3889, 4447 + NAME, 5147 + NAME),
    C: (9375 + 2 * NAME, 15018 + 2 * NAME, 15014 + 2 * NAME, 7712, 9615 + 2 * NAME, 13473 + 2 * NAME),
}
SIZE_TABLE = [(g, case, size) for g in Generation for case, size in zip(CASES, SIZES[g], strict=True)]
PARSERS = ("html.parser", "lxml")
EACH = list(product(PARSERS, Generation))


def details_reply() -> Reply:
    request = Request(b"GET", b"/details/0", b"", [], b"", keep_alive=True)
    return Reply(200, details.answer(request).body)


def reviews_reply(generation: Generation, version: str, ratings: bytes | None = RATINGS) -> Reply:
    pod = BookinfoPod(pod_name("reviews", version), "reviews", version, ("127.0.0.1", 0), ("127.0.0.1", 0))
    reviews = Reviews(pod, generation, Timeouts(), client=None)
    return Reply(200, reviews.about(0, ratings).body)


def page(generation: Generation, case: str, user: str = "") -> bytes:
    found = DOWN if case == "details-down" else details_reply()
    if case == "reviews-down":
        reviews = DOWN
    elif case == "ratings-down":
        reviews = reviews_reply(generation, "v2", None)
    else:
        reviews = reviews_reply(generation, "v2" if case == "details-down" else case)
    return Pages(generation).product(found, reviews, user).body


def soup(generation: Generation, case: str, parser: str = "lxml") -> BeautifulSoup:
    return BeautifulSoup(page(generation, case), parser)


def colours(found: BeautifulSoup, generation: Generation) -> list[str]:
    if generation is C:
        rows = found.select('div.flex.gap-x-1[class*="text-"]')
        return [re.search(r"text-(\w+)-500", " ".join(row["class"]))[1] for row in rows]
    return [font["color"] for font in found.select("blockquote font[color]")]


@pytest.mark.parametrize(("generation", "case", "size"), SIZE_TABLE)
def test_a_page_is_as_long_as_the_real_one(generation: Generation, case: str, size: int) -> None:
    assert len(page(generation, case)) == size


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_details_down_shortens_every_version_alike(generation: Generation, version: str) -> None:
    def length(found: Reply) -> int:
        return len(Pages(generation).product(found, reviews_reply(generation, version), "").body)

    assert length(details_reply()) - length(DOWN) == (1545 if generation is C else 120)


@pytest.mark.parametrize(("full", "empty"), [(1, 4), (3, 2), (5, 0)])
def test_each_star_of_generation_c_has_its_real_length(full: int, empty: int) -> None:
    """A full star is 525 bytes of the real page, an empty one 634, the rest of a review's stars 142."""
    ratings = b'{"ratings":{"Reviewer1":%d,"Reviewer2":0}}' % full
    with_stars = Pages(C).product(details_reply(), reviews_reply(C, "v2", ratings), "").body
    without = Pages(C).product(details_reply(), reviews_reply(C, "v1"), "").body
    nothing_but_the_space_of_two_tests = 26  # a rating of 0 stars prints two empty lines
    stars = len(with_stars) - len(without) - nothing_but_the_space_of_two_tests
    assert stars == 142 + 525 * full + 634 * empty


@pytest.mark.parametrize(("parser", "generation"), EACH)
@pytest.mark.parametrize(("version", "colour"), [("v1", []), ("v2", ["black"] * 2), ("v3", ["red"] * 2)])
def test_the_colour_stands_twice_on_a_page(
    parser: str, generation: Generation, version: str, colour: list[str]
) -> None:
    assert colours(soup(generation, version, parser), generation) == colour


@pytest.mark.parametrize(("parser", "generation"), EACH)
@pytest.mark.parametrize(("version", "full", "empty"), [("v1", 0, 0), ("v2", 9, 1), ("v3", 9, 1)])
def test_nine_stars_are_full_and_one_is_empty(
    parser: str, generation: Generation, version: str, full: int, empty: int
) -> None:
    found = soup(generation, version, parser)
    if generation is C:
        rows = found.select("div.flex.gap-x-1 svg")
        stars = found.select('svg[id="glyphicon glyphicon-star"]')
        assert (len(stars), len(rows) - len(stars)) == (full, empty)
    else:
        counts = len(found.select(".glyphicon-star")), len(found.select(".glyphicon-star-empty"))
        assert counts == (full, empty)


@pytest.mark.parametrize(("parser", "generation"), EACH)
def test_two_reviews_are_shown_unless_reviews_is_down(parser: str, generation: Generation) -> None:
    counts = {case: len(soup(generation, case, parser).select("blockquote")) for case in CASES}
    assert counts == {case: 0 if case == "reviews-down" else 2 for case in CASES}
    if generation is C:
        assert len(soup(C, "v1", parser).select("section")) == 2


@pytest.mark.parametrize("parser", PARSERS)
def test_the_pod_is_named_never_in_a_once_in_b_and_per_review_in_c(parser: str) -> None:
    name = pod_name("reviews", "v2")
    assert "served by" not in soup(A, "v2", parser).text
    [pod] = soup(B, "v2", parser).select('dt:-soup-contains("Reviews served by") + u')
    assert pod.text == name
    served = [div.text.partition(":")[2].strip() for div in soup(C, "v2", parser).select("div.font-mono")]
    assert served == [name, name]


@pytest.mark.parametrize(
    ("case", "old", "new"),
    [
        (
            "reviews-down",
            '<h4 class="text-center text-primary">Error fetching product reviews!</h4>',
            '<p class="text-2xl text-red-500">Error fetching product reviews</p>',
        ),
        (
            "reviews-down",
            "<p>Sorry, product reviews are currently unavailable for this book.</p>",
            '<p class="text-lg text-gray-600">Sorry, product reviews are currently unavailable',
        ),
        (
            "details-down",
            "Error fetching product details!",
            '<p class="text-2xl text-red-500">Error fetching product details</p>',
        ),
        (
            "details-down",
            "Sorry, product details are currently unavailable for this book.",
            "Sorry, product details are currently unavailable for this book.",
        ),
    ],
)
def test_what_is_down_is_said_in_the_words_of_the_real_page(case: str, old: str, new: str) -> None:
    assert [old in page(generation, case).decode() for generation in (A, B)] == [True, True]
    assert new in page(C, case).decode()


def test_ratings_down_is_said_once_a_review() -> None:
    old = "<p><i>Ratings service is currently unavailable</i></p>"
    new = '<p class="text-red-500">Ratings service is currently unavailable</p>'
    counts = [page(g, "ratings-down").decode().count(text) for g, text in ((A, old), (B, old), (C, new))]
    assert counts == [2, 2, 2]


def test_in_generation_c_red_alone_does_not_mean_v3() -> None:
    assert b"text-red-500" in page(C, "details-down")
    assert b"text-red-500" in page(C, "ratings-down")
    assert colours(soup(C, "details-down"), C) == ["black", "black"]
    assert colours(soup(C, "ratings-down"), C) == []


def test_generation_c_leaves_an_attribute_open_before_the_reviews() -> None:
    assert b'<div class="container mx-auto px-4 sm:px-6 lg:px-8>\n' in page(C, "v1")


@pytest.mark.parametrize("generation", Generation)
def test_zero_stars_show_no_colour(generation: Generation) -> None:
    none = reviews_reply(generation, "v3", b'{"ratings":{"Reviewer1":0,"Reviewer2":0}}')
    body = Pages(generation).product(details_reply(), none, "").body
    assert colours(BeautifulSoup(body, "lxml"), generation) == []


@pytest.mark.parametrize("generation", [B, C])
def test_reviews_of_an_older_image_name_no_pod_but_a_cluster(generation: Generation) -> None:
    body = Pages(generation).product(details_reply(), reviews_reply(A, "v1"), "").body
    served = re.sub(r"<[^>]+>|\s+", " ", body.decode().partition("Reviews served by:")[2]).split()
    assert served[:2] == ["on", "cluster"]


@pytest.mark.parametrize("generation", Generation)
def test_the_user_is_named_and_escaped(generation: Generation) -> None:
    body = page(generation, "v1", user="<b>jason</b>")
    assert b"&lt;b&gt;jason&lt;/b&gt;" in body
    assert b"<b>jason</b>" not in body


def test_equal_answers_are_rendered_once() -> None:
    pages = Pages(C)
    first = pages.product(details_reply(), reviews_reply(C, "v2"), "")
    assert pages.product(details_reply(), reviews_reply(C, "v2"), "") is first


def test_no_page_is_made_of_a_200_without_json() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        Pages(C).product(details_reply(), Reply(200, b"upstream says hello"), "")


def test_a_comment_has_at_least_seven_bytes() -> None:
    assert [len(pad(size)) for size in (7, 8, 100)] == [7, 8, 100]
    with pytest.raises(ValueError, match="no comment has 6 bytes"):
        pad(6)
