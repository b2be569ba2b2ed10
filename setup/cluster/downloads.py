"""Where istioctl comes from: named, on PATH, a release at hand, or a release that is fetched.

A fetched release is held against its published SHA-256 before anything of it is unpacked. Proxies and private
certificates are honoured: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from analyzer import harmless

from ..mesh import MeshSettingError
from .istio_version import found_in
from .istioctl import Istioctl, IstioctlError, opened

NAMED_BY = "WEIGHBRIDGE_ISTIOCTL"
"""The environment variable that names an istioctl, as ``--istioctl`` does."""
MIRROR = "WEIGHBRIDGE_ISTIO_RELEASES"
"""The environment variable that names where releases are fetched from instead."""
RELEASES = "https://github.com/istio/istio/releases/download"
_SYSTEMS = {"Linux": "linux", "Darwin": "osx"}
_PROCESSORS = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "armv7"}
_PATIENCE = (10.0, 30.0)
"""Seconds until a connection stands, and between two pieces of an archive."""
_PIECE = 1 << 20
_SAY_EVERY = 20 << 20

Hear = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which istioctl is meant; the first that is given counts, and without any the one on PATH."""

    istioctl: Path | None = None
    release: Path | None = None
    """A release folder or archive, for machines without a network."""
    version: str | None = None
    """A release to fetch, or the one that was fetched before."""


def find(wanted: Wanted, context: str | None = None, hear: Hear | None = None) -> Istioctl:
    """The istioctl that is meant; raises IstioctlError or MeshSettingError with the way on."""
    named = wanted.istioctl or _from_environment()
    if named is not None:
        return opened(_program(named), context)
    if wanted.release is not None:
        return opened(_of_release(wanted.release), context)
    if wanted.version is not None:
        return opened(_of_release(fetched(wanted.version, hear)), context)
    on_path = shutil.which("istioctl")
    if on_path is None:
        raise IstioctlError(
            "there is no istioctl on PATH",
            "fetch a release with --istio-version, or name one at hand with --istioctl or --istio-release",
        )
    return opened(Path(on_path), context)


def release(wanted: Wanted, hear: Hear | None = None) -> Path:
    """The folder of the release that is meant, samples and all; raises as ``find`` does."""
    if wanted.release is not None or wanted.version is not None:
        program = _of_release(wanted.release or fetched(wanted.version or "", hear))
        return program.parent.parent
    folder = find(wanted).release
    if folder is None:
        raise IstioctlError(
            "the istioctl at hand lies outside the folder of its release",
            "give that folder with --istio-release, or fetch the release with --istio-version",
        )
    return folder


def fetched(version: str, hear: Hear | None = None) -> Path:
    """The folder of a release, fetched and checked where it was not before."""
    if (known := found_in(version)) is None or str(known) != version.removeprefix("v"):
        raise MeshSettingError(
            f"{version} is no release of Istio", "write for example --istio-version 1.30.3"
        )
    folder = _store() / f"istio-{known}"
    if not folder.is_dir():
        archive = f"istio-{known}-{_machine()}.tar.gz"
        source = f"{os.environ.get(MIRROR, RELEASES).rstrip('/')}/{known}/{archive}"
        _store().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_store()) as work:
            file = Path(work, archive)
            _fetch(source, file, hear or _nobody)
            _unpack(file, folder)
    return folder


def _from_environment() -> Path | None:
    named = os.environ.get(NAMED_BY)
    return Path(named) if named else None


def _program(path: Path) -> Path:
    """A path as it was given, or a name to be looked up on PATH."""
    found = shutil.which(path.expanduser())
    if found is None:
        reason = "a folder" if path.is_dir() else "not executable" if path.exists() else "not there"
        raise MeshSettingError(f"--istioctl {path}: it is {reason}", "name the program itself: bin/istioctl")
    return Path(found)


def _of_release(path: Path) -> Path:
    """The program within a release folder, or within an archive that is unpacked once."""
    folder = _unpacked(path) if path.is_file() else path
    program = folder / "bin" / "istioctl"
    if not program.is_file():
        raise MeshSettingError(
            f"{path} is no release of Istio: there is no bin/istioctl in it",
            "give the folder istio-X.Y.Z, or the archive as it was published",
        )
    return program


def _unpacked(archive: Path) -> Path:
    """An archive at hand; held against ``<archive>.sha256`` where that lies beside it."""
    beside = archive.with_name(f"{archive.name}.sha256")
    digest = _digest(archive)
    if beside.is_file():
        _compare(digest, beside.read_text(errors="replace"), str(archive))
    folder = _store() / f"archive-{digest[:16]}"
    if not folder.is_dir():
        _store().mkdir(parents=True, exist_ok=True)
        _unpack(archive, folder)
    return folder


def _fetch(source: str, file: Path, hear: Hear) -> None:
    shown = harmless.address(source)
    hear(f"fetching {shown}")
    digest = hashlib.sha256()
    try:
        published = _get(f"{source}.sha256").text
        with _get(source) as answer, file.open("wb") as out:
            total, said = 0, 0
            for piece in answer.iter_content(_PIECE):
                digest.update(piece)
                out.write(piece)
                total += len(piece)
                if total - said >= _SAY_EVERY:
                    said = total
                    hear(f"fetched {total >> 20} MiB{_of_length(answer.headers)}")
    except requests.RequestException as error:
        raise IstioctlError(
            f"{shown} cannot be fetched: {_one_line(error)}",
            "set HTTPS_PROXY where a proxy is needed, or fetch it elsewhere and give it with --istio-release",
        ) from error
    _compare(digest.hexdigest(), published, shown)
    hear("its checksum is right")


def _get(url: str) -> requests.Response:
    answer = requests.get(url, stream=True, timeout=_PATIENCE)
    if answer.status_code == 404:
        answer.close()
        raise IstioctlError(
            f"{harmless.address(url)} does not exist",
            "see https://github.com/istio/istio/releases for what was released",
        )
    answer.raise_for_status()
    return answer


def _compare(digest: str, published: str, what: str) -> None:
    """``published`` is what sha256sum writes: the digest, and a file's name."""
    expected = (published.split() or [""])[0].lower()
    if digest != expected:
        raise IstioctlError(
            f"{what} is not what was published: its SHA-256 is {digest}, not {expected[:64] or 'known'}",
            "try again; if it stays so, somebody on the way changes it",
        )


def _unpack(archive: Path, folder: Path) -> None:
    """The one folder of a release archive becomes ``folder``, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(work, filter="data")  # refuses what would land outside
        except (tarfile.TarError, OSError, EOFError) as error:
            raise IstioctlError(
                f"{archive} cannot be unpacked: {_one_line(error)}", "fetch it again"
            ) from error
        inside = [one for one in Path(work).iterdir() if (one / "bin" / "istioctl").is_file()]
        if not inside:
            raise IstioctlError(f"{archive} holds no bin/istioctl", "give the archive as it was published")
        if not folder.is_dir():  # another process may have been faster
            inside[0].rename(folder)


def _machine() -> str:
    """As release archives call it: linux-amd64; an Intel Mac is just osx."""
    system, processor = _SYSTEMS.get(platform.system()), _PROCESSORS.get(platform.machine())
    if system is None or processor is None:
        raise IstioctlError(
            f"Istio is not released for {platform.system()} on {platform.machine()}",
            "name an istioctl with --istioctl",
        )
    return system if (system, processor) == ("osx", "amd64") else f"{system}-{processor}"


def _store() -> Path:
    """Where fetched releases are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "weighbridge" / "istio"


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _of_length(headers: Mapping[str, str]) -> str:
    length = headers.get("Content-Length", "")
    return f" of {int(length) >> 20}" if length.isdecimal() else ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _nobody(_: str) -> None:
    """Hears nothing."""
