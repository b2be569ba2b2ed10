"""From a kubeconfig to an API server that answers; which cluster is meant is never guessed."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from analyzer import bounded, objects

from ..mesh import MeshError, MeshSettingError

_POOL = 64
"""Connections at once; every followed log holds one."""
_HINT = "see `kubectl config view`"
_ENTRY = re.compile(r"/?\{.*\}?")
_INSIDE = "in-cluster"
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Target:
    """Which cluster and which namespace of it, as people call them."""

    context: str
    namespace: str
    server: str

    def __str__(self) -> str:
        return f"{self.context}/{self.namespace}"

    @property
    def kubeconfig_context(self) -> str | None:
        """What other programs are to be told; None within a pod, which has no kubeconfig."""
        return None if self.context == _INSIDE else self.context


def connect(context: str | None = None, namespace: str | None = None) -> tuple[ApiClient, Target]:
    """A client for the cluster that the options name; nothing is sent yet.

    Raises MeshError where there is no such cluster, MeshSettingError where several could be meant.
    """
    if context is None and not _kubeconfig_exists() and (_ACCOUNT / "token").exists():
        return _from_inside(namespace)
    config = _read()
    chosen = _choose(config, context)
    loader, configuration = _load(config, chosen)
    own = loader.current_context["context"].get("namespace")
    return _client(configuration), Target(chosen, namespace or own or "default", str(configuration.host))


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


def _kubeconfig_exists() -> bool:
    return any(Path(path).expanduser().exists() for path in _kubeconfig().split(os.pathsep) if path)


def _read() -> Any:
    """The kubeconfig, several files merged as kubectl does."""
    paths = _kubeconfig()
    if not _kubeconfig_exists():
        raise MeshError(
            f"no cluster: there is no kubeconfig at {paths}",
            "set KUBECONFIG, or use the local mesh: --mesh local",
        )
    try:
        for path in map(Path, filter(None, paths.split(os.pathsep))):
            if path.expanduser().exists():
                check(bounded.read(path.expanduser()), str(path))
        return KubeConfigMerger(paths).config
    except (OSError, yaml.YAMLError, ConfigException, TypeError, KeyError, AttributeError) as error:
        raise MeshError(f"the kubeconfig at {paths} cannot be read: {_told(error)}", _HINT) from error


def check(content: bytes, source: str) -> None:
    """Raise MeshError for YAML that must not get to the client library, which reads it without bounds."""
    try:
        for _ in objects.loaded(content.decode("utf-8-sig"), bounded.SMALL):
            pass
    except (objects.ObjectsError, UnicodeDecodeError) as error:
        raise MeshError(f"the kubeconfig at {source} cannot be read: {_told(error)}", _HINT) from error


def _told(error: Exception) -> str:
    """Its words without the entry that they quote: that may hold a token, a password or a key."""
    return _ENTRY.sub("", " ".join(str(error).split()))[:300]


def _choose(config: Any, context: str | None) -> str:
    known = [str(one["name"]) for one in config.value.get("contexts") or ()]
    if context is not None:
        if context in known:
            return context
        raise MeshError(
            f"there is no context {context} in {_kubeconfig()}", f"known: {', '.join(known) or 'none'}"
        )
    if len(known) == 1:
        return known[0]
    if not known:
        raise MeshError(
            f"no cluster: {_kubeconfig()} has no context", "add one, or use the local mesh: --mesh local"
        )
    current = config.value.get("current-context") or known[0]
    raise MeshSettingError(
        f"several clusters could be meant: {', '.join(known)}",
        f"say which, for example --context {current}",
    )


def _load(config: Any, context: str) -> tuple[KubeConfigLoader, Configuration]:
    configuration = Configuration()
    try:
        loader = KubeConfigLoader(config, active_context=context, config_base_path=None)
        with _heard() as said:
            loader.load_and_set(configuration)
        if said:
            raise ConfigException(said[0])
    except (ConfigException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MeshError(f"context {context} cannot be used: {_told(error)}", _HINT) from error
    return loader, configuration


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the client library logs while it loads: a credential program that fails is not raised by it."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener, root = Listener(logging.ERROR), logging.getLogger()
    root.addHandler(listener)
    try:
        yield said
    finally:
        root.removeHandler(listener)


def _from_inside(namespace: str | None) -> tuple[ApiClient, Target]:
    """As a pod of the cluster, with its service account."""
    configuration = Configuration()
    try:
        load_incluster_config(configuration)
    except ConfigException as error:
        raise MeshError(f"no cluster: {error}", "set KUBECONFIG") from error
    own = (_ACCOUNT / "namespace").read_text().strip()
    return _client(configuration), Target(_INSIDE, namespace or own, str(configuration.host))


def _client(configuration: Configuration) -> ApiClient:
    configuration.retries = False  # who waits for an answer decides about a second try
    configuration.connection_pool_maxsize = _POOL
    return ApiClient(configuration)
