"""``weighbridge verify``: a run held against what Prometheus, Kiali and Zipkin say of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.exit_codes import OF_OUTCOME

from . import console, folders, options

if TYPE_CHECKING:
    from analyzer.telemetry.comparison import Comparison
    from analyzer.telemetry.own import Own

_NAMESPACE = "default"


@click.command(
    epilog=options.examples(
        "weighbridge verify --prometheus http://127.0.0.1:9090",
        "weighbridge verify results/example --prometheus http://127.0.0.1:9090 --kiali http://127.0.0.1:20001",
        "weighbridge verify --zipkin http://127.0.0.1:9411 --json",
        "weighbridge open prometheus      a cluster's, at the URL that it prints",
    )
)
@click.argument("run", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--prometheus", metavar="URL", help="Of the local mesh that the run loaded, if not given.")
@click.option("--kiali", metavar="URL", help="Kiali; its root is /kiali where the URL has no path.")
@click.option("--zipkin", metavar="URL", help="Zipkin, or Jaeger's port for it.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=45.0,
    show_default=True,
    help="Seconds to wait until Prometheus has read every proxy since the run ended.",
)
@options.as_json
def verify(
    run: Path, prometheus: str | None, kiali: str | None, zipkin: str | None, wait: float, as_json: bool
) -> int:
    """Count the reviews calls of RUN (the latest below results/ if none is given) as telemetry has them.

    Prometheus: every version's calls, before the run and after, to the last one. Kiali: the shares of its
    graph. Zipkin: each traced call against the log line of its page. Exits 0 where all agree, 1 where one
    differs, 3 where one has nothing to compare.
    """
    from analyzer.telemetry.comparison import overall  # tables take a second to import
    from analyzer.telemetry.own import own

    ours = own(folders.latest(run))
    recorded = (ours.run.mesh or {}).get("prometheus")
    prometheus = prometheus or (recorded if isinstance(recorded, str) and not (kiali or zipkin) else None)
    if not (prometheus or kiali or zipkin):
        raise click.UsageError("name a server: --prometheus, --kiali or --zipkin")
    comparisons = tuple(_compared(ours, prometheus, kiali, zipkin, wait))
    outcome = overall(comparisons)
    if as_json:
        told = {"run": str(folders.latest(run).path), "id": ours.run.id, "calls": ours.total}
        servers = [one.as_dict() for one in comparisons]
        code = int(OF_OUTCOME[outcome])
        console.emit({"outcome": outcome.value, "exit_code": code, **told, "servers": servers})
    else:
        from analyzer.report import telemetry

        console.show(telemetry.report(ours, comparisons))
    return OF_OUTCOME[outcome]


def _compared(
    ours: Own, prometheus: str | None, kiali: str | None, zipkin: str | None, wait: float
) -> Iterator[Comparison]:
    from .telemetry_servers import checked

    urls = {"Prometheus": prometheus, "Kiali": kiali, "Zipkin": zipkin}
    known = {name: checked(name, url) for name, url in urls.items() if url}
    if "Prometheus" in known:
        yield _prometheus(ours, known["Prometheus"], wait)
    if "Kiali" in known:
        yield _kiali(ours, known["Kiali"])
    if "Zipkin" in known:
        yield _zipkin(ours, known["Zipkin"])


def _prometheus(ours: Own, url: str, wait: float) -> Comparison:
    from analyzer.telemetry import prometheus

    from . import telemetry_servers as servers

    earlier, later, read = prometheus.questions(ours.run)

    def series(question: prometheus.Question) -> tuple[prometheus.Series, ...]:
        parameters = {"query": question.query, "time": f"{min(question.time, time.time()):.3f}"}
        return prometheus.series(servers.ask("Prometheus", f"{url}/api/v1/query", parameters))

    if time.time() < later.time:  # the run is so young that more may come
        servers.until(
            lambda: prometheus.is_complete(series(later), ours.run),
            wait,
            lambda: console.say("waiting until Prometheus has read every proxy once more"),
        )
    return prometheus.compare(ours, url, series(earlier), series(later), series(read))


def _kiali(ours: Own, url: str) -> Comparison:
    from urllib.parse import urlsplit

    from analyzer.telemetry import kiali

    from . import telemetry_servers as servers

    root = url if urlsplit(url).path else f"{url}/kiali"
    parameters = kiali.question(ours.run, _namespace(ours))
    graph = servers.ask("Kiali", f"{root}/api/namespaces/graph", parameters)
    return kiali.compare(ours, url, kiali.rates(graph, ours.run))


def _zipkin(ours: Own, url: str) -> Comparison:
    from analyzer.telemetry import zipkin

    from . import telemetry_servers as servers

    traces = servers.ask("Zipkin", f"{url}/api/v2/traces", zipkin.question(ours.run, _namespace(ours)))
    return zipkin.compare(ours, url, zipkin.traced(traces, ours.run))


def _namespace(ours: Own) -> str:
    """Where the callers stand."""
    return next((pod.namespace for pod in ours.run.pods_of("productpage")), _NAMESPACE)
