"""Options that several verbs share, so that they read and behave alike everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.records import Weights

F = TypeVar("F", bound=Callable[..., Any])


class WeightsType(click.ParamType[Weights]):
    """``v2=90,v3=10``."""

    name = "weights"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Weights:
        return value if isinstance(value, Weights) else Weights.parse(value)


WEIGHTS = WeightsType()

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, for machines."
)

mesh_name = click.option(
    "--mesh-name",
    default="default",
    show_default=True,
    help="Which local mesh; several can run side by side.",
)


def examples(*lines: str) -> str:
    """An epilog whose lines stay as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def claim(verb: F) -> F:
    """What is claimed of the weights, and at which risk."""
    return _with(_CLAIM, verb)


def load(verb: F) -> F:
    """What is claimed, and how much is loaded to show it."""
    return _with(_LOAD, verb)


def readers(verb: F) -> F:
    """How many read, how fast, and how long they wait for a page."""
    return _with(_READERS, verb)


def watched_load(verb: F) -> F:
    """The same of a load that somebody looks on at, and ends."""
    return _with(_WATCHED_LOAD, verb)


def which_mesh(verb: F) -> F:
    """Which of the meshes that stand is meant."""
    return _with(_WHICH_MESH, verb)


def cluster(verb: F) -> F:
    """Whether a cluster is meant, and which."""
    return _with(_CLUSTER, verb)


def build(verb: F) -> F:
    """What a cluster can be asked to become."""
    return _with(_BUILD, verb)


def istioctl(verb: F) -> F:
    """Which istioctl is used."""
    return _with(_ISTIOCTL, verb)


def local_mesh(verb: F) -> F:
    """What a local mesh can be asked to be."""
    return _with(_LOCAL_MESH, verb)


def _with(several: Sequence[Callable[[F], F]], verb: F) -> F:
    for option in reversed(several):
        verb = option(verb)
    return verb


def replicas_of(pairs: tuple[str, ...]) -> Mapping[str, int]:
    """Read ``reviews-v2=3``; raises click.BadParameter with what to write instead."""
    replicas: dict[str, int] = {}
    for pair in pairs:
        workload, _, count = pair.partition("=")
        if not count.isdecimal() or int(count) > 20:
            raise click.BadParameter(
                f"{pair!r}: write for example reviews-v2=3 (0 to 20)", param_hint="--replicas"
            )
        replicas[workload] = int(count)
    return replicas


def versions_of(text: str) -> tuple[str, ...]:
    """Read ``v2,v3``; raises click.BadParameter for what is no version of reviews."""
    from setup.routes import REVIEWS_VERSIONS  # the schema of documents need not be loaded for other verbs

    versions = tuple(dict.fromkeys(text.split(",")))
    if unknown := [one for one in versions if one not in REVIEWS_VERSIONS]:
        raise click.BadParameter(
            f"reviews has no version {unknown[0]!r}; write some of {', '.join(REVIEWS_VERSIONS)}",
            param_hint="--reviews",
        )
    return versions


OF_ISTIOCTL = ("istioctl", "istio_release", "istio_version")
OF_BUILD = ("dry_run", "inject", "reviews", "profile", "scale", "addons", "domain", *OF_ISTIOCTL)
"""The parameters of ``istioctl`` and ``build``: they mean nothing to a local mesh."""

_CLAIM = (
    click.option(
        "--within",
        type=click.FloatRange(0, 50, min_open=True),
        help="Points a share may differ from its weight; suggested from the weights if not given.",
    ),
    click.option(
        "--alpha",
        type=click.FloatRange(0, 0.5, min_open=True),
        default=0.01,
        show_default=True,
        help="The probability of a false PASS, and of a false FAIL, that you accept.",
    ),
    click.option(
        "--power",
        type=click.FloatRange(0.5, 1, max_open=True),
        default=0.95,
        show_default=True,
        help="The probability that a correct mesh is proved correct within the plan.",
    ),
)

_READERS = (
    click.option(
        "--users", type=click.IntRange(1, 10_000), default=8, show_default=True, help="Concurrent readers."
    ),
    click.option(
        "--rate",
        type=click.FloatRange(0),
        default=0.0,
        help="Pages per second over all readers; 0 is as fast as they answer.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 300),
        default=15.0,
        show_default=True,
        help="Seconds a page may take; one that takes longer is a page without an answer.",
    ),
)

_WATCHED_LOAD = (
    *_CLAIM,
    click.option(
        "--claim",
        "claims",
        multiple=True,
        metavar="CLAIM",
        help="A further claim, such as 'p95 of v3 <= 1.1 x v2' or 'errors of v3 < 1%'.",
    ),
    click.option(
        "--claims",
        "claims_file",
        type=click.Path(path_type=Path),
        help="A file of claims, one a line; # begins a comment.",
    ),
    click.option(
        "--requests",
        type=click.IntRange(1),
        help="At most so many pages; 1.6 times the plan if neither this nor --time is given.",
    ),
    click.option("--time", "seconds", type=click.FloatRange(1), help="At most so many seconds."),
    *_READERS,
    click.option(
        "--out", type=click.Path(path_type=Path), help="Folder of the run; results/<run> if not given."
    ),
)

_LOAD = (
    *_WATCHED_LOAD,
    click.option(
        "--until-certain/--to-the-end",
        default=True,
        help="Stop as soon as the verdict is certain (default), or load to the end.",
    ),
)

_CLUSTER = (
    click.option(
        "--mesh",
        type=click.Choice(["local", "cluster"]),
        default="local",
        show_default=True,
        help="Envoys on this machine, or Istio in a Kubernetes cluster.",
    ),
    click.option(
        "--context", help="Which cluster: a context of the kubeconfig; needed where it has several."
    ),
    click.option("--namespace", help="Bookinfo's namespace; that of the context if not given."),
)

_WHICH_MESH = (mesh_name, *_CLUSTER)

_ISTIOCTL = (
    click.option(
        "--istioctl",
        type=click.Path(path_type=Path),
        help="The istioctl to use; the one on PATH if not given.",
    ),
    click.option(
        "--istio-release",
        type=click.Path(path_type=Path),
        help="A release of Istio at hand: folder or archive.",
    ),
    click.option("--istio-version", help="A release of Istio to fetch, such as 1.30.3."),
)

_BUILD = (
    click.option("--dry-run", is_flag=True, help="Say what each step would do, and do nothing."),
    click.option(
        "--inject",
        type=click.Choice(["productpage", "all", "namespace"]),
        default="all",
        show_default=True,
        help="Which pods get a sidecar: productpage alone as the tutorial begins, all, or by the namespace.",
    ),
    click.option(
        "--reviews",
        default="v1,v2,v3",
        show_default=True,
        help="Versions of reviews to release; those that run already stay.",
    ),
    click.option(
        "--profile",
        type=click.Choice(["demo", "default", "minimal"]),
        default="demo",
        show_default=True,
        help="Istio's profile, where Istio is not there yet.",
    ),
    *_ISTIOCTL,
    click.option(
        "--scale",
        type=click.IntRange(0, 10),
        default=2,
        show_default=True,
        help="Replicas of istiod and the gateways, at least; 0 leaves them as they are.",
    ),
    click.option(
        "--addons",
        default="",
        metavar="LIST",
        help="Of prometheus,grafana,kiali,zipkin,jaeger; `usual` for the first four. From Istio's release.",
    ),
    click.option("--domain", help="Serve each addon as ADDON.DOMAIN through the gateway, too."),
)

_LOCAL_MESH = (
    *_WHICH_MESH,
    click.option(
        "--port",
        default=0,
        type=click.IntRange(0, 65535),
        help="Port of the ingress gateway; a free one if not given.",
    ),
    click.option("--host", default="127.0.0.1", show_default=True, help="Address the gateway listens on."),
    click.option(
        "--generation",
        type=click.Choice(["A", "B", "C"]),
        default="C",
        show_default=True,
        help="Bookinfo's page: A (Istio to 1.13), B (to 1.22), C (since 1.23).",
    ),
    click.option(
        "--replicas", multiple=True, metavar="WORKLOAD=N", help="Pods of a workload, such as reviews-v2=3."
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="The proxies' access log, as Istio writes it.",
    ),
    click.option(
        "--zipkin",
        metavar="URL",
        help="Have the proxies send their spans to this Zipkin, such as http://127.0.0.1:9411.",
    ),
    click.option(
        "--trace-sampling",
        type=click.FloatRange(0, 100),
        default=1.0,
        show_default=True,
        help="Percent of the pages that are traced; Istio's default is 1, that of its demo profile 100.",
    ),
)
