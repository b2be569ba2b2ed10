"""``weighbridge analyze``: judge a recorded run again."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.exit_codes import OF_OUTCOME
from analyzer.run import RunFolder

from . import options


@click.command(
    epilog=options.examples(
        "weighbridge analyze results/example", "weighbridge analyze results/example --json"
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@options.as_json
def analyze(run: Path, as_json: bool) -> int:
    """Judge the recorded RUN (a folder below results/) from its rows and logs, and write its reports anew."""
    from . import verdicts  # statistics and plots take a second to import

    judgement = verdicts.write(RunFolder(run))
    verdicts.show(judgement, as_json=as_json)
    return OF_OUTCOME[judgement.outcome]
