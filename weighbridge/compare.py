"""``weighbridge compare``: configurations beside each other, run in turn or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import console, folders, load_options, meshes, options
from .run import mesh_for

if TYPE_CHECKING:
    from analyzer.compare.claims import Claim
    from analyzer.compare.comparison import Comparison
    from analyzer.compare.folder import ComparisonFolder

    from .compare_output import Pages

_SECONDS = 10.0
"""Of each run, where neither --time nor --requests is given."""


_QUANTILES = (0.5, 0.95)
"""Each one more makes all intervals wider, since they hold together; a claim adds its own."""


@click.command(
    epilog=options.examples(
        "weighbridge compare v2=90,v3=10 v2=50,v3=50",
        "weighbridge compare v2=50,v3=50 v2=50,v3=50      A/A: what does noise look like?",
        "weighbridge compare v2=50,v3=50 v2=50,v3=50+retries.yaml      the same weights, more documents",
        "weighbridge compare before.yaml after.yaml --claim 'p95 <= 1.1 x' --claim 'errors <= 1 point'",
        "weighbridge compare results/20261123-231502-4f1c --html compare.html      a comparison again",
        "weighbridge compare runs/monday runs/tuesday      recorded runs, a folder of them a side",
    )
)
@click.argument("what", nargs=-1, required=True)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    help="Runs of each configuration, taken in turn; the order turns, too.",
)
@click.option("--time", "seconds", type=click.FloatRange(1), help="Seconds of each run; 10 if not given.")
@click.option("--requests", type=click.IntRange(1), help="Pages of each run, in place of --time.")
@options.readers
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="The probability that anything in the report is wrong: all intervals hold together with the rest.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 100, min_open=True),
    default=10.0,
    show_default=True,
    help="Percent. Where a latency or throughput may differ by more, nobody can tell that it does not.",
)
@click.option(
    "--points",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help="The same for shares and error rates, in points.",
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="CLAIM",
    help="What must hold against the first, such as 'p95 of v3 <= 1.1 x' or 'errors <= 1 point'.",
)
@click.option("--unlike", is_flag=True, help="Compare recorded runs of another mesh, page or load as well.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page to this file; it works offline.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write this file, for a pull request.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the comparison; results/<id> if not given."
)
@load_options.load
@options.local_mesh
@options.as_json
def compare(
    what: tuple[str, ...],
    rounds: int,
    alpha: float,
    margin: float,
    points: float,
    claims: tuple[str, ...],
    unlike: bool,
    html: Path | None,
    markdown: Path | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Run configurations in turn and tell what differs, by how much, and how sure that is.

    WHAT are configurations: weights, files of Istio documents, or both (v2=90,v3=10+retries.yaml). The first
    is what the others are compared with. Recorded runs, folders of runs, or the folder of an earlier
    comparison are compared without a new run.

    Exits 0 whatever differs; 1 where a claim is refuted, 3 where one is open.
    """
    from analyzer.compare.claims import parse  # statistics take a second to import
    from analyzer.compare.folder import ComparisonFolder

    from . import compare_output

    pages = compare_output.Pages(html, markdown)
    pages.check()
    limits = _Limits(alpha, margin / 100, points / 100, tuple(map(parse, claims)))
    recorded = [Path(one) for one in what if Path(one).is_dir()]
    if recorded and len(recorded) < len(what):
        raise click.UsageError("give configurations to run, or folders that are recorded, not both")
    if recorded:
        found = limits.compare(recorded, unlike=unlike)
        pages.write(found)
        compare_output.show(found, as_json=as_json)
        return found.exit_code
    with folders.fresh(asked["out"]) as fresh:
        return _run(what, rounds, ComparisonFolder(fresh.folder.path), asked, limits, pages, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What may be called no difference, and at which risk."""

    alpha: float
    margin: float
    points: float
    claims: tuple[Claim, ...]

    def compare(self, folders: Sequence[Path], *, unlike: bool = False) -> Comparison:
        from analyzer.compare.differences import compare  # the same second
        from analyzer.compare.sides import sides

        found = sides(folders, self._quantiles, unlike=unlike)
        return compare(
            found.sides,
            interleaved=found.interleaved,
            alpha=self.alpha,
            margin=self.margin,
            points=self.points,
            claims=self.claims,
            warnings=found.warnings,
        )

    @property
    def _quantiles(self) -> tuple[float, ...]:
        """The usual ones, and those that are claimed."""
        claimed = [claim.metric.quantile for claim in self.claims if claim.metric.quantile is not None]
        return tuple(sorted({*_QUANTILES, *claimed}))


def _run(
    what: Sequence[str],
    rounds: int,
    folder: ComparisonFolder,
    asked: dict[str, Any],
    limits: _Limits,
    pages: Pages,
    *,
    as_json: bool,
) -> int:
    from . import compare_output
    from .configurations import read
    from .rounds import play

    if asked["workers"]:
        raise click.UsageError("workers of other machines serve one run each; give it --processes")
    if len(what) < 2:
        raise click.UsageError(
            "give two configurations or more; the first is what the others are compared with"
        )
    configurations = read(what, meshes.described(asked).namespace)
    asked["seconds"] = asked["seconds"] or (None if asked["requests"] else _SECONDS)
    with mesh_for(asked) as mesh:
        played = play(configurations, rounds, folder, mesh, asked)
    if not played.plan.rounds:
        raise played.trouble or KeyboardInterrupt
    found = limits.compare([folder.path])
    compare_output.keep(found, folder.path)
    pages.write(found)
    if played.trouble:  # it is the one thing to say; the finished rounds can be seen
        console.say(f"what was finished before: `weighbridge compare {folder.path}`")
        raise played.trouble
    compare_output.show(found, as_json=as_json)
    return found.exit_code
