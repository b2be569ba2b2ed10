"""What the mesh's telemetry counted while a run lasted: ``istio_requests_total`` before and after, by labels.

The third witness. ``run`` reads the counters and leaves them in the run's folder, where they are judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import msgspec

from .. import bounded
from ..errors import JudgementError
from ..run import whole_file
from ..run.folder import RunFolder
from ..typed_json import NoRecordError, decode

FORMAT = 1
"""Of telemetry.json. History: 1 is the first."""


class Series(NamedTuple):
    """The labels that tell series apart, in Istio's words; everything else is summed up.

    ``reporter`` is ``source`` (the caller's proxy), ``destination`` or ``waypoint``. ``source_app`` is the
    caller's label ``app``, ``destination_service`` the whole host of the service that was called.
    """

    reporter: str
    source_app: str
    destination_service: str
    destination_version: str
    response_code: int


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Counters as they stood when the run's copy of the access logs began, and when it had ended.

    ``source`` names where they were read, ``since`` and ``until`` are the Unix seconds of what was read.
    ``missing`` tells in words what may not have been counted, such as a proxy that nobody scraped.
    """

    source: str
    since: float
    until: float
    before: Mapping[Series, int]
    after: Mapping[Series, int]
    missing: tuple[str, ...] = ()

    @property
    def counted(self) -> Counter[Series]:
        """How much each series grew; one that began anew, because its proxy did, counts from zero."""
        grown: Counter[Series] = Counter()
        for series, count in self.after.items():
            before = self.before.get(series, 0)
            grown[series] = count - before if count >= before else count
        return +grown

    @classmethod
    def read(cls, folder: RunFolder) -> Self | None:
        """None where the run has none; raises JudgementError where its file cannot be understood."""
        path = folder.telemetry
        try:
            return cls.parse(bounded.read_within(folder.path, path), str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JudgementError(f"cannot read {path}: {error.strerror}", "record the run again") from error

    @classmethod
    def parse(cls, content: bytes, source: str) -> Self:
        """The counters in the content of their file; ``source`` names it in errors. Raises JudgementError."""
        try:
            kept = decode(content, _Kept)
        except NoRecordError as error:
            raise JudgementError(f"{source} is not readable: {error}", "record the run again") from error
        if kept.format != FORMAT:
            reason = f"{source} has format {kept.format}, this is for format {FORMAT}"
            raise JudgementError(reason, "use the weighbridge that wrote it, or a newer one")
        counts = [(Series(*(one[name] for name in Series._fields)), one) for one in map(_plain, kept.series)]
        return cls(
            kept.source,
            kept.since,
            kept.until,
            {series: one["before"] for series, one in counts},
            {series: one["after"] for series, one in counts},
            kept.missing,
        )

    def write(self, folder: RunFolder) -> None:
        """Leave ``telemetry.json`` in the run's folder."""
        series = [
            _Counter(*one, before=self.before.get(one, 0), after=self.after.get(one, 0))
            for one in sorted({*self.before, *self.after})
        ]
        kept = _Kept(FORMAT, self.source, self.since, self.until, tuple(series), self.missing)
        whole_file.write(folder.telemetry, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")


class _Counter(msgspec.Struct, frozen=True):
    reporter: str
    source_app: str
    destination_service: str
    destination_version: str
    response_code: int
    before: int
    after: int


class _Kept(msgspec.Struct, frozen=True):
    format: int
    source: str
    since: float
    until: float
    series: tuple[_Counter, ...]
    missing: tuple[str, ...] = ()


def _plain(one: _Counter) -> dict[str, Any]:
    return msgspec.structs.asdict(one)
