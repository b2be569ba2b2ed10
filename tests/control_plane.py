"""A real etcd, kube-apiserver and kube-controller-manager on loopback, for as long as the tests last.

The programs come from the folder that KUBEBUILDER_ASSETS names, as in envtest; ``.ci/kube-assets`` fills one.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from ports import free_port

from analyzer.objects import loaded
from setup import processes
from setup.processes import Child

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
_START_LIMIT = 120.0
"""Seconds; it takes 4 to 6 where nothing else runs."""
_DATA = Path(__file__).parents[2] / "shared" / "data"
CRDS = {"today": _DATA / "istio-crds.yaml", "1.12": _DATA / "istio-crds-1.12.1.yaml"}
"""Istio's own, where they lie beside the checkout."""
_ROUTES = ("gateways", "virtualservices", "destinationrules")
"""The kinds that tests write; each further one costs every session a second."""


def assets() -> Path:
    """The folder of the programs; skips the test, with the reason, where there is none."""
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not folder:
        pytest.skip("no API server: set KUBEBUILDER_ASSETS, for example to what .ci/kube-assets prints")
    missing = [name for name in PROGRAMS if not os.access(Path(folder, name), os.X_OK)]
    if missing:
        pytest.skip(f"no API server: KUBEBUILDER_ASSETS={folder} lacks {', '.join(missing)}")
    return Path(folder)


@dataclass(frozen=True)
class ControlPlane:
    """One API server that answers at ``url``; ``tokens`` maps a user's name to what it authenticates with."""

    url: str
    folder: Path
    ca: trustme.CA
    tokens: Mapping[str, str]
    kubelet_ca: trustme.CA

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.crt"

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """One request as administrator, past everything that is under test."""
        request = urllib.request.Request(  # noqa: S310 - the address is our own API server's
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": content},
        )
        trust = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:  # noqa: S310 - as above
            text = answer.read()
        return json.loads(text) if text.startswith(b"{") else text.decode()

    def has(self, path: str) -> bool:
        try:
            self.call("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def until(self, done: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait for a state; the API server and its controllers take their time on a busy machine."""
        deadline = time.monotonic() + seconds
        while not (found := done()):
            assert time.monotonic() < deadline, "never came"
            time.sleep(0.05)
        return found

    def kubeconfig(self, path: Path, user: str = "admin") -> Path:
        """A kubeconfig for the user with one context, ``test``."""
        return kubeconfig(path, self.url, self.ca_file, {"test": {"token": self.tokens[user]}})

    def kubeconfig_of(self, path: Path, token: str) -> Path:
        """A kubeconfig for whom the token stands, as a Secret keeps it."""
        return kubeconfig(path, self.url, self.ca_file, {"test": {"token": base64.b64decode(token).decode()}})


def kubeconfig(path: Path, url: str, ca_file: Path, users: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write a kubeconfig with a context for each user; the first is the current one."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": url, "certificate-authority": str(ca_file)}}],
        "users": [{"name": name, "user": dict(entry)} for name, entry in users.items()],
        "contexts": [{"name": name, "context": {"cluster": "here", "user": name}} for name in users],
        "current-context": next(iter(users), ""),
    }
    path.write_text(json.dumps(config))  # every JSON text is YAML
    return path


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[ControlPlane]:
    """Start the three programs and end them with the block; they die with this process in any case."""
    etcd_port, peer_port, port = _free_ports(3)
    plane = _written(folder, port)
    started: list[Child] = []

    def start(name: str, *arguments: str) -> None:
        started.append(processes.spawn(name, [programs / name, *arguments], log=folder / f"{name}.log"))

    try:
        start("etcd", *_etcd(folder, etcd_port, peer_port))
        start("kube-apiserver", *_api_server(folder, etcd_port, port))
        _wait(plane, started)
        start("kube-controller-manager", *_controller_manager(folder))
        yield plane
    finally:
        processes.end(list(reversed(started)))


def install_crds(plane: ControlPlane, file: Path) -> None:
    """Create Istio's CRDs and wait until the API server serves them; skips where the file is not at hand.

    They are posted: a server of 1.20 cannot apply those of today (they carry CEL rules).
    """
    if not file.exists():
        pytest.skip(f"no CRDs of Istio: {file.name} is not at hand")
    names = []
    for crd in loaded(file.read_text()):
        if crd["metadata"]["name"] not in {f"{kind}.networking.istio.io" for kind in _ROUTES}:
            continue
        plane.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        names.append(crd["metadata"]["name"])
    plane.until(lambda: all(_is_served(plane, name) for name in names))


def _is_served(plane: ControlPlane, name: str) -> bool:
    crd = plane.call("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = crd.get("status", {}).get("conditions", [])
    if not any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
        return False
    version = crd["spec"]["versions"][0]["name"]
    return plane.has(f"/apis/{crd['spec']['group']}/{version}/{crd['spec']['names']['plural']}")


def _written(folder: Path, port: int) -> ControlPlane:
    """Keys, certificates, tokens and the controllers' kubeconfig."""
    ca, kubelet_ca = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.crt")
    kubelet_ca.cert_pem.write_to_path(folder / "kubelet-ca.crt")
    server = ca.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
    server.private_key_pem.write_to_path(folder / "server.key")
    server.cert_chain_pems[0].write_to_path(folder / "server.crt")
    ca.issue_cert(common_name="service-accounts").private_key_pem.write_to_path(folder / "accounts.key")
    groups = {"admin": "system:masters", "nobody": "visitors"}
    tokens = {user: secrets.token_hex(16) for user in groups}
    rows = [f'{tokens[user]},{user},{user},"{group}"\n' for user, group in groups.items()]
    (folder / "tokens.csv").write_text("".join(rows))
    plane = ControlPlane(f"https://127.0.0.1:{port}", folder, ca, tokens, kubelet_ca)
    plane.kubeconfig(folder / "controllers.kubeconfig")
    return plane


def _etcd(folder: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def _api_server(folder: Path, etcd_port: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--kubelet-certificate-authority={folder / 'kubelet-ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--disable-admission-plugins=ServiceAccount",  # pods of tests mount nothing
    ]


def _controller_manager(folder: Path) -> list[str]:
    config = folder / "controllers.kubeconfig"
    return [
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--port=0",
        "--secure-port=0",
        "--leader-elect=false",
        f"--service-account-private-key-file={folder / 'accounts.key'}",
        f"--root-ca-file={folder / 'ca.crt'}",
        "--concurrent-namespace-syncs=4",
    ]


def _wait(plane: ControlPlane, started: list[Child]) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while True:
        for child in started:
            assert child.running, child.obituary()
        with suppress(OSError):
            if plane.call("GET", "/readyz") == "ok":
                return
        assert time.monotonic() < deadline, "the API server never became ready"
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
