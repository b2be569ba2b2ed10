"""What any number of access logs come to, as one record: all of ``weighbridge logs`` is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from ..records import Version
from .digest import Digest
from .entries import Account
from .formats import Format
from .hints import hints
from .hops import NO_SOURCES, Hop, Reporter, Sources
from .joins import Joined
from .summary import Split, Way, per_second, splits, way_of

RECEIVING = (Reporter.DESTINATION, Reporter.ZTUNNEL_INBOUND)
"""Reporters on the called side; they see every attempt, and copies by mirrors too."""


class Moment(NamedTuple):
    """Calls of one way that one version answered in one second of Unix time."""

    way: Way
    version: Version
    second: int
    calls: int


@dataclass(frozen=True, slots=True)
class Survey:
    """``first`` and ``last`` are Unix seconds; ``complete`` is False where the reading was broken off."""

    files: tuple[str, ...]
    formats: tuple[Format, ...]
    account: Account
    first: int | None
    last: int | None
    complete: bool
    splits: tuple[Split, ...]
    moments: tuple[Moment, ...]
    joined: Joined | None

    def as_dict(self) -> dict[str, Any]:
        """The object that ``--json`` promises; keys are only ever added."""
        account = self.account
        return {
            "lines": account.lines,
            "access": account.access,
            "other": account.other,
            "malformed": account.malformed,
            "splits": [split.as_dict() for split in self.splits],
            "complete": self.complete,
            "files": list(self.files),
            "formats": [form.value for form in self.formats],
            "bytes": account.bytes,
            "first_second": self.first,
            "last_second": self.last,
            "reasons": {reason.value: count for reason, count in account.reasons.most_common()},
            "damages": [
                {"file": one.file, "offset": one.offset, "reason": one.reason.value}
                for one in account.damages
            ],
            **({"per_second": [_moment(one) for one in self.moments]} if self.moments else {}),
            **({"joined": _joined(self.joined)} if self.joined else {}),
        }


class Seen(NamedTuple):
    """A way as the side best placed saw it, and as the called side did."""

    split: Split
    received: tuple[Split, ...]


def survey(
    digest: Digest,
    sources: Sources = NO_SOURCES,
    *,
    files: Iterable[str] = (),
    formats: Iterable[Format] = (),
    complete: bool = True,
    moments: bool = False,
) -> Survey:
    """Put a digest into words and numbers; ``moments`` asks for the series per second."""
    hops = digest.hops(sources)
    seconds = [second for _, second, _ in per_second(digest.tally, hops, lambda hop: None) if second]
    return Survey(
        files=tuple(files),
        formats=tuple(sorted(formats)),
        account=digest.account,
        first=seconds[0] if seconds else None,
        last=seconds[-1] if seconds else None,
        complete=complete,
        splits=tuple(_explained(digest, hops)),
        moments=tuple(_moments(digest, hops)) if moments else (),
        joined=digest.joins.joined(hops) if digest.joins else None,
    )


def seen(found: Sequence[Split]) -> list[Seen]:
    """Each way once: the sending side where its log is at hand, with the receiving side's view beside it."""
    sending = [split for split in found if split.way.reporter not in RECEIVING]
    known = {split.way[1:] for split in sending}
    receiving = [split for split in found if split.way.reporter in RECEIVING]
    return [
        *(
            Seen(split, tuple(other for other in receiving if other.way[1:] == split.way[1:]))
            for split in sending
        ),
        *(Seen(split, ()) for split in receiving if split.way[1:] not in known),
    ]


def _explained(digest: Digest, hops: Sequence[Hop]) -> Iterable[Split]:
    found = splits(digest.tally, hops)
    told = hints(digest.tally, digest.groups, hops, found)
    return [replace(split, hints=tuple(words)) for split, words in zip(found, told, strict=True)]


def _moments(digest: Digest, hops: Sequence[Hop]) -> Iterable[Moment]:
    found = per_second(digest.tally, hops, lambda hop: (way_of(hop), hop.version))
    return sorted(Moment(way, version, second, count) for (way, version), second, count in found)


def _moment(one: Moment) -> dict[str, Any]:
    return {
        "reporter": one.way.reporter.value,
        "caller": one.way.caller,
        "destination": one.way.destination,
        "version": one.version,
        "second": one.second,
        "calls": one.calls,
    }


def _joined(joined: Joined) -> dict[str, Any]:
    return {
        "requests": joined.requests,
        "lines": joined.lines,
        "lines_per_request": {str(lines): count for lines, count in joined.lines_per_request.items()},
        "retries": [asdict(retries) for retries in joined.retries],
    }
