"""Seeds put out of shape, from a number: for machines without atheris, and for every run of the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

_PIECES = (
    *(b"", b"\0", b"\n", b"\r\n", b"\t", b" ", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"<", b">", b"&"),
    *(b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\x1b[31m", b"\x1b]0;x\x07", b"\xe2\x80\xae"),
    *(
        b"-1",
        b"0",
        b"1e999",
        b"NaN",
        b"99999999999999999999",
        b"0x",
        b"null",
        b"true",
        b"../",
        b"/",
        b"%",
        b"$",
    ),
    *(b":", b": ", b",", b"=", b"|", b"- ", b"&a ", b"*a", b"!!", b"? ", b"<<: ", b"#", b"---\n", b"...\n"),
)
_TOKEN = re.compile(rb"[A-Za-z_]+|[0-9.]+|\s+|.", re.DOTALL)
_LONGEST = 1 << 16


def mutated(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many inputs, the seeds themselves among them; the same number gives the same."""
    random = Random(seed)
    for number in range(count):
        text = seeds[number % len(seeds)]
        for _ in range(0 if number < len(seeds) else 1 + int(random.random() ** 2 * 6)):
            text = _one_step(random, text, seeds)
        yield text[:_LONGEST]


def _one_step(random: Random, text: bytes, seeds: Sequence[bytes]) -> bytes:
    at, other = sorted(int(random.random() * (len(text) + 1)) for _ in "12")
    match int(random.random() * 8):
        case 0:
            return text[:at] + random.choice(_PIECES) + text[at:]
        case 1:
            return text[:at] + random.choice(_PIECES) + text[at + 1 :]
        case 2:
            return text[:at] + text[other:]
        case 3:
            return text[:other] + text[at:other] * int(1 + random.random() * 40) + text[other:]
        case 4:
            return text[:at] + bytes([int(random.random() * 256)]) + text[at + 1 :]
        case 5:
            return text[:at]
        case 6:
            tail = random.choice(seeds)
            return text[:at] + tail[int(random.random() * (len(tail) + 1)) :]
        case _:
            tokens = _TOKEN.findall(text) or [b""]
            tokens[int(random.random() * len(tokens))] = random.choice((*_PIECES, random.choice(tokens)))
            return b"".join(tokens)
