"""Copied headers: the list of each generation, and every value as the bytes it came as."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from setup.local.bookinfo import headers
from setup.local.bookinfo.messages import Request
from setup.local.bookinfo.spec import Generation

A, B, C = Generation
VALUES = st.binary(max_size=200).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))


def test_generation_a_copies_traces_and_the_user_agent() -> None:
    assert headers.copied_by_productpage(A) == {
        b"x-request-id",
        b"x-ot-span-context",
        b"x-datadog-trace-id",
        b"x-datadog-parent-id",
        b"x-datadog-sampling-priority",
        b"traceparent",
        b"tracestate",
        b"x-cloud-trace-context",
        b"grpc-trace-bin",
        b"x-b3-traceid",
        b"x-b3-spanid",
        b"x-b3-parentspanid",
        b"x-b3-sampled",
        b"x-b3-flags",
        b"user-agent",
    }


def test_later_generations_also_copy_who_the_user_is() -> None:
    added = {b"cookie", b"authorization", b"jwt", b"sw8"}
    gained = [headers.copied_by_productpage(later) - headers.copied_by_productpage(A) for later in (B, C)]
    assert gained == [added, added]


def test_reviews_pass_end_user_on() -> None:
    gained = [headers.copied_by_reviews(g) - headers.copied_by_productpage(g) for g in Generation]
    assert gained == [{b"end-user"}] * 3


@given(VALUES)
def test_a_value_stays_the_bytes_it_came_as(value: bytes) -> None:
    came = [(b"host", b"x"), (b"user-agent", value), (b"x-request-id", b"1"), (b"user-agent", b"again")]
    request = Request(b"GET", b"/", b"", came, b"", keep_alive=True)
    copied = b"user-agent: " + value + b"\r\nx-request-id: 1\r\nuser-agent: again\r\n"
    assert headers.lines(request, headers.copied_by_productpage(C)) == copied
