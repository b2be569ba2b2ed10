"""Logs are found by name, folder, pattern or stdin, each once, whatever packs them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from analyzer.access_log.errors import LogError
from analyzer.access_log.files import LogFile, find, opened, run_file

TEXT = b"line\n" * 1000
EXAMPLE = Path(__file__).parent.parent / "results" / "example"


def names(found: list[LogFile], folder: Path) -> list[str]:
    return [str(file.path.relative_to(folder)) if file.path else file.name for file in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.log", "b/c.log", "b/c.log.1", "b/d.log.gz", "b/run.json", "b/notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_every_log_in_it(folder: Path) -> None:
    assert names(find([str(folder)]), folder) == ["a.log", "b/c.log", "b/c.log.1", "b/d.log.gz"]


def test_a_run_stands_for_its_proxies_logs_only() -> None:
    found = find([str(EXAMPLE)])
    assert len(found) == 8 - 1
    assert {file.path.name for file in found if file.path} == {"istio-proxy.log"}


def test_a_pattern_stands_for_its_files(folder: Path) -> None:
    assert names(find([str(folder / "b" / "*.log*")]), folder) == ["b/c.log", "b/c.log.1", "b/d.log.gz"]
    assert [file.name for file in find(["**/*.log"])] == ["a.log", "b/c.log"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    (folder / "x[1].log").write_bytes(TEXT)
    assert [file.name for file in find(["x[1].log"])] == ["x[1].log"]


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    (folder / "link.log").symlink_to(folder / "a.log")
    found = find(["a.log", "./a.log", str(folder / "a.log"), "link.log", "-", "-"])
    assert [file.name for file in found] == ["a.log", "-"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.log", "no such file"),
        ("a.log/x", "no such file"),
        ("*.zip", "no file matches"),
        ("b/e", "holds no log"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_read(folder: Path, name: str, message: str) -> None:
    (folder / "b" / "e").mkdir()
    with pytest.raises(LogError, match=message):
        find(["a.log", name])


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, lambda text: zstandard.compress(text[:2500]) + zstandard.compress(text[2500:])],
)
def test_the_content_tells_how_a_file_is_packed(folder: Path, pack: object) -> None:
    (folder / "a.log").write_bytes(pack(TEXT))  # type: ignore[operator]
    with opened(find(["a.log"])[0]) as (stream, _):
        assert stream.read() == TEXT


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-9], lambda whole: whole[:20] + b"xyzw" + whole[24:]]
)
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
def test_a_damaged_archive_is_an_error_with_its_name(folder: Path, pack: object, damage: object) -> None:
    whole = pack(bytes(range(256)) * 20)  # type: ignore[operator]
    (folder / "a.log").write_bytes(damage(whole))  # type: ignore[operator]
    with (
        pytest.raises(LogError, match=r"a\.log is a damaged archive"),
        opened(find(["a.log"])[0]) as (stream, _),
    ):
        stream.read()


@pytest.mark.parametrize(
    ("path", "pod"),
    [
        ("results/x/access-log/reviews-v3-84779c7bbc-9drws/istio-proxy.log", "reviews-v3-84779c7bbc-9drws"),
        ("reviews-v3-84779c7bbc-9drws.log.gz", "reviews-v3-84779c7bbc-9drws"),
        (
            "/var/log/containers/reviews-v3-84779c7bbc-9drws_default_istio-proxy-" + "0f" * 32 + ".log",
            "reviews-v3-84779c7bbc-9drws",
        ),
        (
            "/var/log/pods/default_gateway_0f2c1a52-93c5-4c9e-9d0c-3f6f5a1b2c3d/istio-proxy/0.log",
            "gateway",
        ),
        ("access.log", ""),
    ],
)
def test_a_path_tells_which_pod_wrote_it(path: str, pod: str) -> None:
    assert LogFile(path, Path(path)).pod == pod


def test_the_size_is_known_for_files_only(folder: Path) -> None:
    sizes = [LogFile(name, Path(name)).size for name in ("a.log", "b", "none")]
    assert [*sizes, LogFile("-", None).size] == [5000, None, None, None]


def test_the_run_of_a_log_is_found() -> None:
    log = next(EXAMPLE.rglob("istio-proxy.log"))
    assert run_file([str(log)]) == run_file([str(EXAMPLE)]) == (EXAMPLE / "run.json").resolve()
    assert run_file(["/", "-"]) is None
