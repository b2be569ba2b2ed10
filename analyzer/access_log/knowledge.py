"""What is known besides the lines: pods and rules that the user names, or those of the run they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from .. import bounded
from ..typed_json import NoRecordError, decode
from . import pods as pod_tables
from .errors import LogError
from .files import run_file
from .hops import Sources
from .pods import Pods
from .subsets import Subsets, subsets


class _Told(msgspec.Struct):
    """What a run's file says of routes."""

    documents: str | None = None


def gather(names: Sequence[str], pods: Path | None = None, rules: Path | None = None) -> Sources:
    """Of the logs ``names``; what is given goes before what the run's folder knows. Raises LogError."""
    run = run_file(names)
    given = pods or run
    table = pod_tables.read(given) if given else Pods()
    if rules:
        return Sources(table, _of_file(rules, table))
    return Sources(table, _of_run(run, table) if run else {})


def _of_file(path: Path, pods: Pods) -> Subsets:
    try:
        found = subsets(bounded.read(path).decode(), pods)
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror}", "name a file of DestinationRules") from error
    except UnicodeDecodeError as error:
        raise LogError(f"{path} is no YAML", "name a file of DestinationRules") from error
    if not found:
        raise LogError(
            f"{path} has no DestinationRule whose subsets select a version",
            "`kubectl get destinationrules -A -o yaml` prints them; subsets by other labels need --pods",
        )
    return found


def _of_run(run: Path, pods: Pods) -> Subsets:
    try:
        told = decode(bounded.read_within(run.parent, run), _Told)
    except OSError as error:
        raise LogError(f"cannot read {run}: {error.strerror}", "give the pods with --pods") from error
    except NoRecordError as error:
        raise LogError(f"{run} is no run: {error}", "name the logs themselves") from error
    return subsets(told.documents or "", pods)
