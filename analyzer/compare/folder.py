"""A comparison's folder: ``comparison.json`` names the runs that lie beside it, round by round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from .. import bounded
from ..errors import JudgementError
from ..run import whole_file
from ..typed_json import NoRecordError, decode

FORMAT = 1
"""Of comparison.json. History: 1 is the first."""
FILE = "comparison.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, and what of it is done.

    ``names`` are those of the configurations, the baseline first; each finished round has the folder of one
    run for each of them, in the same order.
    """

    names: tuple[str, ...]
    rounds: tuple[tuple[str, ...], ...] = ()
    format: int = FORMAT

    def after(self, folders: tuple[str, ...]) -> Plan:
        """The same with one more round."""
        return replace(self, rounds=(*self.rounds, folders))


@dataclass(frozen=True, slots=True)
class ComparisonFolder:
    path: Path

    @property
    def is_one(self) -> bool:
        return (self.path / FILE).exists()

    def read(self) -> Plan:
        """Raises JudgementError where the file is none of ours."""
        file = self.path / FILE
        try:
            plan = decode(bounded.read_within(self.path, file), Plan)
        except OSError as error:
            raise JudgementError(f"{file}: {error.strerror}", "name a comparison's folder") from error
        except NoRecordError as error:
            raise JudgementError(f"{file} is not readable: {error}") from error
        if plan.format != FORMAT:
            reason = f"{file} has format {plan.format}, this is for format {FORMAT}"
            raise JudgementError(reason, "use the weighbridge that wrote it, or a newer one")
        if any(len(folders) != len(plan.names) or not all(map(_is_name, folders)) for folders in plan.rounds):
            raise JudgementError(f"{file} is not readable: a round names other runs than one each")
        return plan

    def write(self, plan: Plan) -> None:
        whole_file.write(self.path / FILE, msgspec.json.format(msgspec.json.encode(plan)).decode() + "\n")


def _is_name(folder: str) -> bool:
    """Whether it lies in the comparison's folder: a file from elsewhere leads nowhere else."""
    return Path(folder).name == folder and folder not in ("", ".", "..")
