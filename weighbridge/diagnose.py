"""``weighbridge diagnose``: why a recorded run does not split as it was promised, and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from analyzer.errors import JudgementError
from analyzer.exit_codes import OF_OUTCOME
from analyzer.run.folder import RunFolder

from . import console, folders, options


@click.command(
    epilog=options.examples(
        "weighbridge diagnose                    the newest run below results/",
        "weighbridge diagnose results/example",
        "weighbridge diagnose results/example --json",
    )
)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@options.as_json
def diagnose(run: Path | None, as_json: bool) -> int:
    """Say why the recorded RUN splits as it does: causes, best first, each with its evidence and its fix.

    Without RUN the newest one below results/ is taken. The exit code is that of the run's verdict.
    """
    from analyzer.judge import judge  # statistics take a second to import
    from analyzer.report import causes

    judgement = judge(RunFolder(run or newest()))
    code = OF_OUTCOME[judgement.outcome]
    if as_json:
        head = {"verdict": judgement.outcome.value, "exit_code": int(code), "run": judgement.folder}
        console.emit(head | judgement.diagnosis.as_dict())
    else:
        console.show("\n".join(causes.text(judgement)))
    return code


def newest() -> Path:
    """The run that was begun last; raises JudgementError where there is none."""
    found: list[tuple[float, Path]] = []
    for file in folders.RESULTS.glob("*/run.json"):
        with suppress(JudgementError):  # a broken one is not the newest
            found.append((RunFolder(file.parent).read().started, file.parent))
    if not found:
        raise JudgementError(f"there is no run below {folders.RESULTS}/", "name the folder of a run")
    return max(found)[1]
