"""Who called whom while a run lasted, by the logs of every proxy in its folder."""

from __future__ import annotations

from ..access_log.digest import Digest
from ..access_log.files import find, opened
from ..access_log.graph import Graph, graph
from ..access_log.knowledge import gather
from ..access_log.survey import survey
from .folder import RunFolder


def called(folder: RunFolder) -> Graph | None:
    """Every call that the proxies logged, other clients' included; None where the folder holds no log."""
    if not any(folder.access_log.rglob("*.log")):
        return None
    name, digest = str(folder.path), Digest()
    for file in find([name]):
        with opened(file) as (stream, _):
            for _ in digest.read(stream, file.name, file.pod):
                pass
    found = graph(survey(digest, gather([name])).splits)
    return found if found.edges else None
