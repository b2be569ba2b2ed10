"""run.json comes back as it was written, and what is no run is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.errors import JudgementError
from analyzer.records import Weights
from analyzer.run.folder import Promise, Run, RunFolder, RunPod

RUN = Run(
    id="20261123-231502-4f1c",
    promise=Promise(Weights.parse("v2=90,v3=10"), 2.0, 0.01, 0.95, 6748, ("errors of v3 < 1%",)),
    url="http://127.0.0.1:8080",
    mesh={"kind": "local", "name": "default"},
    pods=(RunPod("reviews-v2-1", "default", {"app": "reviews", "version": "v2"}, "127.1.0.13"),),
    documents="---\n",
    load={"users": 8, "requests": 100, "seconds": None, "rate": 0.0},
    started=1.5,
    applied=1.0,
    live=1.25,
)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write(RUN)
    assert folder.read() == RUN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is no run: No such file or directory: run.json"),
        ("{", "is not readable: Input data was truncated"),
        ("[]", "is not readable: "),
        ("{}", "has no format, so it is no run's"),
        ('{"format": 0}', "has format 0, which never was"),
        ('{"format": 99}', "has format 99; this weighbridge reads format 1"),
        ('{"format": 2, "weighbridge": "3.1.0"}', "format 2, written by weighbridge 3.1.0; this weighbridge"),
        ('{"format": 1}', "is not readable: 'promise'"),
        ('{"format": 1, "promise": 3}', "is not readable: 'int' object"),
        (
            '{"format": 1, "promise": {"weights": {"v2": 1}}}',
            "is not readable: Object missing required field",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(JudgementError, match=message):
        RunFolder(tmp_path).read()


@pytest.mark.parametrize("weights", [{"v2": -1}, {"v2": "ten"}, {}, {"v2": 1.5}, {"v2": None}])
def test_weights_that_cannot_be_are_refused_in_a_run_too(tmp_path: Path, weights: object) -> None:
    folder = RunFolder(tmp_path)
    folder.write(RUN)
    data = json.loads(folder.run_file.read_text())
    data["promise"]["weights"] = weights
    folder.run_file.write_text(json.dumps(data))
    with pytest.raises(JudgementError, match="is not readable"):
        folder.read()


def test_the_pods_of_an_app_and_the_versions_behind_addresses_are_found() -> None:
    assert [pod.name for pod in RUN.pods_of("reviews")] == ["reviews-v2-1"]
    assert RUN.versions_by_ip() == {"127.1.0.13": "v2"}
