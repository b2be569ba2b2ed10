"""Who is logged in, by a signed cookie: the name travels with the browser, the key stays in this process."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

COOKIE = b"session"


class Sessions:
    """Makes cookies for users, and users out of cookies; one it did not make is nobody's."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._read = lru_cache(maxsize=1024)(self._verified)

    def cookie(self, user: str) -> bytes:
        """The value of a Set-Cookie header."""
        name = urlsafe_b64encode(user.encode())
        return b"%s=%s.%s; HttpOnly; Path=/" % (COOKIE, name, self._signature(name))

    def user(self, cookies: bytes | None) -> str:
        """The user that a Cookie header names, empty where nobody is logged in."""
        for cookie in (cookies or b"").split(b";"):
            name, _, value = cookie.strip().partition(b"=")
            if name == COOKIE:
                return self._read(value)
        return ""

    def _verified(self, value: bytes) -> str:
        name, _, signature = value.partition(b".")
        if not hmac.compare_digest(signature, self._signature(name)):
            return ""
        return urlsafe_b64decode(name).decode()

    def _signature(self, name: bytes) -> bytes:
        return urlsafe_b64encode(hmac.digest(self._key, name, hashlib.sha256)).rstrip(b"=")


FORGET = b"%s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/" % COOKIE
"""The value of a Set-Cookie header that ends the session."""
