"""istioctl as a real process: asked, listened to, limited in time, and explained when it fails."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from front_door import commands, gone
from istio_release import release_folder, stand_in

from setup.cluster.istioctl import IstioctlError, opened

HALF_WAY = """        |\\
        | \\
____________________
✔ Istio core installed
- Processing resources for Istiod.
✘ Istiod encountered an error: failed to wait for resource: resources not ready after 5m0s: timed out
Error: failed to install manifests: errors occurred during operation
"""


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in the environment of every process that this test starts."""
    mark = secrets.token_hex(8)
    monkeypatch.setenv("WEIGHBRIDGE_TEST", mark)
    return mark


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(IstioctlError) as caught:
        opened(path)
    return str(caught.value), caught.value.hint


def test_the_version_of_1_12_is_read(tmp_path: Path) -> None:
    assert str(opened(stand_in(tmp_path, {}).path).version) == "1.12.1"


def test_a_build_that_tells_its_version_in_words_is_understood(tmp_path: Path) -> None:
    words = {"version --remote=false -o json": {"out": "client version: 1.24.2\n"}}
    assert str(opened(stand_in(tmp_path, words).path).version) == "1.24.2"


def test_a_build_that_does_not_know_its_version_is_refused(tmp_path: Path) -> None:
    own = {"version --remote=false -o json": {"out": '{"clientVersion": {"version": "unknown"}}'}}
    path = stand_in(tmp_path, own).path
    assert refusal(path) == (
        f'{path} does not tell its version: {{"clientVersion": {{"version": "unknown"}}}}',
        "name a released istioctl with --istioctl",
    )


def test_an_istioctl_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = {"version --remote=false -o json": {"out": '{"clientVersion": {"version": "1.9.4"}}'}}
    path = stand_in(tmp_path, old).path
    assert refusal(path) == (
        f"{path} is istioctl 1.9.4, and 1.12 is the oldest that can be driven",
        "name a newer one with --istioctl, or fetch one with --istio-version",
    )


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "istioctl") == (
        f"{tmp_path}/istioctl cannot be run: no such file or directory",
        "name an istioctl for this machine with --istioctl",
    )


def test_a_program_for_another_machine_is_told(tmp_path: Path) -> None:
    alien = tmp_path / "istioctl"
    alien.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(60))  # the first bytes of a program for macOS
    alien.chmod(0o755)
    assert refusal(alien)[0] == f"{alien} cannot be run: exec format error"


def test_the_context_is_named_in_every_call(tmp_path: Path) -> None:
    program = stand_in(tmp_path, {"uninstall --purge -y --context kind-one": {}})
    opened(program.path, "kind-one").do("uninstall", "--purge", "-y")
    assert program.calls == [["uninstall", "--purge", "-y", "--context", "kind-one"]]


def test_a_command_that_it_does_not_know_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(IstioctlError) as caught:
        opened(stand_in(tmp_path, {}).path).do("operator", "init", "--force")
    assert str(caught.value) == (
        'istioctl operator init failed: unknown command "operator init --force" for "istioctl"'
    )
    assert caught.value.hint == "try it by hand: istioctl operator init --force"


def test_a_failure_half_way_tells_what_came_before_and_why(tmp_path: Path) -> None:
    istioctl = opened(stand_in(tmp_path, {"install -y": {"err": HALF_WAY, "code": 1}}).path)
    heard: list[str] = []
    with pytest.raises(IstioctlError) as caught:
        istioctl.do("install", "-y", hear=heard.append)
    assert heard == HALF_WAY.splitlines()[3:]  # without the sail that it draws
    assert str(caught.value) == (
        "istioctl install failed: failed to install manifests: errors occurred during operation"
    )


def test_what_it_says_is_heard_before_it_ends_and_without_colours(tmp_path: Path) -> None:
    colours = {"install -y": {"err": "\x1b[1;32m✔\x1b[0m Istio core installed\n", "hang": True}}
    istioctl = opened(stand_in(tmp_path, colours).path)
    heard: list[str] = []
    with pytest.raises(IstioctlError) as caught:
        istioctl.do("install", "-y", limit=3, hear=heard.append)
    assert heard == ["✔ Istio core installed"]
    assert str(caught.value) == (
        "istioctl install did not end within 3 s and was ended; its last words: ✔ Istio core installed"
    )
    assert caught.value.hint == (
        "it can be repeated; see whether the cluster answers: kubectl get pods -n istio-system"
    )


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, mark: str) -> None:
    istioctl = opened(stand_in(tmp_path, {"install": {"hang": True}}).path)
    with pytest.raises(IstioctlError):
        istioctl.ask("install", limit=1)
    assert gone(mark), commands(mark)


def test_ctrl_c_ends_it_too(tmp_path: Path, mark: str) -> None:
    path = stand_in(tmp_path, {"install": {"err": "begun\n", "hang": True}}).path
    program = (
        "from pathlib import Path; from setup.cluster.istioctl import opened;"
        f"opened(Path({str(path)!r})).do('install', hear=lambda line: print(line, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "begun\n"
        owner.send_signal(signal.SIGINT)
        owner.wait(30)
    assert gone(mark), commands(mark)


@pytest.mark.e2e
def test_a_real_istioctl_is_driven_and_lies_in_its_release() -> None:
    folder = release_folder()
    istioctl = opened(folder / "bin" / "istioctl")
    assert istioctl.version.since(30)
    assert istioctl.release == folder
    with pytest.raises(IstioctlError) as caught:
        istioctl.do("install", "--bogus")
    assert str(caught.value) == "istioctl install failed: unknown flag: --bogus"
