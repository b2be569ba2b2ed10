"""Why a split is wrong: what is named, what it rests on, what stands first, and what is never named."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from cases import CANARY, PODS, case, documents, draw, line, obj
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from analyzer.diagnosis import objects
from analyzer.diagnosis.case import Pages
from analyzer.diagnosis.causes import NAMES
from analyzer.diagnosis.diagnose import Diagnosis, diagnose
from analyzer.diagnosis.likelihood import differ, moved, stick, support
from analyzer.diagnosis.matches import Asked, first
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.records import UNKNOWN, Outcome, Weights
from analyzer.report import html, markdown, text
from analyzer.run.folder import RunFolder
from setup import documents as istio
from weighbridge.__main__ import outcome

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "analyzer" / "schemas" / "diagnosis.schema.json").read_text())
PROMISED = {"v2": 0.9, "v3": 0.1}
THIRDS = {"v1": 1 / 3, "v2": 1 / 3, "v3": 1 / 3}
UNSEEN = {"calls": {}, "documents": (), "before": (), "pods": (), "columns": {}, "witnessed": False}
"""What a run against a bare URL leaves out: counts alone are left."""


def causes(diagnosis: Diagnosis) -> list[int]:
    return [one.cause for one in diagnosis.findings]


@pytest.mark.parametrize("outcome_", list(Outcome))
def test_a_mesh_that_keeps_its_promise_has_no_cause(outcome_: Outcome) -> None:
    """Whatever the verdict: only a small sample is named, and only where nothing is decided."""
    found = diagnose(case(draw(PROMISED, 2000, seed=1), outcome_))
    assert causes(found) == ([1] if outcome_ is Outcome.UNDECIDED else [])


@pytest.mark.parametrize(
    ("shares", "cause", "told"),
    [
        ({"v2": 0.1, "v3": 0.9}, 31, "the promised weights are swapped: the counts fit v2=10,v3=90"),
        ({"v2": 0.5, "v3": 0.5}, 29, "all versions get the same share, as if no weights were in force"),
        (
            THIRDS,
            29,
            "all versions get the same share, as if no weights were in force",
        ),
        ({"v2": 1.0}, 20, "v3 never answers, and the others share what is left"),
    ],
)
def test_where_only_counts_are_at_hand_the_likeliest_split_is_named(
    shares: dict[str, float], cause: int, told: str
) -> None:
    (found,) = diagnose(case(draw(shares, 300, seed=2), **UNSEEN)).findings
    assert (found.cause, found.told, found.proven) == (cause, told, False)
    assert " likelier if " in found.evidence[0]


def test_a_split_that_fits_nothing_usual_has_no_cause() -> None:
    odd = draw({"v2": 0.72, "v3": 0.28}, 300, seed=3)
    assert diagnose(case(odd, **UNSEEN)).findings == ()


def test_pods_share_where_one_version_has_more_of_them() -> None:
    pods = (*PODS, *(dataclasses.replace(PODS[3], name=f"reviews-v2-{n}") for n in range(3)))
    decided = draw({"v1": 1 / 6, "v2": 4 / 6, "v3": 1 / 6}, 300, seed=4)
    (found,) = diagnose(case(decided, **{**UNSEEN, "pods": pods})).findings
    assert (found.cause, found.told) == (
        29,
        "the calls are shared by the pods, each alike, as if no VirtualService applied",
    )


def test_connections_that_keep_to_one_version_are_named() -> None:
    """As TCP routes draw: once a connection. 28 is a myth only for HTTP."""
    generator = np.random.default_rng(5)
    kept = generator.choice(["v2", "v3"], size=40, p=[0.9, 0.1]).tolist()
    connections = [i % 40 for i in range(1200)]
    decided = [kept[connection] for connection in connections]
    found = diagnose(case(decided, Outcome.UNDECIDED, columns={"connection": connections}, before=()))
    assert causes(found)[0] == 28
    assert found.findings[0].evidence[0] == "40 of 40 connections saw one version only"


def test_keep_alive_alone_is_no_cause() -> None:
    decided = draw(PROMISED, 1200, seed=6)
    sticky = case(decided, columns={"connection": [i % 40 for i in range(1200)]})
    assert causes(diagnose(sticky)) == []


def test_the_cause_that_more_calls_show_stands_first() -> None:
    """A stray fault beside weights that never applied."""
    decided = draw(THIRDS, 300, seed=7)
    sound = case(decided, rule=False, documents=documents()[:1])
    calls = {**sound.calls, line("v2", code=500, flags=frozenset({"FI"})): 2}
    assert causes(diagnose(dataclasses.replace(sound, calls=calls))) == [29, 21]


def test_what_makes_the_split_that_was_seen_stands_before_what_is_worse_but_does_not() -> None:
    decided = draw({"v2": 0.5, "v3": 0.5}, 2000, seed=9)
    failing = {one: count for one, count in case(decided).calls.items() if one.cluster.split("|")[2] == "v2"}
    calls = failing | {line("v3", code=500): decided.count("v3")}
    found = case(decided, calls=calls, documents=documents(Weights.parse("v2=50,v3=50")))
    assert causes(diagnose(found)) == [31, 20]


def test_a_single_failure_is_no_unhealthy_version() -> None:
    decided = draw(PROMISED, 300, seed=8)
    calls = {**case(decided).calls, line("v3", code=503, flags=frozenset({"UC"})): 1}
    assert causes(diagnose(case(decided, Outcome.PASS, calls=calls))) == []


def test_somebody_who_logs_in_is_caught_by_the_rule_for_them() -> None:
    rules = istio.read(
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: reviews}
        spec:
          hosts: [reviews]
          http:
          - match: [{headers: {end-user: {exact: jason}}}]
            route: [{destination: {host: reviews, subset: v1}}]
          - route:
            - {destination: {host: reviews, subset: v2}, weight: 90}
            - {destination: {host: reviews, subset: v3}, weight: 10}
        """,
        "test",
    )
    found = (documents()[0], *map(obj, rules))
    caught = case(["v1"] * 50, documents=found, load={"login": "jason"})
    assert causes(diagnose(caught))[0] == 14
    assert causes(diagnose(case(draw(PROMISED, 400, seed=9), documents=found))) == []


@pytest.mark.parametrize(
    ("match", "takes"),
    [
        ({"uri": {"prefix": "/reviews"}}, True),
        ({"uri": {"exact": "/reviews/0"}}, True),
        ({"uri": {"exact": "/REVIEWS/0"}, "ignoreUriCase": True}, True),
        ({"uri": {"exact": "/REVIEWS/0"}}, False),
        ({"uri": {"regex": "/re.*[0-9]"}}, True),
        ({"uri": {"regex": "("}}, False),
        ({"uri": {"regex": "/reviews"}}, False),
        ({"headers": {"end-user": {"exact": "jason"}}}, False),
        ({"headers": {"user-agent": {"prefix": "weighbridge/"}}}, True),
        ({"withoutHeaders": {"end-user": {}}}, True),
        ({"withoutHeaders": {"user-agent": {}}}, False),
        ({"sourceLabels": {"app": "productpage"}}, True),
        ({"sourceLabels": {"app": "ratings"}}, False),
        ({"sourceNamespace": "other"}, False),
        ({"gateways": ["bookinfo-gateway"]}, False),
        ({"gateways": ["mesh"]}, True),
        ({"method": {"exact": "POST"}}, False),
        ({"port": 9080}, True),
        ({"queryParams": {"q": {"exact": "x"}}}, False),
    ],
)
def test_a_match_takes_the_calls_that_istio_lets_it_take(match: dict[str, object], takes: bool) -> None:
    asked = Asked("/reviews/0", {"user-agent": "weighbridge/run/0.0"}, {"app": "productpage"})
    rules = [{"match": [match], "route": []}, {"route": []}]
    one = objects.Object("VirtualService", "default", "reviews", {"http": rules})
    assert first(one, asked) == (0 if takes else 1)


def test_documents_that_are_no_yaml_are_no_documents() -> None:
    assert objects.read("a: [") == objects.read("") == objects.read("just text") == ()


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.86, 0.9, 0.94]))
def test_no_true_split_is_likelier_than_the_best_within_the_promise(seed: int, v2: float) -> None:
    counts = Counter(draw({"v2": v2, "v3": 1 - v2}, 200, seed=seed))
    assert support(counts, {"v2": v2, "v3": 1 - v2}, PROMISED, 0.05) <= 0.05


def test_the_evidence_of_counts_grows_with_what_they_show() -> None:
    half = draw({"v2": 0.5, "v3": 0.5}, 200, seed=10)
    assert support(Counter(half), {"v2": 0.5, "v3": 0.5}, PROMISED, 0.05) > 40
    change = [*draw(PROMISED, 200, seed=11), *draw({"v2": 0.1, "v3": 0.9}, 200, seed=12)]
    strength, at = moved([version == "v3" for version in change])
    assert strength > 50
    assert abs(at - 200) <= 5
    assert differ({"one": {"v2": 90, "v3": 10}, "two": {"v2": 10, "v3": 90}}) > 50
    assert differ({"one": {"v2": 90, "v3": 10}, "two": {"v2": 88, "v3": 12}}) < 0
    assert stick({str(n): {"v2" if n % 2 else "v3": 20} for n in range(10)}) > 50
    assert stick({str(n): {"v2": 10, "v3": 10} for n in range(10)}) < -50


def test_lines_of_tcp_on_the_port_are_named_without_any_object() -> None:
    tcp = line("v2", code=0, tcp=True, route="", authority="", cluster=f"outbound|9080||{case([]).host}")
    found = diagnose(case([UNKNOWN] * 30, Outcome.UNDECIDED, calls={tcp: 30}, pages=Pages(30, lost=30)))
    assert causes(found)[:2] == [11, 26]


@pytest.fixture(scope="module")
def example() -> Judgement:
    return judge(RunFolder(ROOT / "results" / "example"))


def wrong(example: Judgement) -> Judgement:
    found = diagnose(case(draw(THIRDS, 90, seed=13), rule=False, documents=()))
    split = dataclasses.replace(example.split, outcome=Outcome.FAIL)
    return dataclasses.replace(example, split=split, diagnosis=found)


def test_every_report_of_a_fail_tells_causes_evidence_and_fix(example: Judgement) -> None:
    judgement = wrong(example)
    (cause,) = judgement.diagnosis.findings
    for report in (text.report, html.report):
        told = report(judgement)
        for part in (cause.told, *cause.evidence, cause.fix.told, cause.fix.change):
            assert part in told.replace("&#39;", "'")
    assert "1. no VirtualService splits the calls to reviews.default" in markdown.report(judgement)
    assert "     weighbridge route v2=90,v3=10" in markdown.report(judgement)


def test_a_fail_without_a_cause_says_so_and_a_pass_says_nothing(example: Judgement) -> None:
    failed = dataclasses.replace(example, split=dataclasses.replace(example.split, outcome=Outcome.FAIL))
    for report in (text.report, markdown.report, html.report):
        assert "no cause found" in report(failed)
    for report in (text.report, markdown.report):
        assert not [word for word in ("best first", "no cause found") if word in report(example)]


def test_names_from_documents_are_never_markup(example: Judgement) -> None:
    hostile = "<script>x</script> ``` | ` \x1b[31m"
    judgement = wrong(example)
    one = judgement.diagnosis.findings[0]
    fix = dataclasses.replace(one.fix, change=hostile)
    changed = dataclasses.replace(one, told=hostile, evidence=(hostile,), fix=fix)
    judgement = dataclasses.replace(judgement, diagnosis=Diagnosis((changed,)))
    assert "<script>" not in html.report(judgement)
    assert "\x1b" not in text.report(judgement)
    assert markdown.report(judgement).count("```") == 2
    assert "<script>" not in markdown.report(judgement).replace("\\<", "").partition("```")[0]


def test_diagnose_prints_what_its_schema_says_and_exits_with_the_verdicts_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = str(ROOT / "results" / "example")
    assert outcome(["diagnose", run, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(told)
    assert (told["verdict"], told["causes"]) == ("pass", [])


def test_a_finding_is_what_its_schema_says(example: Judgement) -> None:
    judgement = wrong(example)
    head = {"verdict": "fail", "exit_code": 1, "run": "run"}
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(head | judgement.diagnosis.as_dict())))


def test_diagnose_takes_the_newest_run_and_says_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcome(["diagnose"]) == 2
    assert "there is no run below results/" in capsys.readouterr().err
    monkeypatch.chdir(ROOT)
    assert outcome(["diagnose"]) in (0, 1, 3)
    assert "cause" in capsys.readouterr().out


def test_every_cause_stands_in_the_table_of_the_documentation() -> None:
    page = (ROOT / "docs" / "diagnosis.md").read_text()
    assert all(f"\n| {number} | " in page for number in NAMES)
    assert list(NAMES) == list(range(1, 32))


def test_weights_of_before_explain_counts_that_fit_them() -> None:
    before = documents(Weights.parse("v1=30,v2=70"))
    decided = draw({"v1": 0.3, "v2": 0.7}, 300, seed=14)
    (found,) = diagnose(case(decided, before=before)).findings
    assert found.cause == 16
    assert "the weights of before (v1 30 %, v2 70 %)" in found.told
    assert str(CANARY) in found.evidence[0]
