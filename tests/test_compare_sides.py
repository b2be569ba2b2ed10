"""Which recorded runs belong together, which make a round, and which tell nothing about each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_runs import copy, described

from analyzer.compare import sides as of_folders
from analyzer.compare.alike import UnlikeError
from analyzer.compare.folder import ComparisonFolder, Plan
from analyzer.compare.metrics import Kind, Metric
from analyzer.compare.sides import Sides
from analyzer.errors import JudgementError
from analyzer.judge import judge
from analyzer.run.folder import RunFolder

OTHER = described("promise", weights={"v2": 50, "v3": 50})


def sides(*paths: Path, unlike: bool = False) -> Sides:
    return of_folders.sides(paths, (0.5,), unlike=unlike)


def laid_out(found: Sides) -> list[tuple[str, str, list[str]]]:
    return [(one.label, one.name, [Path(run).name for run in one.folders]) for one in found.sides]


def test_a_run_s_figures_are_those_of_its_own_report(tmp_path: Path) -> None:
    run = copy(tmp_path / "1")
    judged = judge(RunFolder(run))
    first, _ = sides(run, copy(tmp_path / "2", promise=OTHER)).sides
    (found,) = first.figures
    for one in judged.performance.versions:
        assert found.values[Metric(Kind.LATENCY, one.version, 0.5)] == pytest.approx(one.p50, rel=0.02)
    for share in judged.shares:
        metric = Metric(Kind.SHARE, share.version)
        assert (found.values[metric], found.counts[metric]) == (share.seen, (share.proxy, judged.judged))
    assert found.values[Metric(Kind.ERRORS, "v3")] == 0
    assert first.promised == {"v2": 0.9, "v3": 0.1}


def test_runs_of_the_same_weights_and_documents_are_a_side_and_turns_make_rounds(tmp_path: Path) -> None:
    """ABBA, and an A of a round that was not finished."""
    order = [("1", None), ("2", OTHER), ("3", OTHER), ("4", None), ("5", None)]
    paths = [
        copy(tmp_path / name, started, **({"promise": promise} if promise else {}))
        for started, (name, promise) in enumerate(order)
    ]
    found = sides(*reversed(paths))
    assert found.interleaved
    assert laid_out(found) == [("A", "v2=90,v3=10", ["1", "4"]), ("B", "v2=50,v3=50", ["2", "3"])]
    assert found.warnings == ("runs left out, of a round that was not finished: 1",)


def test_runs_of_one_day_after_those_of_another_are_no_rounds(tmp_path: Path) -> None:
    for started in range(4):
        copy(tmp_path / ("monday", "tuesday")[started // 2] / str(started), started)
    found = sides(tmp_path / "monday", tmp_path / "tuesday")
    assert not found.interleaved
    assert [(label, folders) for label, _, folders in laid_out(found)] == [
        ("A", ["0", "1"]),
        ("B", ["2", "3"]),
    ]


def test_the_same_weights_with_other_documents_are_another_side(tmp_path: Path) -> None:
    found = sides(copy(tmp_path / "1"), copy(tmp_path / "2", 1, documents="kind: List"))
    assert [one.name for one in found.sides] == ["v2=90,v3=10", "v2=90,v3=10 (2)"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"mesh": described("mesh", generation="A")}, "page generation C and A"),
        ({"mesh": described("mesh", replicas={"reviews-v2": 3})}, "replicas {} and {'reviews-v2': 3}"),
        ({"mesh": None}, "mesh local and none"),
        ({"load": described("load", users=16)}, "users 8 and 16"),
        ({"load": described("load", rate=50.0, timeout=1)}, "rate 100.0 and 50.0; timeout 15.0 and 1"),
    ],
)
def test_unlike_runs_are_refused_in_one_line(tmp_path: Path, changed: dict[str, object], why: str) -> None:
    paths = copy(tmp_path / "1"), copy(tmp_path / "2", promise=OTHER, **changed)
    with pytest.raises(UnlikeError) as refused:
        sides(*paths)
    assert f"{paths[0]} and {paths[1]} are not alike: {why}" in str(refused.value)
    assert refused.value.hint == "compare like with like, or say --unlike to compare them all the same"
    assert len(sides(*paths, unlike=True).sides) == 2


def test_a_mesh_of_another_name_and_a_longer_load_are_alike(tmp_path: Path) -> None:
    mesh, load = described("mesh", name="other", port=1), described("load", requests=9, seconds=3)
    assert sides(copy(tmp_path / "1"), copy(tmp_path / "2", promise=OTHER, mesh=mesh, load=load))


def test_a_run_that_did_not_end_is_refused(tmp_path: Path) -> None:
    paths = copy(tmp_path / "1"), copy(tmp_path / "2", promise=OTHER, ended=None)
    with pytest.raises(UnlikeError, match="2 did not end in order"):
        sides(*paths)


def test_runs_of_one_configuration_and_folders_without_a_run_are_no_comparison(tmp_path: Path) -> None:
    one, two = copy(tmp_path / "1"), copy(tmp_path / "2", 1)
    with pytest.raises(JudgementError, match="these runs are all of one configuration: v2=90,v3=10"):
        sides(one, two)
    with pytest.raises(JudgementError, match="empty holds no run"):
        sides(one, tmp_path / "empty")


def test_the_folder_of_a_comparison_is_one_by_itself(tmp_path: Path) -> None:
    """The finished rounds alone count: 02-B lies there, and its round has no end."""
    for started, name in enumerate(("01-A", "01-B", "02-B")):
        copy(tmp_path / name, started)
    folder = ComparisonFolder(tmp_path)
    folder.write(Plan(("v2=90,v3=10", "v2=90,v3=10 (2)")).after(("01-A", "01-B")))
    assert folder.read() == Plan(("v2=90,v3=10", "v2=90,v3=10 (2)"), (("01-A", "01-B"),))
    found = sides(tmp_path)
    assert found.interleaved
    assert laid_out(found) == [("A", "v2=90,v3=10", ["01-A"]), ("B", "v2=90,v3=10 (2)", ["01-B"])]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rounds": [["../../etc", "01-B"]]}, "a round names other runs than one each"),
        ({"rounds": [["01-A"]]}, "a round names other runs than one each"),
        ({"rounds": 3}, r"is not readable: Expected `array`"),
        ({"format": 9}, "has format 9, this is for format 1"),
        ({"rounds": []}, "has no finished round"),
    ],
)
def test_a_comparison_that_is_none_is_refused(tmp_path: Path, changed: dict[str, object], why: str) -> None:
    told = {"names": ["a", "b"], "rounds": [["01-A", "01-B"]], "format": 1}
    (tmp_path / "comparison.json").write_text(json.dumps(told | changed))
    with pytest.raises(JudgementError, match=why):
        sides(tmp_path)
