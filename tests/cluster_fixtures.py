"""Fixtures for tests on a real API server; conftest.py hands them to every test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from control_plane import CRDS, ControlPlane, assets, install_crds, running

from analyzer import objects
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.routes import MANIFESTS


@pytest.fixture(scope="session")
def bare_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with its controllers, once for all tests; without Istio."""
    with running(assets(), tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def plane(bare_plane: ControlPlane) -> ControlPlane:
    """The same API server, with today's CRDs of Istio in it."""
    install_crds(bare_plane, CRDS["today"])
    return bare_plane


def service_account(plane: ControlPlane, namespace: str, file: Path) -> Path:
    """A kubeconfig for the service account of setup/manifests/rbac.yaml, by its own token."""
    text = (MANIFESTS / "rbac.yaml").read_text()
    text = text.replace("namespace: default", f"namespace: {namespace}").replace(
        "[default]", f"[{namespace}]"
    )
    admin = Api(*connect(namespace=namespace))
    for one in objects.loaded(text):
        admin.apply(one)
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/weighbridge"
    secret = plane.until(lambda: plane.call("GET", account).get("secrets"))[0]["name"]
    found = plane.until(
        lambda: plane.call("GET", f"/api/v1/namespaces/{namespace}/secrets/{secret}").get("data", {})
    )
    return plane.kubeconfig_of(file, found["token"])


@dataclass(frozen=True)
class Namespace:
    """A namespace of one test's own, and a kubeconfig whose only context leads to its cluster."""

    name: str
    plane: ControlPlane
    kubeconfig: Path


@pytest.fixture
def namespace(plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Namespace]:
    """A fresh namespace; the kubeconfig of this process leads to its cluster."""
    name = f"test-{secrets.token_hex(4)}"
    plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    file = plane.kubeconfig(tmp_path / "kubeconfig")
    monkeypatch.setenv("KUBECONFIG", str(file))
    yield Namespace(name, plane, file)
    plane.call("DELETE", f"/api/v1/namespaces/{name}")
