"""Who stands behind an address or a name, from every table of pods that people have at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.access_log.errors import LogError
from analyzer.access_log.pods import Pod, Pods, read, workload

EXAMPLE = Path(__file__).parent.parent / "results" / "example"

WIDE = (Path(__file__).parent / "documents" / "pods-wide.txt").read_text()


def kubectl(name: str, ip: str = "10.0.0.1", **item: object) -> dict[str, object]:
    meta = {"name": name, "namespace": "default", "labels": {"app": "reviews", "version": "v2"}}
    return {"metadata": meta, "status": {"podIP": ip}, **item}


def table(tmp_path: Path, text: str) -> Pods:
    path = tmp_path / "pods"
    path.write_text(text)
    return read(path)


def test_kubectl_json_gives_names_labels_and_every_address(tmp_path: Path) -> None:
    status = {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}
    pods = table(tmp_path, json.dumps({"items": [kubectl("reviews-v2-a", status=status)]}))
    pod = Pod("reviews-v2-a", "default", {"app": "reviews", "version": "v2"}, ("10.0.0.1", "fd00::1"))
    assert list(pods) == [pod]
    assert (pods.at("10.0.0.1"), pods.at("fd00::1"), pods.named("reviews-v2-a")) == (pod, pod, pod)
    assert (pods.at("10.0.0.9"), pods.named("other")) == (None, None)


def test_a_single_pod_is_a_table_of_one(tmp_path: Path) -> None:
    assert len(table(tmp_path, json.dumps(kubectl("reviews-v2-a")))) == 1


@pytest.mark.parametrize(
    "item",
    [
        {"spec": {"hostNetwork": True}},
        {"status": {"podIP": "10.0.0.1", "phase": "Succeeded"}},
        {"status": {"phase": "Pending"}},
    ],
)
def test_an_address_that_is_not_the_pods_own_is_left_out(tmp_path: Path, item: dict[str, object]) -> None:
    pods = table(tmp_path, json.dumps({"items": [kubectl("reviews-v2-a", **item)]}))
    assert [pod.ips for pod in pods] == [()]


def test_the_wide_table_is_read_by_its_columns(tmp_path: Path) -> None:
    pods = table(tmp_path, WIDE)
    reviews = {"app": "reviews", "version": "canary"}
    assert list(pods) == [
        Pod("reviews-v3-84779c7bbc-9drws", "bookinfo", reviews, ("10.244.0.42",)),
        Pod("details-v1-7d4d9d5fcb-kxr2x", "bookinfo", {"app": "details", "version": "v1"}, ("10.244.0.43",)),
        Pod("job-28391-xk2lp", "batch", {"job-name": "job"}, ()),
        Pod("istiod-5c9f7bd5c7-2hq9l", "istio-system", {"app": "istiod"}, ()),
    ]


def test_a_wide_table_of_one_namespace_without_labels_tells_by_the_pods_names(tmp_path: Path) -> None:
    lines = WIDE.splitlines()[:2]
    text = "\n".join(line[15 : line.find("<none>") if number else 147] for number, line in enumerate(lines))
    (pod,) = table(tmp_path, text)
    assert (pod.namespace, pod.app, pod.version) == ("default", "reviews", "v3")


def test_the_folder_of_a_run_has_its_pods() -> None:
    pods = read(EXAMPLE)
    (address,) = (
        pod["ip"]
        for pod in json.loads((EXAMPLE / "run.json").read_text())["pods"]
        if pod["name"] == "reviews-v3-55fc645df3-bf0ec"
    )
    assert (len(pods), pods.at(address)) == (7, pods.named("reviews-v3-55fc645df3-bf0ec"))


def test_what_two_pods_share_tells_of_neither() -> None:
    pods = Pods([Pod("db-0", "a", ips=("10.0.0.1",)), Pod("db-0", "b", ips=("10.0.0.1",))])
    assert (pods.at("10.0.0.1"), pods.named("db-0")) == (None, None)


@pytest.mark.parametrize(
    ("labels", "app", "version"),
    [
        ({"app": "reviews", "version": "v9"}, "reviews", "v9"),
        ({"app": "a", "app.kubernetes.io/name": "b", "service.istio.io/canonical-name": "c"}, "c", "v3"),
        ({"version": "a", "service.istio.io/canonical-revision": "b"}, "reviews", "b"),
        ({}, "reviews", "v3"),
    ],
)
def test_names_are_those_of_istios_own_metrics(labels: dict[str, str], app: str, version: str) -> None:
    pod = Pod("reviews-v3-84779c7bbc-9drws", labels=labels)
    assert (pod.app, pod.version) == (app, version)


@pytest.mark.parametrize(
    ("pod", "name"),
    [
        ("reviews-v3-84779c7bbc-9drws", "reviews-v3"),
        ("istio-ingressgateway-6bd9cfd8b9-x7j2k", "istio-ingressgateway"),
        ("db-0", "db"),
        ("gateway", "gateway"),
        ("a-b-c", "a-b-c"),
    ],
)
def test_a_pods_name_tells_its_workload(pod: str, name: str) -> None:
    assert workload(pod) == name


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"items": [1]}', '{"pods": [1]}', '{"items": null}', "a b\nc d", '{"kind": "Node"}'],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LogError, match="is no table of pods"):
        table(tmp_path, text)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"cannot read .*run\.json: No such file"):
        read(tmp_path)
