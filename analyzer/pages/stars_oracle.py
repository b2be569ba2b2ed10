"""The slow truth about a page: the same signs from a parsed document, to hold the fast reader against."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bs4 import BeautifulSoup, Tag

from ..records import Page, Trouble
from .stars import POD, REVIEWS, decide

_COLOUR_CLASS = re.compile(r"text-(.+)-500")


def page_by_parser(body: bytes) -> Page:
    """Read one body as ``stars.page`` does, some thousand times slower. Never raises either."""
    soup = BeautifulSoup(body.decode("utf-8", "replace"), "lxml")
    headings = {element.get_text(strip=True).rstrip("!") for element in soup.select("h4, p")}
    details_down = "Error fetching product details" in headings
    colours = _distinct([*_modern_colours(soup), *_old_colours(soup)])
    if "Error fetching product reviews" in headings:
        return decide(colours, (), Trouble.REVIEWS, details_down)
    trouble = None
    if not colours and "Ratings service is currently unavailable" in headings:
        trouble = Trouble.RATINGS
    elif not colours and len(soup.find_all("blockquote")) < REVIEWS:
        trouble = Trouble.NOT_A_PAGE
    return decide(colours, _distinct(_pods(soup)), trouble, details_down)


def _modern_colours(soup: BeautifulSoup) -> Iterable[str]:
    for stars in soup.select("div.flex.gap-x-1"):
        for word in stars.get_attribute_list("class"):
            if match := _COLOUR_CLASS.fullmatch(str(word)):
                yield match[1]


def _old_colours(soup: BeautifulSoup) -> Iterable[str]:
    return (str(stars["color"]) for stars in soup.select("font[color]"))


def _pods(soup: BeautifulSoup) -> Iterable[str]:
    """Second generation: the first underlined word after the term; third: the first word after the colon."""
    for term in soup.find_all("dt", string="Reviews served by:"):
        name = term.find_next_sibling("u")
        yield from _names(name.get_text() if isinstance(name, Tag) else "")
    for line in soup.select("div.font-mono"):
        before, _, after = str(next(iter(line.strings), "")).partition("Reviews served by:")
        if not before.strip():
            yield from _names(after.partition("on cluster")[0])


def _names(text: str) -> list[str]:
    return [word for word in text.split()[:1] if POD.fullmatch(word)]


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
