"""Sessions: only a cookie that this process signed names a user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setup.local.bookinfo.sessions import Sessions

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(NAMES)
def test_a_cookie_names_the_user_it_was_made_for(name: str) -> None:
    sessions = Sessions()
    cookie = sessions.cookie(name).partition(b";")[0]
    assert sessions.user(b"theme=dark; " + cookie + b"; lang=en") == name


@given(NAMES)
def test_another_key_s_cookie_is_nobody_s(name: str) -> None:
    cookie = Sessions(b"one").cookie(name).partition(b";")[0]
    assert Sessions(b"two").user(cookie) == ""


@given(st.binary(max_size=60))
def test_no_cookie_header_breaks_it(cookies: bytes | None) -> None:
    assert Sessions().user(cookies) == ""
    assert Sessions().user(b"session=" + cookies) == ""


@pytest.mark.parametrize("cookies", [None, b"", b"session", b"session=", b"xsession=1.2"])
def test_without_a_session_there_is_no_user(cookies: bytes | None) -> None:
    assert Sessions().user(cookies) == ""
