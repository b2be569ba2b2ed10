"""Where istioctl comes from; what is fetched comes from a server on loopback, over real HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from istio_release import stand_in

from setup.cluster import downloads
from setup.cluster.downloads import Wanted, find
from setup.mesh import MeshError, MeshSettingError

ARCHIVE = f"istio-1.12.1-{downloads._machine()}.tar.gz"
PATH = f"/1.12.1/{ARCHIVE}"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No istioctl on PATH, no cache but this test's, no proxy."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("WEIGHBRIDGE_ISTIOCTL", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release folder whose istioctl is the stand-in of 1.12."""
    folder = tmp_path / "istio-1.12.1"
    (folder / "bin").mkdir(parents=True)
    (folder / "samples").mkdir()
    stand_in(folder / "bin", {})
    return folder


@pytest.fixture
def archive(release: Path, tmp_path: Path) -> Path:
    path = tmp_path / ARCHIVE
    with tarfile.open(path, "w:gz") as tar:
        tar.add(release, release.name)
    return path


def refusal(wanted: Wanted) -> tuple[str, str]:
    with pytest.raises((MeshError, MeshSettingError)) as caught:
        find(wanted)
    return str(caught.value), caught.value.hint


def test_without_any_istioctl_three_ways_on_are_named() -> None:
    assert refusal(Wanted()) == (
        "there is no istioctl on PATH",
        "fetch a release with --istio-version, or name one at hand with --istioctl or --istio-release",
    )


def test_the_one_on_path_is_taken_with_the_release_around_it(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(release / "bin"))
    found = find(Wanted())
    assert (found.path, str(found.version), found.release) == (
        release / "bin" / "istioctl",
        "1.12.1",
        release,
    )


def test_the_one_that_is_named_goes_before_path_and_environment(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_ISTIOCTL", "/nowhere/istioctl")
    assert find(Wanted(istioctl=release / "bin" / "istioctl")).version.minor == 12


def test_the_environment_names_one(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_ISTIOCTL", str(release / "bin" / "istioctl"))
    assert find(Wanted()).path == release / "bin" / "istioctl"


def test_a_named_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(Wanted(istioctl=tmp_path / "istioctl")) == (
        f"--istioctl {tmp_path}/istioctl: it is not there",
        "name the program itself: bin/istioctl",
    )
    assert refusal(Wanted(istioctl=tmp_path))[0] == f"--istioctl {tmp_path}: it is a folder"


def test_a_release_folder_at_hand_needs_no_network(release: Path) -> None:
    assert find(Wanted(release=release)).release == release


def test_a_folder_without_istioctl_is_no_release(tmp_path: Path) -> None:
    assert refusal(Wanted(release=tmp_path)) == (
        f"{tmp_path} is no release of Istio: there is no bin/istioctl in it",
        "give the folder istio-X.Y.Z, or the archive as it was published",
    )


def test_an_archive_at_hand_is_unpacked_once(archive: Path) -> None:
    first = find(Wanted(release=archive))
    assert str(first.version) == "1.12.1"
    assert first.release is not None
    (first.release / "mine").touch()
    assert find(Wanted(release=archive)).release == first.release
    assert (first.release / "mine").exists()


def test_an_archive_at_hand_is_held_against_the_checksum_beside_it(archive: Path) -> None:
    archive.with_name(f"{archive.name}.sha256").write_text(f"{'0' * 64}  {archive.name}\n")
    assert refusal(Wanted(release=archive))[0] == (
        f"{archive} is not what was published: its SHA-256 is {digest(archive)}, not {'0' * 64}"
    )


def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as tar:
        member = tarfile.TarInfo("../../outside")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    assert refusal(Wanted(release=evil))[0].startswith(f"{evil} cannot be unpacked: ")
    assert list(tmp_path.rglob("outside")) == []


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "page.tar.gz").write_text("<html>log in</html>")
    assert refusal(Wanted(release=tmp_path / "page.tar.gz"))[0].startswith(
        f"{tmp_path}/page.tar.gz cannot be unpacked: "
    )


def test_a_release_is_fetched_checked_and_kept(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    with serving(published(archive)) as server:
        monkeypatch.setenv("WEIGHBRIDGE_ISTIO_RELEASES", f"{server.url}/")
        found = find(Wanted(version="1.12.1"), hear=heard.append)
        again = find(Wanted(version="v1.12.1"))
    assert str(found.version) == "1.12.1"
    assert again.path == found.path
    assert server.asked == [f"{PATH}.sha256", PATH]
    assert heard == [f"fetching {server.url}{PATH}", "its checksum is right"]


def test_a_release_that_was_changed_on_the_way_is_refused_and_nothing_of_it_stays(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = published(archive) | {PATH: archive.read_bytes() + b"\0"}
    with serving(files) as server:
        monkeypatch.setenv("WEIGHBRIDGE_ISTIO_RELEASES", server.url)
        message, hint = refusal(Wanted(version="1.12.1"))
    assert message == (
        f"{server.url}{PATH} is not what was published: its SHA-256 is "
        f"{hashlib.sha256(files[PATH]).hexdigest()}, not {digest(archive)}"
    )
    assert hint == "try again; if it stays so, somebody on the way changes it"
    assert list((tmp_path / "cache" / "weighbridge" / "istio").iterdir()) == []


def test_a_fetch_that_breaks_off_is_told_and_can_be_repeated(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(published(archive)) as server:
        monkeypatch.setenv("WEIGHBRIDGE_ISTIO_RELEASES", server.url)
        server.cut = True
        message, hint = refusal(Wanted(version="1.12.1"))
        assert message.startswith(f"{server.url}{PATH} cannot be fetched: ")
        assert hint == (
            "set HTTPS_PROXY where a proxy is needed, or fetch it elsewhere and give it with --istio-release"
        )
        server.cut = False
        assert str(find(Wanted(version="1.12.1")).version) == "1.12.1"


def test_a_release_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as server:
        monkeypatch.setenv("WEIGHBRIDGE_ISTIO_RELEASES", server.url)
        assert refusal(Wanted(version="1.12.1")) == (
            f"{server.url}{PATH}.sha256 does not exist",
            "see https://github.com/istio/istio/releases for what was released",
        )


@pytest.mark.parametrize("version", ["latest", "1.30.3/../../x", "2.0.0", ""])
def test_what_is_no_version_is_never_asked_for(version: str) -> None:
    assert refusal(Wanted(version=version)) == (
        f"{version} is no release of Istio",
        "write for example --istio-version 1.30.3",
    )


def test_a_fetch_goes_through_the_proxy(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(
        {f"http://releases.invalid{path}": body for path, body in published(archive).items()}
    ) as proxy:
        monkeypatch.setenv("WEIGHBRIDGE_ISTIO_RELEASES", "http://releases.invalid")
        monkeypatch.setenv("http_proxy", proxy.url)
        assert isinstance(find(Wanted(version="1.12.1")).path, Path)
    assert proxy.asked == [f"http://releases.invalid{PATH}.sha256", f"http://releases.invalid{PATH}"]


def published(archive: Path) -> Mapping[str, bytes]:
    checksum = f"{digest(archive)}  {archive.name}\n".encode()
    return {PATH: archive.read_bytes(), f"{PATH}.sha256": checksum}


def digest(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves bytes by path, or by whole URL as a proxy is asked; ``cut`` ends archives half way."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.asked: list[str] = []
        self.cut = False
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        whole = body or b""
        half = self.server.cut and self.path.endswith(".gz")
        self.wfile.write(whole[: len(whole) // 2] if half else whole)

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextlib.contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[Server]:
    server = Server(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
