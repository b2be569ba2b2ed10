"""``weighbridge analyze``: judge a recorded run again."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.exit_codes import OF_OUTCOME
from analyzer.run.folder import RunFolder

from . import console, options
from .folders import FolderError


@click.command(
    epilog=options.examples(
        "weighbridge analyze results/example", "weighbridge analyze results/example --json"
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@options.as_json
def analyze(run: Path, as_json: bool) -> int:
    """Judge the recorded RUN (a folder below results/) from its rows and logs, and write its reports anew."""
    from analyzer.judge import judge  # statistics and plots take a second to import

    from . import verdicts

    folder = RunFolder(run)
    judgement = judge(folder)
    verdicts.show(judgement, as_json=as_json)
    try:
        verdicts.write(folder, judgement)
    except FolderError as error:  # the verdict stands, also where its reports cannot lie
        console.say(f"warning: the reports are as they were: {error}")
    return OF_OUTCOME[judgement.outcome]
