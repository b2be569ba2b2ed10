"""A subset's name is free text; the rules say which version it selects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.access_log.errors import LogError
from analyzer.access_log.knowledge import gather
from analyzer.access_log.pods import Pod, Pods
from analyzer.access_log.subsets import subsets

RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: bookinfo}
spec:
  host: reviews
  subsets:
  - {name: stable, labels: {version: v2}}
  - {name: canary, labels: {track: canary}}
  - {name: all}
"""
HOST = "reviews.bookinfo.svc.cluster.local"


def test_a_subset_stands_for_its_version_label_on_the_completed_host() -> None:
    assert subsets(RULE) == {(HOST, "stable"): "v2"}


def test_a_subset_by_other_labels_stands_for_the_version_of_its_pods() -> None:
    labels = {"track": "canary", "version": "v3"}
    pods = [
        Pod("a", "bookinfo", labels),
        Pod("b", "bookinfo", labels),
        Pod("c", "other", {"track": "canary"}),
    ]
    assert subsets(RULE, Pods(pods)) == {(HOST, "stable"): "v2", (HOST, "canary"): "v3"}
    two = [*pods, Pod("d", "bookinfo", {"track": "canary", "version": "v4"})]
    assert subsets(RULE, Pods(two)) == {(HOST, "stable"): "v2"}


def test_other_documents_and_lists_of_kubectl_are_read() -> None:
    rule = {
        "kind": "DestinationRule",
        "metadata": {"name": "a"},
        "spec": {"host": "a.b.c", "subsets": [{"name": "x", "labels": {"version": 3}}]},
    }
    listed = json.dumps({"kind": "List", "items": [rule, {"kind": "VirtualService", "spec": {}}]})
    assert subsets(f"{listed}\n---\n# nothing\n---\nkind: Gateway") == {("a.b.c", "x"): "3"}


@pytest.mark.parametrize(
    "text", ["{", "kind: DestinationRule", "kind: DestinationRule\nspec: []", "a: !!python/x"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(LogError, match=r"are no DestinationRules|cannot be read: it is not YAML"):
        subsets(text)


def test_a_file_without_rules_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("kind: Gateway")
    with pytest.raises(LogError, match="has no DestinationRule"):
        gather(["-"], rules=tmp_path / "rules.yaml")
    with pytest.raises(LogError, match="cannot read"):
        gather(["-"], rules=tmp_path / "none.yaml")
    (tmp_path / "rules.yaml").write_bytes(b"\xff\xfe\0")
    with pytest.raises(LogError, match="is no YAML"):
        gather(["-"], rules=tmp_path / "rules.yaml")


def test_the_logs_of_a_run_bring_its_pods_and_rules_along() -> None:
    example = Path(__file__).parent.parent / "results" / "example"
    for names in ([str(example)], [str(next(example.rglob("istio-proxy.log")))]):
        known = gather(names)
        assert (len(known.pods), known.subsets[("reviews.default.svc.cluster.local", "v3")]) == (7, "v3")
    assert len(gather(["-"]).pods) == 0
