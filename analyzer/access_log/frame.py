"""Access logs as a pandas DataFrame, and the requests that are found again in several proxies' logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from . import custom, mesh_config
from .digest import Digest
from .files import find, opened
from .hops import Reporter
from .knowledge import gather
from .table import SCHEMA, Lines, finished

if TYPE_CHECKING:
    import pandas as pd

Paths = str | Path | Sequence[str | Path]
TAG = ("tag_run", "tag_worker", "tag_seq")


def read(
    paths: Paths, *, pods: Path | None = None, rules: Path | None = None, formats: Sequence[str] = ()
) -> pd.DataFrame:
    """One row for each access line, with the columns of docs/access-log.md; raises LogError.

    ``paths`` and the options are those of ``weighbridge logs``. What became of the other lines stands in
    ``frame.attrs``: ``lines``, ``access``, ``other``, ``malformed``.
    """
    names = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    sources = gather(names, pods, rules)
    batches: list[pa.RecordBatch] = []
    lines = Lines(batches.append)
    judge = custom.judge([one for option in formats for one in mesh_config.formats(option)])
    digest = Digest(judge=judge, keep=lines.keep)
    for file in find(names):
        with opened(file) as (stream, _):
            for _ in digest.read(stream, file.name, file.pod):
                pass
    lines.end()
    table = pa.Table.from_batches(finished(batches, list(digest.groups), digest.hops(sources)), SCHEMA)
    frame = _pandas(table.unify_dictionaries())
    frame.attrs = {name: getattr(digest.account, name) for name in ("lines", "access", "other", "malformed")}
    return frame


def requests(lines: pd.DataFrame, by: Literal["request_id", "tag"] = "request_id") -> pd.DataFrame:
    """One row for each request that ``read`` found lines of, in any number of proxies' logs.

    ``by`` is the x-request-id, or the tag that this project's load sends as User-Agent. Columns: ``start`` of
    the first line, ``lines``, ``proxies``, ``duration`` and ``response_code`` of the outermost line, and how
    many calls ``failed``; then for each destination the versions that were called, in the order of the calls.
    """
    keys = ["request_id"] if by == "request_id" else list(TAG)
    known = lines[lines[keys[0]].notna() & (lines["kind"] == "http")].sort_values("start", kind="stable")
    known = known.assign(
        failed=known["response_class"].isin(["5xx", "none"]), source=known["source"].astype("string")
    )
    outermost = known.sort_values("duration", kind="stable").groupby(keys, observed=True).last()
    grouped = known.groupby(keys, observed=True)
    found = grouped.agg(
        start=("start", "min"),
        lines=("start", "size"),
        proxies=("source", "nunique"),
        failed=("failed", "sum"),
    )
    found.insert(3, "duration", outermost["duration"])
    found.insert(4, "response_code", outermost["response_code"])
    sending = known["reporter"].isin([Reporter.SOURCE.value, Reporter.WAYPOINT.value])
    called = known[sending].astype({"destination": "string", "version": "string"})
    versions = called.groupby([*keys, "destination"], observed=True)["version"].agg("+".join)
    return found.join(versions.unstack("destination"))


def _pandas(table: pa.Table) -> pd.DataFrame:
    import pandas as pd  # takes a second, which who only wants the batches need not wait for

    types = {
        pa.string(): pd.StringDtype("pyarrow"),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get)
    return frame
