"""What machines get is what the published schemas say, and the schemas say all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from front_door import FrontDoor
from jsonschema import Draft202012Validator, ValidationError

from analyzer.judge import judge
from analyzer.judgement import PAGES
from analyzer.records import Weights
from analyzer.run.folder import RunFolder
from analyzer.split.sequential import SplitTest
from analyzer.split.verdict import verdict
from analyzer.split.watch import Decision, Tally
from weighbridge.__main__ import outcome

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "analyzer" / "schemas"
VERDICT, PLAN, COMPARE, LOGS, DIAGNOSIS, ERROR, VERIFY, TRACE = (
    json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    for name in ("verdict", "plan", "compare", "logs", "diagnosis", "error", "verify", "trace")
)
EXAMPLE = json.loads((ROOT / "results" / "example" / "verdict.json").read_text())


def closed(schema: Any) -> Any:
    """The same schema, but a key that it does not describe is an error: for us, not for users."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    open_ = "properties" in schema and "additionalProperties" not in schema and schema.get("type") == "object"
    return {key: closed(value) for key, value in schema.items()} | (
        {"additionalProperties": False} if open_ else {}
    )


def check(value: Any, schema: Any) -> None:
    Draft202012Validator(closed(schema)).validate(value)


@pytest.mark.parametrize(
    "schema",
    [VERDICT, PLAN, COMPARE, LOGS, DIAGNOSIS, ERROR, VERIFY, TRACE],
    ids=lambda schema: schema["$id"],
)
def test_each_schema_is_one_and_describes_every_key(schema: Any) -> None:
    Draft202012Validator.check_schema(schema)
    for properties in described(schema):
        assert all({"description", "$ref", "enum"} & one.keys() for one in properties.values()), properties


def described(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for one in schema for found in described(one)]
    if not isinstance(schema, dict):
        return []
    here = [schema["properties"]] if isinstance(schema.get("properties"), dict) else []
    return here + [found for one in schema.values() for found in described(one)]


def test_the_example_keeps_its_schema() -> None:
    check(EXAMPLE, VERDICT)


def test_a_verdict_that_is_none_is_refused() -> None:
    for broken in ({"verdict": "maybe"}, {"exit_code": 4}, {"shares": [{}]}, {"added": 1}):
        with pytest.raises(ValidationError):
            check(EXAMPLE | broken, VERDICT)
    Draft202012Validator(VERDICT).validate(EXAMPLE | {"added": 1})  # users are told to expect more keys


@pytest.mark.parametrize("options", [[], ["--join", "--per-second"]])
def test_a_survey_of_logs_keeps_its_schema(capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    assert outcome(["logs", str(ROOT / "results" / "example"), "--json", *options]) == 0
    check(json.loads(capsys.readouterr().out), LOGS)


@pytest.mark.parametrize("what", ["0.17", "--slowest", "--failed", "--unmatched"])
def test_a_request_and_each_list_of_them_keep_their_schema(
    capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert outcome(["trace", what, str(ROOT / "results" / "example"), "--json"]) == 0
    check(json.loads(capsys.readouterr().out), TRACE)


def test_the_numbers_of_a_verdict_are_enough_to_compute_it_again() -> None:
    """Without rows or logs: promise and counts alone give every e-value, interval, p-value and word."""
    split = EXAMPLE["split"]
    test = SplitTest(Weights.of(EXAMPLE["weights"]), EXAMPLE["within"], EXAMPLE["alpha"], EXAMPLE["budget"])
    counts = tuple(share["count"] for share in split["shares"])
    moment = Decision(verdict_of(test, counts), split["certain_after"], counts, split["unlabelled"], 0)
    again = verdict(test, Tally(counts, split["unlabelled"], decision=moment)).as_dict()
    assert json.loads(json.dumps(again)) == split


def verdict_of(test: SplitTest, counts: tuple[int, ...]) -> Any:
    from analyzer.records import Outcome
    from analyzer.split.sequential import verdicts

    (told,) = verdicts(test, np.array([counts]), np.array([sum(counts)]), np.array([0]))
    return {1: Outcome.PASS, -1: Outcome.FAIL, 0: Outcome.UNDECIDED}[int(told)]


def test_a_run_of_which_pages_are_the_only_witness_keeps_the_schema(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "results" / "example", tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"mesh": None, "pods": [], "live": None}))
    judged = json.loads(json.dumps(judge(RunFolder(tmp_path / "run")).as_dict()))
    check(judged, VERDICT)
    assert (judged["matching"], judged["unit"]) == (None, PAGES)


@pytest.mark.parametrize(
    ("arguments", "schema"),
    [(("v2=50,v3=50", "--within", "10", "--rate", "100"), PLAN), (("v2=50,v3=fifty",), ERROR)],
)
def test_what_plan_prints_keeps_its_schema(
    arguments: tuple[str, ...], schema: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(["plan", *arguments, "--json"])
    check(json.loads(capsys.readouterr().out), schema)


@pytest.mark.e2e
def test_a_fresh_run_keeps_the_schema_and_is_judged_again_to_the_last_digit(standing: FrontDoor) -> None:
    load = ("--within", "20", "--claim", "errors of v3 < 50%", "--requests", "60", "--out", "run")
    printed = standing("run", "v2=50,v3=50", *load, "--json").json
    check(printed, VERDICT)
    assert json.loads((standing.cwd / "run" / "verdict.json").read_text()) == printed
    again = standing("analyze", "run", "--json").json
    assert again | {"run": printed["run"]} == printed
