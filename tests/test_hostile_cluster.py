"""What a cluster, its API server or a kubeconfig could do to us, and what of them we never repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup.cluster.connection import connect
from setup.cluster.pods import checked
from setup.mesh import MeshError

TOKEN = "eyJhbGciOiJSUzI1NiJ9-this-is-a-token"
CONFIG = """
apiVersion: v1
clusters:
- name: here
  cluster: {server: 'https://127.0.0.1:6443'}
contexts:
- name: here
  context: {cluster: here, user: me}
users:
- name: me
  user: %s
"""


def refusal(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "config"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(MeshError) as error:
        connect()
    return f"{error.value}; {error.value.hint}"


@pytest.mark.parametrize("name", ["../../.ssh/authorized_keys", "/etc/x", "a/b", ".."])
def test_a_pods_name_from_an_api_server_leads_nowhere_else(name: str) -> None:
    with pytest.raises(MeshError, match="the API server names a pod"):
        checked([{"metadata": {"name": name}}])


@pytest.mark.parametrize(
    "user",
    [
        f"{{token: {TOKEN}, exec: {{}}}}",
        f"{{token: {TOKEN}, client-certificate: /nowhere}}",
        f"{{password: {TOKEN}, auth-provider: {{name: gcp}}}}",
        f"{{client-key-data: '{TOKEN}', client-certificate-data: '{TOKEN}'}}",
        f"[{TOKEN}]",
    ],
)
def test_no_error_about_a_kubeconfig_repeats_what_is_secret_in_it(
    user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text(CONFIG % user)
    monkeypatch.setenv("KUBECONFIG", str(path))
    said = ""
    try:
        connect()
    except MeshError as error:
        said = f"{error}; {error.hint}"
    assert TOKEN not in said
    assert TOKEN not in refusal((CONFIG % user).replace("name: me\n", "nome: me\n"), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [x]\nb: [*a, *a]", "*a repeats a value by reference: write it out in line 2"),
        ("a: " + "[" * 1000, "it nests deeper than 64 in line 1"),
        ("a: 1" + ":1" * 1000, "a number has more than 100 characters in line 1"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    ],
)
def test_a_kubeconfig_is_read_within_bounds(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reason in refusal(text, tmp_path, monkeypatch)
