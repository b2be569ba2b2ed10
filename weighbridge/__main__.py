"""The table of verbs, and the one place that reports errors and exits."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from analyzer.errors import JudgementError
from analyzer.exit_codes import ExitCode
from analyzer.plan import PlanError
from analyzer.records import WeightsError
from analyzer.requests import RowsError
from analyzer.split import SplitError
from locustfiles._settings import SettingsError
from setup.documents import DocumentError
from setup.local.bookinfo.spec import BookinfoError
from setup.mesh import MeshError

from . import analyze, console, demo, down, fault, route, run, stars, status, up
from .load import LoadError

VERBS: Sequence[click.Command] = (
    demo.demo,
    up.up,
    status.status,
    route.route,
    fault.fault,
    run.run,
    analyze.analyze,
    stars.stars,
    down.down,
)


class Terminated(BaseException):
    """SIGTERM: leave the way Ctrl-C does, so that everything is cleaned up."""


@click.group(
    commands={verb.name or "": verb for verb in VERBS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `weighbridge demo`; every verb has --help with examples.",
)
@click.version_option(package_name="weighbridge")
def weighbridge() -> None:
    """Prove whether a mesh splits traffic as its weights say."""


def main() -> None:
    """Run the verb that was asked for and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: Sequence[str]) -> int:
    """The exit code of one invocation; every error is reported here and nowhere else."""
    try:
        return int(weighbridge.main(list(arguments), standalone_mode=False) or ExitCode.HOLDS)
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        return _failed(arguments, ExitCode.USAGE, error.format_message(), usage)
    except (
        WeightsError,
        DocumentError,
        SettingsError,
        PlanError,
        SplitError,
        JudgementError,
        RowsError,
    ) as error:
        return _failed(arguments, ExitCode.USAGE, str(error), error.hint)
    except (MeshError, BookinfoError, LoadError) as error:
        return _failed(arguments, ExitCode.FAILED, str(error), error.hint)
    except OSError as error:
        return _failed(arguments, ExitCode.FAILED, _of_system(error), "")
    except (KeyboardInterrupt, click.Abort, Terminated):
        return _failed(arguments, ExitCode.INTERRUPTED, "interrupted", "")


def _failed(arguments: Sequence[str], code: ExitCode, message: str, hint: str) -> int:
    if "--json" in arguments:
        console.emit({"error": {"code": int(code), "message": message, "hint": hint}})
    else:
        console.explain(message, hint)
    return code


def _of_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    main()
