"""Small /productpage bodies in the markup of all three generations, for tests that read pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Generation = Literal["A", "B", "C"]
GENERATIONS: tuple[Generation, ...] = ("A", "B", "C")
COLOURS = {"v1": None, "v2": "black", "v3": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page is to show. ``stars`` are those of the two reviews; without a colour there are none."""

    generation: Generation = "C"
    colour: str | None = None
    pod: str = ""
    cluster: str | None = None
    stars: tuple[int, int] = (5, 4)
    reviews_down: bool = False
    ratings_down: bool = False
    details_down: bool = False
    filler: int = 0


def page_of(version: str, generation: Generation = "C", **changes: object) -> bytes:
    """A healthy page of that version, as its release shows it."""
    pod = "" if generation == "A" else f"reviews-{version}-84779c7bbc-9drws"
    shown = {"generation": generation, "colour": COLOURS[version], "pod": pod, **changes}
    return body(Shown(**shown))


def body(shown: Shown) -> bytes:
    text = _modern(shown) if shown.generation == "C" else _old(shown)
    return text.encode()


def _old(shown: Shown) -> str:
    mark = '<h4 class="text-center text-primary">'
    details = (
        f"{mark}Error fetching product details!</h4>" if shown.details_down else f"{mark}Book Details</h4>"
    )
    if shown.reviews_down:
        reviews = (
            f"{mark}Error fetching product reviews!</h4>\n"
            "<p>Sorry, product reviews are currently unavailable for this book.</p>"
        )
    else:
        reviews = f"{mark}Book Reviews</h4>\n" + "\n".join(_old_review(shown, n) for n in (0, 1))
        if shown.generation == "B":
            reviews += f"\n<dl>\n  <dt>Reviews served by:</dt>\n  <u>{shown.pod}</u>\n"
            reviews += f"  on cluster <u>{shown.cluster}</u>\n</dl>" if shown.cluster is not None else "</dl>"
    return (
        f"<!DOCTYPE html>\n<html>\n<head><title>Simple Bookstore App</title></head>\n<body>\n"
        f'{_FILLER * shown.filler}<div class="col-md-6">\n{details}\n</div>\n'
        f'<div class="col-md-6">\n{reviews}\n</div>\n</body>\n</html>\n'
    )


def _old_review(shown: Shown, number: int) -> str:
    stars = shown.stars[number]
    rating = ""
    if shown.ratings_down:
        rating = "<p><i>Ratings service is currently unavailable</i></p>"
    elif shown.colour is not None and stars:
        full = '<span class="glyphicon glyphicon-star"></span>\n' * stars
        empty = '<span class="glyphicon glyphicon-star-empty"></span>\n' * (5 - stars)
        stars_shown = f"<!-- full stars: -->\n{full}<!-- empty stars: -->\n{empty}"
        rating = f'<font color="{shown.colour}">\n{stars_shown}</font>'
    return (
        f"<blockquote>\n<p>{_TEXTS[number]}</p>\n<small>Reviewer{number + 1}</small>\n{rating}\n</blockquote>"
    )


def _modern(shown: Shown) -> str:
    details = '<h4 class="text-3xl font-semibold">Book Details</h4>'
    if shown.details_down:
        details = '<p class="text-2xl text-red-500">Error fetching product details</p>'
    if shown.reviews_down:
        reviews = (
            '<p class="text-2xl text-red-500">Error fetching product reviews</p>\n'
            '<p class="text-lg text-gray-600">'
            "Sorry, product reviews are currently unavailable for this book.</p>"
        )
    else:
        reviews = "\n".join(_modern_review(shown, number) for number in (0, 1))
    return (
        f'<meta charset="utf-8">\n<title>Simple Bookstore App</title>\n{_FILLER * shown.filler}{details}\n'
        '<div class="bg-blue-600/5 py-12 mx-auto" >\n  <div class="container mx-auto px-4 sm:px-6 lg:px-8>\n'
        f'    <div class="max-w-2xl">\n{reviews}\n</div>\n</div>\n</div>\n'
    )


def _modern_review(shown: Shown, number: int) -> str:
    stars = shown.stars[number]
    rating = ""
    if shown.ratings_down:
        rating = '<p class="text-red-500">Ratings service is currently unavailable</p>'
    elif shown.colour is not None and stars:
        drawn = _FULL_STAR * stars + _EMPTY_STAR * (5 - stars)
        rating = f'<div class="flex gap-x-1 text-{shown.colour}-500">\n{drawn}</div>'
    cluster = f"on cluster <div>{shown.cluster}</div>" if shown.cluster is not None else ""
    return f"""<section class="px-6 py-12 sm:py-8 lg:px-8">
  <div class="mx-auto max-w-2xl">
{rating}
    <blockquote class="mt-10 text-xl font-semibold leading-8 tracking-tight text-gray-900">
      <p>"{_TEXTS[number]}"</p>
    </blockquote>
    <div class="font-semibold text-gray-900">Reviewer{number + 1}</div>
    <div class="mt-0.5 text-gray-600 font-mono">Reviews served by:\x20
                  {shown.pod}
                  {cluster}
    </div>
  </div>
</section>"""


_TEXTS = (
    "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!",
    "Absolutely fun and entertaining. The play lacks depth when compared to other plays by Shakespeare.",
)
_FILLER = '<p class="mt-6 text-xl leading-8 text-red-500" fill="currentColor">The Comedy of Errors</p>\n'
_PATH = (
    "M10.868 2.884c-.321-.772-1.415-.772-1.736 0l-1.83 4.401-4.753.381c-.833.067-1.171 1.107-.536 1.651" * 4
)
_FULL_STAR = (
    '<svg id="glyphicon glyphicon-star" class="h-5 w-5 flex-none" viewBox="0 0 20 20" fill="currentColor">\n'
    f'<path fill-rule="evenodd" d="{_PATH}" clip-rule="evenodd" />\n</svg>\n'
)
_EMPTY_STAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" class="h-5 w-5 flex-none">\n'
    f'<path stroke-linecap="round" stroke-linejoin="round" d="{_PATH}" />\n</svg>\n'
)
