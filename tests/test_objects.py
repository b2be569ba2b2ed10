"""YAML text becomes plain objects, within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.objects import MAX_BYTES, ObjectsError, dumped, loaded

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "it is not YAML: expected ',' or ']', but got '<stream end>' in line 1"),
        ("a: 1\nb: &x 2\nc: *x", "it is not YAML: *x repeats a value by reference: write it out in line 3"),
        ("a: 1\na: 2", "it is not YAML: the key 'a' stands twice in line 2"),
        ("1: a", "it is not YAML: the key '1' is not text: put it in quotes in line 1"),
        (
            "[a]: b",
            "it is not YAML: a key is a list or a mapping in line 1",
        ),
        (
            "a: !!python/object/apply:os.system [ls]",
            "it is not YAML: could not determine a constructor for the",
        ),
        ("a: 2026-13-45", "it is not YAML: month must be in 1..12"),
        ("[" * 100, "it is not YAML: it nests deeper than 64 in line 1"),
        ("a: \x00", "it is not YAML: special characters are not allowed"),
        ("a: " + "9" * 5000, "it is not YAML: a number has more than 100 characters in line 1"),
        ("a: 1" + ":1" * 400_000, "it is not YAML: a number has more than 100 characters in line 1"),
        ("a" * (MAX_BYTES + 1), "it is larger than 1024 KiB"),
    ],
)
def test_text_out_of_bounds_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ObjectsError) as error:
        list(loaded(text))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_empty_documents_are_left_out() -> None:
    """A file that ends in ``---`` has nothing behind it."""
    assert list(loaded("---\na: 1\n---\n---\nb: 2\n---\n")) == [{"a": 1}, {"b": 2}]


def test_a_value_that_stands_twice_is_written_out_twice() -> None:
    """An alias would come out otherwise, and aliases are refused."""
    shared = {"host": "reviews"}
    assert dumped([{"a": shared, "b": shared}]) == "---\na:\n  host: reviews\nb:\n  host: reviews\n"


@given(st.lists(PLAIN.filter(lambda one: one is not None), max_size=3))
def test_what_is_written_is_read_back_the_same(objects: list[Any]) -> None:
    assert list(loaded(dumped(objects))) == objects


@given(st.text())
def test_any_text_gives_objects_or_one_line_of_refusal(text: str) -> None:
    refusal = ""
    try:
        list(loaded(text))
    except ObjectsError as error:
        refusal = str(error)
    assert refusal.isprintable()
