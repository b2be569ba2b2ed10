"""``weighbridge stars``: the tutorial's ``curl | grep color``, made right."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from analyzer.errors import JudgementError
from analyzer.pages import stars as pages
from analyzer.records import UNKNOWN, Distribution, Page

from . import console, options


@click.command(
    epilog=options.examples(
        "curl -s $URL/productpage | weighbridge stars -",
        "for i in $(seq 20); do curl -s $URL/productpage; done | weighbridge stars -",
        "weighbridge stars saved/*.html --json",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.as_json
def stars(files: tuple[Path, ...], as_json: bool) -> None:
    """Tell version, pod and trouble of every saved /productpage in FILE...; - is stdin.

    A file may hold several pages, one after the other.
    """
    read = [(name, pages.page(body)) for name, body in _bodies(files)]
    totals = Distribution.of(page.version or UNKNOWN for _, page in read)
    if as_json:
        console.emit({"pages": [_row(name, page) for name, page in read], "totals": totals.as_dict()})
    else:
        console.show(_table(read))
        console.show("  ".join(f"{version}: {count}" for version, count in totals.counts) or "no page")


def _bodies(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        try:
            data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        except OSError as error:
            raise JudgementError(
                f"cannot read {file}: {error.strerror}", "name saved pages, or - for stdin"
            ) from error
        for body in pages.split(data):
            yield str(file), body


def _row(name: str, page: Page) -> dict[str, Any]:
    return {
        "file": name,
        "version": page.version,
        "pod": page.pod,
        "trouble": page.trouble,
        "details_trouble": page.details_trouble,
    }


def _table(read: Sequence[tuple[str, Page]]) -> Table:
    table = Table("page", "version", "pod", "trouble", box=None, pad_edge=False)
    for name, page in read:
        troubles = [str(page.trouble)] if page.trouble else []
        troubles += ["details"] if page.details_trouble else []
        table.add_row(
            console.plain(name),
            page.version or UNKNOWN,
            console.plain(page.pod or "-"),
            ", ".join(troubles) or "-",
        )
    return table
