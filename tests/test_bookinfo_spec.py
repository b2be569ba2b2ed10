"""The spec of a Bookinfo process: written, read back, and refused with the place of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from setup.local.bookinfo.spec import BookinfoError, BookinfoPod, Generation, Spec, Timeouts, read

SPEC = Spec(
    Generation.B,
    "/tmp/control.sock",  # noqa: S108 - a name only, nothing is made there
    (BookinfoPod("reviews-v1-a", "reviews", "v1", ("127.2.0.12", 9080), ("127.1.0.12", 15001)),),
    Timeouts(page=0.3),
    seed=7,
)


def test_a_spec_reads_back_as_it_was_written(tmp_path: Path) -> None:
    SPEC.write(tmp_path / "spec.json")
    assert read(tmp_path / "spec.json") == SPEC


def test_a_spec_without_timeouts_means_the_real_ones(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"generation": "C", "control": "c", "pods": []}')
    assert read(path) == Spec(Generation.C, "c", (), Timeouts(page=3.0, black=10.0, red=2.5), None)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("generation", "D", "Invalid enum value 'D' - at `$.generation`"),
        ("pods", [{"name": "x"}], "Object missing required field `app` - at `$.pods[0]`"),
        ("control", None, "Expected `str`, got `null` - at `$.control`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, field: str, value: object, why: str) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({"generation": "C", "control": "c", "pods": [], field: value}))
    with pytest.raises(BookinfoError) as caught:
        read(path)
    assert str(caught.value) == f"{path} is no Bookinfo spec: {why}"


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    SPEC.write(path)
    path.write_text(path.read_text().replace('"app":"reviews"', '"app":"mongodb"'))
    with pytest.raises(BookinfoError, match="'mongodb' is no service of Bookinfo"):
        read(path)


def test_a_missing_spec_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookinfoError, match=r"cannot read .*spec\.json: No such file"):
        read(tmp_path / "spec.json")
