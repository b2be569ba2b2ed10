"""What can be named on the command line of ``weighbridge compare``, and which shares it promises."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from analyzer.records import Weights, WeightsError
from setup import documents, routes
from setup.documents import DocumentError
from weighbridge.__main__ import outcome
from weighbridge.configurations import read

RETRIES = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - retries: {attempts: 3, perTryTimeout: 1s}
    route: [{destination: {host: ratings}}]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "retries.yaml").write_text(RETRIES)
    (tmp_path / "split.yaml").write_text(documents.dump(routes.split(Weights.parse("v2=75,v3=25"))))
    return tmp_path


@pytest.mark.usefixtures("files")
def test_weights_files_and_both_are_configurations() -> None:
    found = read(["v2=90,v3=10", "split.yaml", "v2=50,v3=50+retries.yaml"], "default")
    assert [(one.name, str(one.weights), [d.key[0::2] for d in one.documents]) for one in found] == [
        ("v2=90,v3=10", "v2=90,v3=10", [("DestinationRule", "reviews"), ("VirtualService", "reviews")]),
        ("split.yaml", "v2=75,v3=25", [("DestinationRule", "reviews"), ("VirtualService", "reviews")]),
        (
            "v2=50,v3=50+retries.yaml",
            "v2=50,v3=50",
            [("DestinationRule", "reviews"), ("VirtualService", "reviews"), ("VirtualService", "ratings")],
        ),
    ]


def test_the_same_thing_twice_is_a_comparison_of_it_with_itself() -> None:
    names = [one.name for one in read(["v2=1,v3=1"] * 3, "default")]
    assert names == ["v2=1,v3=1", "v2=1,v3=1 (2)", "v2=1,v3=1 (3)"]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nowhere.yaml", "'nowhere.yaml' is neither weights nor a file nor a folder; write for example"),
        ("v2=1,v3=1+v2=2,v3=3", "'v2=1,v3=1+v2=2,v3=3' has weights twice; write for example"),
        ("retries.yaml", "retries.yaml has no VirtualService of reviews with plain weights; say what it"),
        ("v2=ten,v3=1", "the weight of v2 is 'ten', not a whole number"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, why: str) -> None:
    with pytest.raises((click.UsageError, WeightsError, DocumentError)) as refused:
        read([text], "default")
    assert str(refused.value).startswith(why)


def rules(http: str, hosts: str = "[reviews]", gateways: str = "[mesh]") -> tuple[documents.Document, ...]:
    text = f"""
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {{name: reviews}}
spec: {{hosts: {hosts}, gateways: {gateways}, http: {http}}}
"""
    return documents.read(text, "test")


V2, V3 = (
    f"{{destination: {{host: reviews, subset: {subset}}}, weight: {weight}}}"
    for subset, weight in (("v2", 3), ("v3", 1))
)


@pytest.mark.parametrize(
    ("found", "weights"),
    [
        (rules(f"[{{route: [{V2}, {V3}]}}]"), "v2=3,v3=1"),
        (rules(f"[{{route: [{V2}, {V3}]}}]", hosts="[reviews.default.svc.cluster.local]"), "v2=3,v3=1"),
        (rules("[{route: [{destination: {host: reviews, subset: v3}}]}]"), "v3=100"),
        (rules("[{route: [{destination: {host: reviews}}]}]"), None),
        (rules(f"[{{route: [{V2}, {V3}]}}]", hosts="[ratings]"), None),
        (rules(f"[{{route: [{V2}, {V3}]}}]", gateways="[gate]"), None),
        (rules(f"[{{match: [{{uri: {{prefix: /x}}}}], route: [{V2}]}}]"), None),
        (rules(f"[{{match: [{{uri: {{prefix: /x}}}}], route: [{V2}]}}, {{route: [{V3}]}}]"), None),
        ((), None),
    ],
)
def test_the_weights_of_documents_are_read_where_they_are_plain(
    found: tuple[documents.Document, ...], weights: str | None
) -> None:
    assert routes.promised(found) == (Weights.parse(weights) if weights else None)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["v2=1,v3=1"], "give two configurations or more; the first is what the others are compared with"),
        (["v2=1,v3=1", "."], "give configurations to run, or folders that are recorded, not both"),
        (["a.yaml", "b.yaml", "--html", "no/where.html"], "cannot write no/where.html: no such folder"),
        (["v2=1,v3=1", "v2=1,v3=2", "--claim", "faster"], "'faster' is no claim about a comparison"),
        (["v2=1,v3=1", "nowhere"], "'nowhere' is neither weights nor a file nor a folder"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_before_anything_starts(
    arguments: list[str], line: str, files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["compare", *arguments]) == 2
    said = capfd.readouterr()
    assert said.err.startswith(f"error: {line}")
    assert said.out == ""
    assert sorted(path.name for path in files.iterdir()) == ["retries.yaml", "split.yaml"]
