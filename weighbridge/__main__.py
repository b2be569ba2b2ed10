"""The table of verbs, and the one place that reports errors and exits."""

from __future__ import annotations

import os
import signal
import sys

if os.path.basename(sys.argv[0]) in ("weighbridge", "__main__.py"):  # noqa: PTH119 - before any import of ours
    # Until ``main`` stands ready to end things in order there is nothing to end, and nothing to trace back.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import importlib
from collections.abc import Sequence

import click

from analyzer.errors import InputError, WorkError
from analyzer.exit_codes import ExitCode

from . import console, signals
from .signals import Terminated

VERBS = {
    "demo": "The main job in one command: 90/10 on a local mesh, loaded, judged, reported.",
    "up": "Start a local mesh of real Envoys, with Bookinfo behind them.",
    "status": "Show the meshes that are up, and the routes in force.",
    "route": "Apply weights or Istio documents; in force when it returns.",
    "fault": "Make a service of the local mesh fail or answer late.",
    "plan": "Say how many requests a claim needs, before any is sent.",
    "run": "Route, load, collect and judge.",
    "web": "Show Locust's own page with the split, live, in a tab; weights can be changed there.",
    "worker": "Send the load of a run on another machine.",
    "analyze": "Judge a recorded run again.",
    "trace": "Show one request's way over all proxies, from the logs of its run.",
    "diagnose": "Say why a recorded run splits as it does, best cause first, each with its fix.",
    "compare": "Run configurations in turn, and tell what differs and how sure that is.",
    "verify": "Hold a run against what Prometheus, Kiali and Zipkin say of it.",
    "gate": "Answer Flagger and Argo Rollouts whether a run passes, over HTTP.",
    "logs": "Tell how any mesh splits its traffic, and what fails, from istio-proxy access logs.",
    "selftest": "Measure how often the verdict itself is wrong, on real Envoys.",
    "stars": "Tell version, pod and trouble of saved pages.",
    "open": "Show Grafana, Kiali, Zipkin, Jaeger or Prometheus of a cluster, through a tunnel.",
    "down": "Take a local mesh down.",
}
"""Each verb is the command of its own name in the module of its own name."""

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""NumPy's OpenBLAS starts threads that spin for a tenth of a second, also in every process of a load; nothing
here multiplies matrices."""


class Verbs(click.Group):
    """Imports a verb when it is used, because statistics and plots take seconds that ``up`` does not need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        verb: click.Command = getattr(importlib.import_module(f".{cmd_name}", __package__), cmd_name)
        return verb

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click suggests from what is imported already: nothing
            raise click.NoSuchCommand(error.command_name, possibilities=VERBS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `weighbridge demo`; every verb has --help with examples.",
)
@click.version_option(package_name="weighbridge")
def weighbridge() -> None:
    """Prove whether a mesh splits traffic as its weights say."""


def main() -> None:
    """Run the verb that was asked for and exit with its code."""
    os.environ.setdefault(*_ONE_THREAD)
    os.umask(0o077)  # what a run, a mesh or a page leaves behind is its owner's alone
    signals.install()
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: Sequence[str]) -> int:
    """The exit code of one invocation; every error is reported here and nowhere else."""
    try:
        return int(
            weighbridge.main(list(arguments), prog_name="weighbridge", standalone_mode=False)
            or ExitCode.HOLDS
        )
    except click.exceptions.NoArgsIsHelpError as error:  # nothing was asked for, and so nothing was done
        console.say(error.format_message())
        return ExitCode.USAGE
    except click.UsageError as error:
        verb = error.ctx.command_path if error.ctx else "weighbridge"
        message = error.format_message().rstrip(".")
        return _failed(arguments, ExitCode.USAGE, message, f"see `{verb} --help`")
    except InputError as error:
        return _failed(arguments, ExitCode.USAGE, str(error), error.hint)
    except WorkError as error:
        return _failed(arguments, ExitCode.FAILED, str(error), error.hint)
    except OSError as error:
        return _failed(arguments, ExitCode.FAILED, _of_system(error), "")
    except SystemExit:  # click leaves so, with the code of a refuted claim, where nobody reads its help
        return ExitCode.HOLDS
    except (KeyboardInterrupt, click.Abort, Terminated):
        return _failed(arguments, ExitCode.INTERRUPTED, "interrupted", "")


def _failed(arguments: Sequence[str], code: ExitCode, message: str, hint: str) -> int:
    if "--json" in arguments:
        try:
            console.emit({"error": {"code": int(code), "message": message, "hint": hint}})
        except OSError:  # nothing can be said there, so it is said here
            console.explain(message, hint)
    else:
        console.explain(message, hint)
    return code


def _of_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"


if __name__ == "__main__":
    main()
