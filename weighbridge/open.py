"""``weighbridge open``: an addon's page through a tunnel of one's own, for as long as it is looked at."""

from __future__ import annotations

import os
import webbrowser

import click

from setup.cluster import door
from setup.cluster.addon_manifests import ADDONS
from setup.cluster.addons import way
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.installed import ISTIO_NAMESPACE
from setup.mesh import MeshSettingError

from . import console, options
from .signals import Terminated


@click.command(
    epilog=options.examples(
        "weighbridge open grafana",
        "weighbridge open kiali --browser",
        "weighbridge open prometheus --context kind-mesh --port 9999",
    )
)
@click.argument("addon", type=click.Choice(list(ADDONS)))
@click.option("--context", help="Which cluster: a context of the kubeconfig; needed where it has several.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="The local port; the addon's own, or a free one, if not given.",
)
@click.option("--browser", is_flag=True, help="Show the page in a browser, too.")
@options.as_json
def open(addon: str, context: str | None, port: int | None, browser: bool, as_json: bool) -> None:  # noqa: A001 - a verb is called by its name
    """Lead a port of this machine's loopback to an addon in the cluster, until Ctrl-C."""
    chosen = ADDONS[addon]
    api = Api(*connect(context))
    inside = way(api, chosen)

    def ready(taken: int) -> None:
        url = f"http://127.0.0.1:{taken}{chosen.page}"
        if as_json:
            console.emit({"url": url, "addon": addon})
        else:
            console.show(url)
        console.say("Ctrl-C ends it")
        if browser:
            webbrowser.open(url)

    local = inside.port if port is None else port
    try:
        door.serve(api, ISTIO_NAMESPACE, inside.pod, inside.port, local, ready)
    except (KeyboardInterrupt, Terminated):
        console.say("the tunnel is closed")
    except OSError as error:
        raise MeshSettingError(
            f"port {local} cannot be taken: {os.strerror(error.errno or 0).lower()}",
            "choose another with --port, or any with --port 0",
        ) from error
