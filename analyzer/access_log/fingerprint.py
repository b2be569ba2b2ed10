"""An x-request-id as a number of 63 bits, the same in every process and on every machine.

The id's bytes as one number, modulo a prime below 2^63 (Karp and Rabin, IBM J. Res. Dev. 31, 1987): of ten
million ids, two share a number once in 200 000 logs. ``_scan.c`` computes the same.
"""

from __future__ import annotations

PRIME = (1 << 63) - 348_403_967_005
NO_ID = 0


def fingerprint(request_id: bytes) -> int:
    """``NO_ID`` is never the number of an id."""
    return int.from_bytes(request_id, "big") % PRIME or 1
