"""The tag in the User-Agent: what is written is read back, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.tag import RUN, Tag, parse, user_agent

RUNS = st.from_regex(RUN, fullmatch=True)
TAGS = st.builds(Tag, RUNS, st.integers(0, 999_999_999), st.integers(0, 10**18 - 1))


def test_a_tag_names_project_run_worker_and_number() -> None:
    assert user_agent(Tag("20261123-v3-10", 2, 41)) == "weighbridge/20261123-v3-10/2.41"


@given(TAGS)
def test_every_tag_is_read_back(tag: Tag) -> None:
    assert parse(user_agent(tag)) == tag


@given(st.text())
@example("weighbridge/run/0.0\n")
@example("weighbridge/run/0.٣")
def test_any_text_is_read_without_an_error_and_only_a_tag_gives_one(text: str) -> None:
    tag = parse(text)
    assert tag is None or user_agent(tag) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "Mozilla/5.0 (X11; Linux x86_64)",
        "weighbridge/run/0",
        "weighbridge/run/0.1 ",
        " weighbridge/run/0.1",
        "weighbridge/run/0.1.2",
        "weighbridge/run/00.1",
        "weighbridge/run/0.01",
        "weighbridge/run/-1.0",
        "weighbridge/Run/0.1",
        "weighbridge//0.1",
        f"weighbridge/{'r' * 41}/0.1",
        "weighbridge/run/0.1" + "1" * 100_000,
    ],
)
def test_what_is_not_exactly_a_tag_is_none(text: str | None) -> None:
    assert parse(text) is None
