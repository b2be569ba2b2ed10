"""Which cluster is meant, and what is said when it cannot be used: one line, whatever goes wrong."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cluster_fixtures import Namespace
from control_plane import ControlPlane, kubeconfig
from front_door import FrontDoor

from setup.cluster.api import Api
from setup.cluster.connection import Target, connect
from setup.cluster.errors import ApiError
from setup.mesh import MeshError, MeshSettingError

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LONG_AGO = YESTERDAY - timedelta(days=30)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process looks for its kubeconfig; nothing lies there yet."""
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def anyone(config: Path, url: str, *contexts: str) -> None:
    ca = config.parent / "ca.crt"
    trustme.CA().cert_pem.write_to_path(ca)
    kubeconfig(config, url, ca, {name: {"token": "x"} for name in contexts})


def trouble(context: str | None = None) -> tuple[str, str]:
    """What is said when the version of the cluster is asked for."""
    with pytest.raises(MeshError) as caught:
        Api(*connect(context)).get("/version")
    return str(caught.value), caught.value.hint


def test_without_a_kubeconfig_the_local_mesh_is_offered(config: Path) -> None:
    assert trouble() == (
        f"no cluster: there is no kubeconfig at {config}",
        "set KUBECONFIG, or use the local mesh: --mesh local",
    )


def test_a_kubeconfig_without_a_context_is_no_cluster(config: Path) -> None:
    anyone(config, "https://127.0.0.1:1")
    assert trouble()[0] == f"no cluster: {config} has no context"


def test_a_kubeconfig_that_is_no_yaml_is_named(config: Path) -> None:
    config.write_text("clusters: [")
    message, hint = trouble()
    assert message.startswith(f"the kubeconfig at {config} cannot be read: it is not YAML")
    assert "\n" not in message
    assert hint == "see `kubectl config view`"


def test_a_kubeconfig_that_is_empty_is_named(config: Path) -> None:
    config.write_text("")
    assert trouble()[0].startswith(f"the kubeconfig at {config} cannot be read: Invalid kube-config")


def test_a_context_that_is_not_there_brings_the_names_of_those_that_are(config: Path) -> None:
    anyone(config, "https://127.0.0.1:1", "kind-one", "kind-two")
    assert trouble("production") == (
        f"there is no context production in {config}",
        "known: kind-one, kind-two",
    )


def test_of_several_contexts_none_is_guessed(config: Path) -> None:
    anyone(config, "https://127.0.0.1:1", "kind-one", "kind-two")
    with pytest.raises(MeshSettingError) as caught:
        connect()
    assert str(caught.value) == "several clusters could be meant: kind-one, kind-two"
    assert caught.value.hint == "say which, for example --context kind-one"


def test_a_lone_context_is_the_one_that_is_meant(config: Path) -> None:
    anyone(config, "https://127.0.0.1:1", "kind-one")
    assert connect()[1] == Target("kind-one", "default", "https://127.0.0.1:1")
    assert connect(namespace="shop")[1] == Target("kind-one", "shop", "https://127.0.0.1:1")


def test_a_credential_program_that_fails_is_told_with_its_words(config: Path, tmp_path: Path) -> None:
    program = tmp_path / "login"
    program.write_text("#!/bin/sh\necho please log in again >&2\nexit 3\n")
    program.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program)}}
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.crt")
    kubeconfig(config, "https://127.0.0.1:1", tmp_path / "ca.crt", {"kind-one": user})
    assert trouble() == (
        "context kind-one cannot be used: exec: process returned 3. please log in again",
        "see `kubectl config view`",
    )


def test_a_cluster_that_is_off_is_told_with_its_address(config: Path) -> None:
    port = unused_port()
    anyone(config, f"https://127.0.0.1:{port}", "kind-one")
    assert trouble() == (
        f"cannot reach the API server https://127.0.0.1:{port} of context kind-one: connection refused",
        "try: kubectl --context kind-one cluster-info",
    )


def test_a_name_that_no_resolver_knows_is_told(config: Path) -> None:
    anyone(config, "https://cluster.invalid:6443", "kind-one")
    assert trouble()[0] == (
        "cannot reach the API server https://cluster.invalid:6443 of context kind-one: its name is not known"
    )


def test_an_expired_certificate_of_the_server_is_told(config: Path) -> None:
    with tls_server(config, not_before=LONG_AGO, not_after=YESTERDAY) as url:
        assert trouble() == (
            f"the API server {url} of context kind-one: its certificate has expired",
            "renew it, or correct the clock of this machine",
        )


def test_a_certificate_that_the_kubeconfig_does_not_trust_is_told(config: Path) -> None:
    with tls_server(config) as url:
        anyone(config, url, "kind-one")
        message, hint = trouble()
    assert message.startswith(f"the API server {url} of context kind-one: its certificate is not trusted: ")
    assert hint == "correct the kubeconfig"


@pytest.mark.e2e
def test_an_expired_certificate_of_the_user_is_told(
    bare_plane: ControlPlane, config: Path, tmp_path: Path
) -> None:
    expired = bare_plane.ca.issue_cert(
        common_name="admin", organization_name="system:masters", not_before=LONG_AGO, not_after=YESTERDAY
    )
    expired.private_key_and_cert_chain_pem.write_to_path(tmp_path / "user.pem")
    user = {"client-certificate": str(tmp_path / "user.pem"), "client-key": str(tmp_path / "user.pem")}
    kubeconfig(config, bare_plane.url, bare_plane.ca_file, {"kind-one": user})
    assert trouble() == (
        "the API server of context kind-one does not accept its credentials",
        "they may have expired: log in again",
    )


@pytest.mark.e2e
def test_a_user_without_permission_is_told_what_is_missing(bare_plane: ControlPlane, config: Path) -> None:
    bare_plane.kubeconfig(config, user="nobody")
    api = Api(*connect())
    with pytest.raises(ApiError) as caught:
        list(api.items(api.path("v1", "Pod", "default")))
    assert str(caught.value) == (
        'no permission in context test: pods is forbidden: User "nobody" cannot list resource "pods" '
        'in API group "" in the namespace "default"'
    )
    assert caught.value.hint == "ask for the role in setup/manifests/rbac.yaml"


@pytest.mark.e2e
def test_a_kind_that_the_cluster_does_not_know_is_none_of_its_kinds(namespace: Namespace) -> None:
    api = Api(*connect())
    assert api.serves("networking.istio.io/v1beta1", "VirtualService")
    assert not api.serves("networking.istio.io/v1beta1", "Weights")
    assert not api.serves("example.org/v1", "Weights")


def test_up_says_in_one_line_why_the_cluster_cannot_be_used(door: FrontDoor, config: Path) -> None:
    def up(*options: str) -> tuple[int, str]:
        done = door("up", "--mesh", "cluster", *options, KUBECONFIG=str(config))
        return done.code, done.error

    assert up() == (4, f"no cluster: there is no kubeconfig at {config}")
    url = f"https://127.0.0.1:{unused_port()}"
    anyone(config, url, "kind-one", "kind-two")
    assert up() == (2, "several clusters could be meant: kind-one, kind-two")
    assert up("--context", "other") == (4, f"there is no context other in {config}")
    refused = f"cannot reach the API server {url} of context kind-one: connection refused"
    assert up("--context", "kind-one") == (4, refused)
    with tls_server(config, not_before=LONG_AGO, not_after=YESTERDAY) as url:
        assert up() == (4, f"the API server {url} of context kind-one: its certificate has expired")


@pytest.mark.e2e
def test_up_says_in_one_line_what_the_user_may_not_do(
    door: FrontDoor, bare_plane: ControlPlane, config: Path
) -> None:
    bare_plane.kubeconfig(config, user="nobody")
    done = door("up", "--mesh", "cluster", KUBECONFIG=str(config))
    assert (done.code, done.hint) == (4, "ask for the role in setup/manifests/rbac.yaml")
    assert done.error.startswith("no permission in context test: ")


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def tls_server(config: Path, **validity: datetime) -> Iterator[str]:
    """A server on loopback that shakes hands once; the kubeconfig trusts its CA."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", **validity).configure_cert(context)
    ca.cert_pem.write_to_path(config.parent / "ca.crt")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        kubeconfig(config, url, config.parent / "ca.crt", {"kind-one": {"token": "x"}})
        thread = threading.Thread(target=shake_hands, args=(listener, context))
        thread.start()
        yield url
        thread.join(10)


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except (ssl.SSLError, OSError):
            return  # the client refuses the certificate: that is the test
