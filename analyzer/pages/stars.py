"""Which reviews version a /productpage body shows, in microseconds, for the page of any Bookinfo release.

Three generations of the page are known (Istio 1.2 to 1.14, 1.15 to 1.22, 1.23 and later). Two witnesses stand
on it: the colour of the stars and, from the second generation on, the name of the reviews pod. Error texts
are red too, so only the elements that hold stars count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ..records import Doubt, Page, Trouble, Version

STARLESS: Version = "v1"
"""The version that never calls ratings: its reviews come without stars and without an error."""
BY_COLOUR: Mapping[str, Version] = {"black": "v2", "red": "v3"}
REVIEWS = 2
"""Reviews on every page that has any; fewer is a page cut short, not a page without stars."""

_STARS = (b'class="flex gap-x-1 text-', b'-500"')
_OLD_STARS = (b'<font color="', b'"')
_LONGEST_COLOUR = 32
_SERVED_BY = b"Reviews served by:"
_SERVED_BY_REACH = 192
_STARS_REACH = max(len(before) + _LONGEST_COLOUR + len(after) for before, after in (_STARS, _OLD_STARS))
_POD_REACH = len(_SERVED_BY) + _SERVED_BY_REACH
"""Bytes from the beginning of a sign that decide what it says."""
_ERROR = b">Error fetching product "
_RATINGS_DOWN = b">Ratings service is currently unavailable<"
_REVIEW_END = b"</blockquote>"
_DOCTYPE = re.compile(rb"(?=<!doctype)", re.IGNORECASE)
_END = b"</html>"
POD = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def page(body: bytes) -> Page:
    """Read one body. Never raises, whatever the bytes; takes time linear in their number."""
    stars = _STARS
    last = body.rfind(stars[0])
    if last < 0:
        stars = _OLD_STARS
        last = body.rfind(stars[0])
    if last < 0 or body.rfind(_ERROR) >= 0:
        return thorough(body)
    other = body.rfind(stars[0], 0, last)
    last_pod = body.rfind(_SERVED_BY)
    other_pod = body.rfind(_SERVED_BY, 0, max(last_pod, 0))
    starred = _starred(
        stars,
        body[other : other + _STARS_REACH],
        body[last : last + _STARS_REACH],
        body[other_pod : other_pod + _POD_REACH],
        body[last_pod : last_pod + _POD_REACH],
    )
    return starred or thorough(body)


@lru_cache(maxsize=4096)
def _starred(
    stars: tuple[bytes, bytes], star: bytes, last_star: bytes, pod: bytes, last_pod: bytes
) -> Page | None:
    """Weigh the signs of a page with stars and no errors, each with what follows; None where no colour does.

    The pages of a load differ elsewhere, so the same few texts are asked about again and again.
    """
    colours = dict.fromkeys(_colours(star, *stars) + _colours(last_star, *stars))
    pods = dict.fromkeys(filter(None, (_pod(sign[len(_SERVED_BY) :]) for sign in (pod, last_pod))))
    return decide(tuple(colours), tuple(pods), None, details_trouble=False) if colours else None


def thorough(body: bytes) -> Page:
    """The same as ``page``, which asks here where a page is not as pages mostly are."""
    colours = _colours(body, *_STARS) or _colours(body, *_OLD_STARS)
    reviews_down, details_down = _errors(body)
    if reviews_down:
        return decide(colours, (), Trouble.REVIEWS, details_down)
    trouble = None if colours else _trouble(body)
    return decide(colours, _pods(body), trouble, details_down)


def split(text: bytes) -> list[bytes]:
    """The bodies in a text that holds several pages one after the other, as a loop of curls leaves them.

    A page runs from its doctype to ``</html>``; what stands between pages is a body of its own, such as the
    gateway's error text.
    """
    bodies: list[bytes] = []
    for piece in _DOCTYPE.split(text):
        end = piece.lower().rfind(_END)
        parts = (piece,) if end < 0 else (piece[: end + len(_END)], piece[end + len(_END) :])
        bodies += [part for part in parts if part.strip()]
    return bodies


@lru_cache(maxsize=4096)
def decide(
    colours: tuple[str, ...], pods: tuple[str, ...], trouble: Trouble | None, details_trouble: bool
) -> Page:
    """Weigh the witnesses of one page: its different star colours and its different pod names."""
    if trouble in (Trouble.REVIEWS, Trouble.NOT_A_PAGE):
        return Page(None, None, trouble, details_trouble)
    pod = pods[0] if pods else None
    by_pod = version_of(pod) if pod else None
    version: Version | None
    doubt: Doubt | None
    if len(colours) > 1 or len(pods) > 1:
        version, doubt = None, Doubt.DISAGREE
    elif colours:
        version, doubt = _coloured(BY_COLOUR.get(colours[0]), by_pod)
    else:
        version, doubt = _colourless(trouble, by_pod)
    return Page(version, pod, trouble, details_trouble, doubt)


@lru_cache(maxsize=1024)
def version_of(pod: str) -> Version | None:
    """The version in a pod's name, ``reviews-<version>-<ReplicaSet>-<suffix>``; None for any other name.

    The name is read from its end, because a version may hold dashes (``reviews-v3-canary-84779c7bbc-9drws``).
    A StatefulSet's pod (``reviews-v3-0``) has no ReplicaSet in its name.
    """
    app, *words = pod.split("-")
    if app != "reviews" or len(words) < 2:
        return None
    words.pop()
    if len(words) > 1 and 7 <= len(words[-1]) <= 10:
        words.pop()
    return "-".join(words) or None


def _coloured(by_colour: Version | None, by_pod: Version | None) -> tuple[Version | None, Doubt | None]:
    if by_colour is None and by_pod is None:
        return None, Doubt.UNKNOWN_COLOUR
    if by_colour is None and by_pod not in (STARLESS, *BY_COLOUR.values()):
        return by_pod, None  # a version that Bookinfo does not ship may have a colour of its own
    if by_pod is None or by_colour == by_pod:
        return by_colour, None
    return None, Doubt.DISAGREE


def _colourless(trouble: Trouble | None, by_pod: Version | None) -> tuple[Version | None, Doubt | None]:
    if trouble and by_pod == STARLESS:
        return None, Doubt.DISAGREE  # it asks for no ratings, so it cannot miss them
    if trouble or by_pod:
        return by_pod, None  # ratings of zero stars show no stars either: their absence contradicts no pod
    return STARLESS, None


def _places(body: bytes, anchor: bytes) -> list[int]:
    """Where the text after the anchor starts, in the order of the page: its last two places.

    No sign stands on a page more often than it has reviews. The search goes backwards because reviews end the
    page, and because CPython's goes three times as fast from an anchor whose first character is rare.
    """
    found: list[int] = []
    at = len(body)
    while len(found) < REVIEWS and (at := body.rfind(anchor, 0, at)) >= 0:
        found.append(at + len(anchor))
    return found[::-1]


def _colours(body: bytes, before: bytes, after: bytes) -> tuple[str, ...]:
    found: list[str] = []
    for start in _places(body, before):
        end = body.find(after, start, start + _LONGEST_COLOUR + len(after))
        colour = body[start:end].decode("ascii", "replace")
        if end > start and colour not in found:
            found.append(colour)
    return tuple(found)


def _errors(body: bytes) -> tuple[bool, bool]:
    """Whether the page says that reviews, and that details, could not be fetched."""
    if not (places := _places(body, _ERROR)):
        return False, False
    reviews = any(body.startswith((b"reviews<", b"reviews!<"), start) for start in places)
    return reviews, any(body.startswith((b"details<", b"details!<"), start) for start in places)


def _trouble(body: bytes) -> Trouble | None:
    """Why a page that fetched its reviews has no stars; None for reviews that want none."""
    if body.rfind(_RATINGS_DOWN) >= 0:
        return Trouble.RATINGS
    return None if len(_places(body, _REVIEW_END)) == REVIEWS else Trouble.NOT_A_PAGE


def _pods(body: bytes) -> tuple[str, ...]:
    found: list[str] = []
    for start in _places(body, _SERVED_BY):
        pod = _pod(body[start : start + _SERVED_BY_REACH])
        if pod and pod not in found:
            found.append(pod)
    return tuple(found)


@lru_cache(maxsize=1024)
def _pod(served_by: bytes) -> str | None:
    """The pod's name at the start of what follows "Reviews served by:", None where the page shows no name."""
    text = served_by
    if served_by.startswith(b"</dt>"):
        text = served_by.partition(b"<u>")[2]
    words = text.partition(b"<")[0].split(None, 2)
    # An older reviews image names no pod, and then the words "on cluster" come first.
    if not words or words[:2] == [b"on", b"cluster"]:
        return None
    name = words[0].decode("ascii", "replace")
    return name if POD.fullmatch(name) else None
