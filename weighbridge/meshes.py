"""The mesh that the options name: made here, found standing, or started in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from analyzer.exit_codes import ExitCode
from setup import processes
from setup.local.envoy import tracing
from setup.local.mesh import LocalMesh
from setup.local.standing import Layout
from setup.local.topology import replica_names
from setup.mesh import Mesh, MeshError, MeshSettingError

from . import console, options

if TYPE_CHECKING:
    from setup.cluster.addon_manifests import Addon
    from setup.cluster.mesh import ClusterMesh

_START_LIMIT = 30.0
_LOCAL_ONLY = ("mesh_name", "host", "port", "generation", "log_format", "zipkin", "trace_sampling")


def is_cluster(asked: Mapping[str, Any]) -> bool:
    return bool(asked["mesh"] == "cluster")


def standing(asked: Mapping[str, Any]) -> Mesh:
    """The mesh that ``options.which_mesh`` names, whoever brought it up."""
    if is_cluster(asked):
        return cluster(asked)
    refuse("context", "namespace", because="--mesh cluster")
    return LocalMesh(asked["mesh_name"])


def described(asked: Mapping[str, Any]) -> Mesh:
    """The mesh as the options of ``options.local_mesh`` name and describe it; not started."""
    return cluster(asked) if is_cluster(asked) else local(asked)


def cluster(asked: Mapping[str, Any]) -> ClusterMesh:
    """Istio in the cluster that the options name, as ``options.build`` wants it; nothing is sent yet."""
    from setup.cluster import downloads
    from setup.cluster.api import Api  # the client takes a third of a second to import
    from setup.cluster.bookinfo import Inject
    from setup.cluster.connection import connect
    from setup.cluster.install import Settings
    from setup.cluster.mesh import ClusterMesh
    from setup.cluster.tutorial import Wanted

    refuse(*_LOCAL_ONLY, "replicas", "detach", "prometheus", because="the local mesh")
    wanted = Wanted()
    if "istioctl" in asked:
        istioctl = downloads.Wanted(asked["istioctl"], asked["istio_release"], asked["istio_version"])
        wanted = replace(wanted, istioctl=istioctl)
    if "inject" in asked:
        wanted = replace(
            wanted,
            inject=Inject(asked["inject"]),
            reviews=options.versions_of(asked["reviews"]),
            settings=Settings(asked["profile"]),
            replicas=asked["scale"],
            addons=_addons(asked["addons"]),
            domain=asked["domain"],
        )
    return ClusterMesh(Api(*connect(asked["context"], asked["namespace"])), wanted, console.say)


def helm(asked: Mapping[str, Any]) -> str:
    """How to install Istio with Helm; of the version that the options name, or that istioctl has."""
    from setup.cluster import downloads, install  # brings the Kubernetes client with it
    from setup.cluster.istio_version import found_in

    version = found_in(asked["istio_version"] or "")
    if version is None:
        version = downloads.find(downloads.Wanted(asked["istioctl"], asked["istio_release"])).version
    return install.helm(version, install.Settings(asked["profile"])).rstrip()


def _addons(names: str) -> Sequence[Addon]:
    """Those of ``--addons``, a list with commas between."""
    from setup.cluster.addon_manifests import USUAL, chosen  # brings the Kubernetes client with it

    return chosen(USUAL if names == "usual" else [name.strip() for name in names.split(",") if name.strip()])


def refuse(*names: str, because: str) -> None:
    """Refuse options of the command line that mean nothing to the other kind of mesh."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is for {because}")


def local(asked: Mapping[str, Any]) -> LocalMesh:
    """The local mesh as the options of ``options.local_mesh`` describe it; not started."""
    replicas = options.replicas_of(asked["replicas"])
    if unknown := replica_names(replicas):
        raise click.BadParameter(
            f"there is no workload {unknown[0]}; write for example reviews-v2=3", param_hint="--replicas"
        )
    layout = Layout(
        asked["host"],
        asked["port"],
        asked["generation"],
        asked["log_format"],
        replicas,
        asked.get("prometheus", False),
        tracing.refuse_bad(asked["zipkin"] or ""),
        asked["trace_sampling"],
    )
    return LocalMesh(asked["mesh_name"], layout)


def detached(asked: Mapping[str, Any]) -> LocalMesh:
    """Start the mesh in a process of its own and give it back when it is ready."""
    local(asked)  # refuse bad options here, where they are seen
    with tempfile.TemporaryFile() as result:
        owner = subprocess.Popen(
            [sys.executable, "-P", "-m", "weighbridge", "up", "--json", *_arguments(asked)],
            stdin=subprocess.DEVNULL,
            stdout=result,
            stderr=subprocess.DEVNULL,
            cwd=Path.cwd(),
            start_new_session=True,
        )
        try:
            return _standing(owner, asked["mesh_name"])
        except BaseException:  # Ctrl-C among them
            with processes.uninterrupted():
                owner.terminate()
                owner.wait()
            result.seek(0)
            if error := _error(result.read()):
                raise error from None
            raise


def _standing(owner: subprocess.Popen[bytes], name: str) -> LocalMesh:
    """The owner's mesh as soon as it is ready."""
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline and owner.poll() is None:
        mesh = LocalMesh(name)
        if mesh.is_up and mesh.owner == owner.pid:
            return mesh
        time.sleep(0.02)
    raise MeshError(f"the mesh did not start within {_START_LIMIT:.0f} s", "look at `weighbridge up`")


def _arguments(asked: Mapping[str, Any]) -> list[str]:
    plain = [f"--{name.replace('_', '-')}={asked[name]}" for name in _LOCAL_ONLY if asked[name] is not None]
    watched = ["--prometheus"] if asked["prometheus"] else []
    return [*plain, *watched, *(f"--replicas={pair}" for pair in asked["replicas"])]


def _error(result: bytes) -> MeshError | MeshSettingError | None:
    """What the owner printed as its error, where it was not ended by us."""
    try:
        told = json.loads(result)["error"]
    except (ValueError, KeyError):
        return None
    if told["code"] == ExitCode.INTERRUPTED:
        return None
    kind = MeshSettingError if told["code"] == ExitCode.USAGE else MeshError
    return kind(told["message"], told["hint"])
