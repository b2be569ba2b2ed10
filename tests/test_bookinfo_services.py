"""Bookinfo's services: bodies with the spacing and the size of the real ones, and their words for errors."""

from __future__ import annotations

import asyncio
import json

import pytest
from bookinfo_process import pod_name

from setup.local.bookinfo import details, ratings
from setup.local.bookinfo.messages import Reply, Request, Response
from setup.local.bookinfo.pages import PRODUCT, Pages
from setup.local.bookinfo.productpage import ProductPage
from setup.local.bookinfo.reviews import Reviews
from setup.local.bookinfo.sessions import Sessions
from setup.local.bookinfo.spec import BookinfoPod, Generation, Timeouts

A, B, C = Generation
RATINGS = b'{"id":0,"ratings":{"Reviewer1":5,"Reviewer2":4}}'


class FakeClient:
    """Answers from a script of replies and remembers what it was asked."""

    def __init__(self, *replies: Reply | None) -> None:
        self.replies = list(replies)
        self.calls: list[tuple[bytes, bytes, bytes, float]] = []

    async def get(self, host: bytes, path: bytes, headers: bytes, timeout: float) -> Reply | None:
        self.calls.append((host, path, headers, timeout))
        return self.replies.pop(0)


def get(path: str, *headers: tuple[bytes, bytes]) -> Request:
    bare, _, query = path.partition("?")
    return Request(b"GET", bare.encode(), query.encode(), list(headers), b"", keep_alive=True)


def post(path: str, body: bytes, *headers: tuple[bytes, bytes]) -> Request:
    return get(path, *headers)._replace(method=b"POST", body=body)


def status(answer: Response) -> int:
    return int(answer.head.split(b" ", 2)[1])


def header(answer: Response, name: str) -> str | None:
    lines = dict(line.split(": ", 1) for line in answer.head.decode("latin-1").split("\r\n")[1:-1])
    return lines.get(name)


def reviews(generation: Generation, version: str, client: FakeClient | None = None) -> Reviews:
    pod = BookinfoPod(pod_name("reviews", version), "reviews", version, ("127.0.0.1", 0), ("127.0.0.1", 0))
    return Reviews(pod, generation, Timeouts(), client)


def productpage(client: FakeClient, generation: Generation = C) -> ProductPage:
    return ProductPage(generation, Timeouts(), client, Pages(generation), Sessions(b"key"))


# details


def test_details_are_178_bytes() -> None:
    answer = details.answer(get("/details/0"))
    assert (status(answer), len(answer.body)) == (200, 178)
    assert json.loads(answer.body) == {
        "id": 0,
        "author": "William Shakespeare",
        "year": 1595,
        "type": "paperback",
        "pages": 200,
        "publisher": "PublisherA",
        "language": "English",
        "ISBN-10": "1234567890",
        "ISBN-13": "123-1234567890",
    }


@pytest.mark.parametrize("path", ["/details", "/details/", "/details/abc"])
def test_details_wants_a_number(path: str) -> None:
    answer = details.answer(get(path))
    assert (status(answer), answer.body) == (400, b'{"error":"please provide numeric product id"}')


def test_details_repeats_an_unknown_path_escaped() -> None:
    answer = details.answer(get("/<script>"))
    assert status(answer) == 404
    assert b"`/&lt;script&gt;' not found." in answer.body


# ratings


def test_ratings_are_48_bytes() -> None:
    answer = ratings.Ratings().answer(get("/ratings/0"))
    assert (status(answer), answer.body, len(answer.body)) == (200, RATINGS, 48)


def test_posted_ratings_stay_with_their_product_and_pod() -> None:
    pod, other_pod = ratings.Ratings(), ratings.Ratings()
    new = b'{"id":0,"ratings":{"Reviewer1":0,"Reviewer2":0}}'
    assert pod.answer(post("/ratings/0", b'{"Reviewer1": 0, "Reviewer2": 0}')).body == new
    assert pod.answer(get("/ratings/0")).body == new
    assert pod.answer(get("/ratings/1")).body == RATINGS.replace(b'"id":0', b'"id":1')
    assert other_pod.answer(get("/ratings/0")).body == RATINGS


@pytest.mark.parametrize(
    ("request_", "code", "body"),
    [
        (get("/ratings/x"), 400, b'{"error":"please provide numeric product ID"}'),
        (get("/ratings/"), 400, b'{"error":"please provide numeric product ID"}'),
        (post("/ratings/x", b"{}"), 400, b'{"error":"please provide numeric product ID"}'),
        (post("/ratings/0", b"{"), 400, b'{"error":"please provide valid ratings JSON"}'),
        (post("/ratings/0", b"[" * 100_000), 400, b'{"error":"please provide valid ratings JSON"}'),
        (post("/ratings/0", b"NaN"), 400, b'{"error":"please provide valid ratings JSON"}'),
        (get("/"), 404, b""),
    ],
)
def test_what_ratings_refuses(request_: Request, code: int, body: bytes) -> None:
    answer = ratings.Ratings().answer(request_)
    assert (status(answer), answer.body) == (code, body)


# reviews


@pytest.mark.parametrize(("version", "stars"), [("v1", None), ("v2", RATINGS), ("v3", RATINGS), ("v3", None)])
def test_the_spacing_of_reviews_is_that_of_string_building(version: str, stars: bytes | None) -> None:
    body = reviews(C, version).about(0, stars).body.decode()
    ratings_ = {
        ("v1", None): ("", ""),
        ("v2", RATINGS): tuple(f', "rating": {{"stars": {n}, "color": "black"}}' for n in (5, 4)),
        ("v3", RATINGS): tuple(f', "rating": {{"stars": {n}, "color": "red"}}' for n in (5, 4)),
        ("v3", None): (', "rating": {"error": "Ratings service is currently unavailable"}',) * 2,
    }[version, stars]
    assert body == (
        f'{{"id": "0","podname": "reviews-{version}-84779c7bbc-9drws","clustername": "null","reviews": ['
        '{  "reviewer": "Reviewer1",  "text": "An extremely entertaining play by Shakespeare. The '
        f'slapstick humour is refreshing!"{ratings_[0]}}},'
        '{  "reviewer": "Reviewer2",  "text": "Absolutely fun and entertaining. The play lacks '
        f'thematic depth when compared to other plays by Shakespeare."{ratings_[1]}}}]}}'
    )


@pytest.mark.parametrize(
    ("version", "stars", "old", "new"),
    [("v1", None, 295, 331), ("v2", RATINGS, 379, 415), ("v3", RATINGS, 375, 411), ("v2", None, 425, 461)],
)
def test_reviews_are_as_long_as_the_real_ones(version: str, stars: bytes | None, old: int, new: int) -> None:
    lengths = [len(reviews(generation, version).about(0, stars).body) for generation in Generation]
    length = len(pod_name("reviews", version))
    assert lengths == [old, new + length, new + length]


def test_v1_never_asks_ratings() -> None:
    answer = reviews(C, "v1").answer(get("/reviews/0"))
    assert isinstance(answer, Response)


@pytest.mark.parametrize(("version", "seconds"), [("v2", 10.0), ("v3", 2.5)])
def test_v2_waits_longer_for_ratings_than_v3(version: str, seconds: float) -> None:
    client = FakeClient(Reply(200, RATINGS))
    asyncio.run(reviews(C, version, client).answer(get("/reviews/7", (b"user-agent", b"me"))))
    assert client.calls == [(b"ratings:9080", b"/ratings/7", b"user-agent: me\r\n", seconds)]


@pytest.mark.parametrize("reply", [None, Reply(503, RATINGS), Reply(200, b'{"id":0}')])
def test_reviews_answer_200_without_ratings(reply: Reply | None) -> None:
    answer = asyncio.run(reviews(C, "v3", FakeClient(reply)).answer(get("/reviews/0")))
    assert status(answer) == 200
    shown = [review["rating"] for review in json.loads(answer.body)["reviews"]]
    assert shown == [{"error": "Ratings service is currently unavailable"}] * 2


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"ratings":{"Reviewer1":"many"}}', b'{"ratings":[]}'])
def test_reviews_break_on_ratings_that_make_no_sense(body: bytes) -> None:
    answer = asyncio.run(reviews(C, "v2", FakeClient(Reply(200, body))).answer(get("/reviews/0")))
    assert status(answer) == 500
    assert answer.body.startswith(b"Error 500: ")


@pytest.mark.parametrize("path", ["/reviews/x", "/reviews", "/", "/reviews/0/1"])
def test_reviews_of_no_product_are_not_found(path: str) -> None:
    assert status(reviews(C, "v1").answer(get(path))) == 404


# productpage

DETAILS = Reply(200, details.answer(get("/details/0")).body)
REVIEWS = Reply(200, reviews(C, "v1").about(0, None).body)


def test_productpage_asks_details_then_reviews_and_waits_three_seconds_for_each() -> None:
    client = FakeClient(DETAILS, REVIEWS)
    asyncio.run(productpage(client).answer(get("/productpage?u=normal")))
    assert client.calls == [
        (b"details:9080", b"/details/0", b"", 3.0),
        (b"reviews:9080", b"/reviews/0", b"", 3.0),
    ]


@pytest.mark.parametrize("first", [None, Reply(503, b"no"), Reply(404, b"")])
def test_productpage_asks_reviews_twice_when_the_first_answer_is_not_200(first: Reply | None) -> None:
    client = FakeClient(DETAILS, first, REVIEWS)
    answer = asyncio.run(productpage(client).answer(get("/productpage")))
    assert [call[0] for call in client.calls] == [b"details:9080", b"reviews:9080", b"reviews:9080"]
    assert b"Book Reviews" in answer.body


def test_productpage_gives_up_after_the_second_answer_and_still_says_200() -> None:
    client = FakeClient(DETAILS, Reply(503, b""), None)
    answer = asyncio.run(productpage(client).answer(get("/productpage")))
    assert (status(answer), client.replies) == (200, [])
    assert b"Error fetching product reviews" in answer.body


@pytest.mark.parametrize(
    ("path", "replies", "code", "body"),
    [
        ("/api/v1/products/0", [DETAILS], 200, json.loads(DETAILS.body)),
        ("/api/v1/products/0/ratings", [Reply(200, RATINGS)], 200, json.loads(RATINGS)),
        ("/api/v1/products/0/reviews", [REVIEWS], 200, json.loads(REVIEWS.body)),
        (
            "/api/v1/products/0/reviews",
            [Reply(500, b""), Reply(503, b"")],
            503,
            {"error": "Sorry, product reviews are currently unavailable for this book."},
        ),
        (
            "/api/v1/products/0/ratings",
            [None],
            500,
            {"error": "Sorry, product ratings are currently unavailable for this book."},
        ),
        (
            "/api/v1/products/x",
            [Reply(400, b"")],
            400,
            {"error": "Sorry, product details are currently unavailable for this book."},
        ),
    ],
)
def test_the_json_interface_passes_the_status_on(
    path: str, replies: list[Reply | None], code: int, body: object
) -> None:
    client = FakeClient(*replies)
    answer = asyncio.run(productpage(client).answer(get(path)))
    assert (status(answer), answer.body) == (code, json.dumps(body).encode())


def test_the_products_are_listed() -> None:
    assert json.loads(productpage(FakeClient()).answer(get("/api/v1/products")).body) == [PRODUCT]


@pytest.mark.parametrize(("path", "code"), [("/static/x.css", 404), ("/productpage/", 404), ("/login", 405)])
def test_flask_s_own_errors(path: str, code: int) -> None:
    answer = productpage(FakeClient()).answer(get(path))
    assert status(answer) == code
    assert answer.body.startswith(b"<!doctype html>\n<html lang=en>\n<title>%d " % code)


def test_health_is_said_in_each_service_s_own_words() -> None:
    words = {
        details.answer(get("/health")).body,
        ratings.Ratings().answer(get("/health")).body,
        reviews(C, "v1").answer(get("/health")).body,
        productpage(FakeClient()).answer(get("/health")).body,
    }
    assert words == {
        b'{"status":"Details is healthy"}',
        b'{"status":"Ratings is healthy"}',
        b'{"status": "Reviews is healthy"}',
        b"Product page is healthy",
    }


# logging in


def test_a_login_sends_the_user_back_with_a_cookie() -> None:
    referer = (b"referer", b"http://127.0.0.1/productpage")
    answer = productpage(FakeClient()).answer(post("/login", b"username=jason&passwd=any", referer))
    assert (status(answer), header(answer, "location")) == (302, "http://127.0.0.1/productpage")
    assert header(answer, "set-cookie").startswith("session=")


def test_a_login_without_referer_leads_to_the_word_none() -> None:
    answer = productpage(FakeClient()).answer(post("/login", b"username=jason"))
    assert header(answer, "location") == "None"


@pytest.mark.parametrize("body", [b"username=a%0d%0ax: y", b"username=a%00"])
def test_a_user_name_cannot_smuggle_a_header(body: bytes) -> None:
    answer = productpage(FakeClient()).answer(post("/login", body))
    assert (status(answer), header(answer, "set-cookie")) == (400, None)


def test_end_user_is_set_by_the_session_and_by_nothing_else() -> None:
    cookie = Sessions(b"key").cookie("jason").split(b";")[0]
    client = FakeClient(DETAILS, REVIEWS, DETAILS, REVIEWS)
    page = productpage(client, A)
    asyncio.run(page.answer(get("/productpage", (b"end-user", b"mallory"))))
    asyncio.run(page.answer(get("/productpage", (b"cookie", b"a=b; " + cookie))))
    assert [call[2] for call in client.calls] == [b"", b"", b"end-user: jason\r\n", b"end-user: jason\r\n"]


def test_logging_out_takes_the_cookie_away() -> None:
    answer = productpage(FakeClient()).answer(get("/logout"))
    assert (status(answer), "Max-Age=0" in header(answer, "set-cookie")) == (302, True)
