"""Documents are read from YAML, and refused by document, path and reason in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from setup import documents
from setup.documents import Document, DocumentError

EVERY_FIELD = Path(__file__).parent / "documents" / "every_field.yaml"


def text(kind: str, spec: Any, **metadata: Any) -> str:
    one = {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "one", **metadata}}
    return json.dumps({**one, "spec": spec})


def http(**rule: Any) -> str:
    return text("VirtualService", {"hosts": ["reviews"], "http": [rule]})


def routed(**rule: Any) -> str:
    return http(route=[{"destination": {"host": "reviews"}}], **rule)


def policy(**groups: Any) -> str:
    return text("DestinationRule", {"host": "reviews", "trafficPolicy": groups})


def server(**fields: Any) -> str:
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    return text("Gateway", {"servers": [{"port": port, "hosts": ["*"], **fields}]})


V2, V3 = {"host": "reviews", "subset": "v2"}, {"host": "reviews", "subset": "v3"}
RULE = "VirtualService/one spec.http[0]"
POLICY = "DestinationRule/one spec.trafficPolicy"

REFUSALS = [
    ("", "it holds no document", "write one of Gateway, VirtualService, DestinationRule"),
    ("just words", "'just words' is not a document", "start it with apiVersion and kind"),
    ("[1, 2]", "a list is not a document", "start it with apiVersion and kind"),
    ("a: [", "it is not YAML: expected the node content, but found '<stream end>' in line 1",
     "give one or more YAML documents in UTF-8, 1 MiB at most"),
    ("spec: {}", "kind is missing", "write one of Gateway, VirtualService, DestinationRule"),
    ("kind: Service", "kind 'Service' is no route", "write one of Gateway, VirtualService, DestinationRule"),
    ("kind: [Gateway]", "kind a list is no route", "write one of Gateway, VirtualService, DestinationRule"),
    ("kind: List\nitems: 1", "List items: 1 is not a list", "write the documents below items"),
    ("kind: Gateway", "Gateway/? apiVersion: nothing is not known", "write networking.istio.io/v1beta1"),
    ("kind: Gateway\napiVersion: networking.istio.io/v1", "Gateway/? metadata: nothing is not a mapping",
     "its fields are name, namespace, labels and annotations"),
    (text("Gateway", {}, name=1), "Gateway/? metadata.name: 1 is not text",
     "write lower-case letters, digits, dashes and dots"),
    (text("Gateway", {}, name="A b"), "Gateway/A b metadata.name: 'A b' is not a DNS name",
     "write lower-case letters, digits, dashes and dots"),
    (text("Gateway", {}, namespace="a.b"), "Gateway/one metadata.namespace: 'a.b' is not a DNS label",
     "write lower-case letters, digits and dashes"),
    (text("Gateway", {}, label={}), "Gateway/one metadata.label: no such field", "did you mean labels?"),
    (text("Gateway", {}), "Gateway/one spec: servers is missing", "add servers"),
    (text("Gateway", None),
     "Gateway/one spec: nothing is not a mapping", "its fields are selector and servers"),
    (server(hosts=[]), "Gateway/one spec.servers[0].hosts: the list is empty", "give it an item"),
    (server(port={"number": 80, "name": "http"}), "Gateway/one spec.servers[0].port: protocol is missing",
     "add protocol"),
    (server(port={"number": 70000, "name": "http", "protocol": "HTTP"}),
     "Gateway/one spec.servers[0].port.number: 70000 is above 65535", "write a whole number from 1 to 65535"),
    (text("VirtualService", {"hosts": ["reviews"]}),
     "VirtualService/one spec: it routes nothing", "add http"),
    (text("VirtualService", {"hosts": ["reviews"], "htpp": []}),
     "VirtualService/one spec.htpp: no such field",
     "did you mean http?"),
    (text("VirtualService", {"hosts": "reviews", "http": []}),
     "VirtualService/one spec.hosts: 'reviews' is not a list", "start each item with a dash"),
    (text("VirtualService", {"hosts": ["*"], "http": [{"route": [{"destination": V2}]}]}),
     'VirtualService/one spec.hosts: "*" cannot be bound to the mesh', "name the services, or add gateways"),
    (text("VirtualService", {"hosts": ["a", "a"], "http": [{"route": [{"destination": V2}]}]}),
     "VirtualService/one spec.hosts[1]: 'a' is named twice", "name each host once"),
    (http(), f"{RULE}: it says nowhere to go", "add route, redirect or directResponse"),
    (http(route=[{"destination": V2, "weight": -10}, {"destination": V3, "weight": 110}]),
     f"{RULE}.route[0].weight: -10 is below 0", "write a whole number from 0 to 2147483647"),
    (http(route=[{"destination": V2, "weight": 0.9}, {"destination": V3, "weight": 0.1}]),
     f"{RULE}.route[0].weight: 0.9 is not a whole number", "write a whole number from 0 to 2147483647"),
    (http(route=[{"destination": V2, "weight": "90"}, {"destination": V3, "weight": 10}]),
     f"{RULE}.route[0].weight: '90' is not a whole number", "write a whole number from 0 to 2147483647"),
    (http(route=[{"destination": V2}, {"destination": V3, "weight": 0}]),
     f"{RULE}.route: the weights add up to 0", "give at least one destination a weight above 0"),
    (http(route=[{"destination": V2, "weight": 2**31 - 1}] * 3),
     f"{RULE}.route: the weights add up to 6442450941", "keep their sum below 4294967296"),
    (http(route=[{"destination": V2, "wieght": 90}]), f"{RULE}.route[0].wieght: no such field",
     "did you mean weight?"),
    (http(route=[{"destination": {"subset": "v2"}}]),
     f"{RULE}.route[0].destination: host is missing", "add host"),
    (http(route=[]), f"{RULE}.route: the list is empty", "give it an item"),
    (http(route=[{"destination": V2}], redirect={"uri": "/"}),
     f"{RULE}: route and redirect exclude each other",
     "keep one of route and redirect"),
    (http(redirect={"uri": "/"}, timeout="2s"), f"{RULE}.timeout: timeout means nothing beside redirect",
     "keep one of them"),
    (http(redirect={}), f"{RULE}.redirect: it changes nothing", "add uri, authority or scheme"),
    (http(directResponse={"status": 42}), f"{RULE}.directResponse.status: 42 is below 200",
     "write a whole number from 200 to 599"),
    (http(directResponse={"status": 200, "body": {"bytes": "?"}}),
     f"{RULE}.directResponse.body.bytes: '?' is not base64", "encode it in base64, or write string"),
    (routed(timeout="2"), f"{RULE}.timeout: '2' is not a duration", "write for example 2s, 500ms, 1m or 0s"),
    (routed(timeout=2), f"{RULE}.timeout: 2 is not text", "write for example 2s, 500ms, 1m or 0s"),
    (routed(retries={"attempts": 0, "retryOn": "5xx"}),
     f"{RULE}.retries: attempts is 0, so the other fields mean nothing", "add attempts: 2 or remove them"),
    (routed(fault={}), f"{RULE}.fault: it holds no fault", "add delay or abort"),
    (routed(fault={"delay": {}}), f"{RULE}.fault.delay: fixedDelay is missing", "add fixedDelay: 2s"),
    (routed(fault={"abort": {"percentage": {"value": 101}, "httpStatus": 500}}),
     f"{RULE}.fault.abort.percentage.value: 101 is above 100", "write a number from 0 to 100"),
    (routed(match=[{"uri": {"exact": "/a", "prefix": "/"}}]),
     f"{RULE}.match[0].uri: exact and prefix exclude each other", "keep one of exact and prefix"),
    (routed(match=[{"uri": {"regex": "("}}]),
     f"{RULE}.match[0].uri.regex: '(' is not a regular expression of RE2",
     "RE2 knows no lookaround and no back references"),
    (routed(match=[{"headers": {"a b": {"exact": "x"}}}]),
     f"{RULE}.match[0].headers: 'a b' is not a header's name", "write for example end-user"),
    (routed(match=[{"headers": {"end-user": "jason"}}]),
     f"{RULE}.match[0].headers.end-user: 'jason' is not a mapping", "its fields are exact, prefix and regex"),
    (routed(mirror=V2, mirrors=[{"destination": V3}]), f"{RULE}.mirrors: mirrors means nothing beside mirror",
     "keep one of them"),
    (routed(corsPolicy={"allowCredentials": "yes"}),
     f"{RULE}.corsPolicy.allowCredentials: 'yes' is neither true nor false", "write true or false"),
    (text("DestinationRule", {"host": "reviews", "subsets": [{"name": "v1"}, {"name": "v1"}]}),
     "DestinationRule/one spec.subsets[1].name: 'v1' is defined twice", "name each subset once"),
    (text("DestinationRule", {"host": "reviews", "subsets": [{"name": "v1", "labels": {"version": 1}}]}),
     "DestinationRule/one spec.subsets[0].labels.version: 1 is not text", 'write for example "v2"'),
    (policy(), f"{POLICY}: it holds no policy", "add loadBalancer, connectionPool or outlierDetection"),
    (policy(loadBalancer={"simple": "FASTEST"}), f"{POLICY}.loadBalancer.simple: 'FASTEST' is not allowed",
     "write LEAST_REQUEST, ROUND_ROBIN, RANDOM, PASSTHROUGH, LEAST_CONN or UNSPECIFIED"),
    (policy(loadBalancer={"consistentHash": {}}),
     f"{POLICY}.loadBalancer.consistentHash: it names nothing to hash",
     "add one of httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName"),
    (policy(outlierDetection={"maxEjectionPercent": 101}),
     f"{POLICY}.outlierDetection.maxEjectionPercent: 101 is above 100", "write a whole number from 0 to 100"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason", "hint"), REFUSALS, ids=[reason for _, reason, _ in REFUSALS])
def test_what_is_wrong_is_said_in_one_line(content: str, reason: str, hint: str) -> None:
    with pytest.raises(DocumentError) as error:
        documents.read(content, "routes.yaml")
    assert (str(error.value), error.value.hint) == (f"routes.yaml: {reason}", hint)


def test_a_document_that_stands_twice_is_refused() -> None:
    content = "\n---\n".join([routed(), routed()])
    with pytest.raises(
        DocumentError, match=r"^r: VirtualService/one metadata.name: it stands twice in one text$"
    ):
        documents.read(content, "r")


@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1"])
def test_every_version_that_istio_ever_served_is_read(version: str) -> None:
    content = routed().replace("istio.io/v1", f"istio.io/{version}")
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
    assert documents.read(content, "r") == (Document("VirtualService", "default", "one", spec, "r"),)


def test_what_a_cluster_prints_is_read() -> None:
    """A List, with what the server itself has set in each document."""
    one = yaml.safe_load(routed())
    one["metadata"] |= {"namespace": "books", "uid": "1", "resourceVersion": "2", "labels": {"a": "b"}}
    one["status"] = {"conditions": []}
    (read,) = documents.read(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [one]}), "r")
    assert (read.key, read.labels) == (("VirtualService", "books", "one"), {"a": "b"})


def test_a_single_destination_needs_no_weight() -> None:
    """It gets everything, whatever its weight says, so 0 is allowed there too (Istio)."""
    assert documents.read(http(route=[{"destination": V2, "weight": 0}]), "r")


def test_weights_need_not_add_up_to_a_hundred() -> None:
    """Any sum is allowed since Istio 1.15; a missing weight is 0."""
    assert documents.read(http(route=[{"destination": V2, "weight": 7}, {"destination": V3}]), "r")


def test_a_document_that_others_delegate_to_has_no_hosts() -> None:
    assert documents.read(text("VirtualService", {"http": [{"route": [{"destination": V2}]}]}), "r")


def test_what_is_written_is_read_back_the_same() -> None:
    read = documents.read_file(EVERY_FIELD)
    again = documents.read(documents.dump(read), str(EVERY_FIELD))
    assert again == read


def test_no_documents_at_all_are_read_back_too() -> None:
    assert documents.read(documents.dump(()), "r") == ()


def test_documents_are_written_in_a_version_that_every_istio_serves() -> None:
    (document,) = documents.read(routed(), "r")
    assert documents.dump([document]) == (
        "---\n"
        "apiVersion: networking.istio.io/v1beta1\n"
        "kind: VirtualService\n"
        "metadata:\n"
        "  name: one\n"
        "  namespace: default\n"
        "spec:\n"
        "  hosts:\n"
        "  - reviews\n"
        "  http:\n"
        "  - route:\n"
        "    - destination:\n"
        "        host: reviews\n"
    )


def document(name: str, host: str, namespace: str = "default") -> Document:
    return Document("DestinationRule", namespace, name, {"host": host}, "test")


def test_merging_replaces_in_place_and_adds_at_the_end() -> None:
    """As kubectl apply does; a document keeps the age that Istio goes by."""
    current = (document("a", "1"), document("b", "2"))
    new = (document("c", "3"), document("a", "4"), document("b", "5", "other"))
    assert documents.merge(current, new) == (
        document("a", "4"),
        document("b", "2"),
        document("c", "3"),
        document("b", "5", "other"),
    )


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as error:
        documents.read_file(tmp_path / "none.yaml")
    assert str(error.value) == f"{tmp_path}/none.yaml: no such file or directory"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"is a directory$"):
        documents.read_file(tmp_path)


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match=r"it is not text in UTF-8$"):
        documents.read_file(file)


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + routed().encode())
    assert len(documents.read_file(file)) == 1


WORDS = st.sampled_from(
    ["kind", "spec", "Gateway", "http", "route", "weight", "host", "match", "uri", "name"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.sampled_from(["Gateway", "VirtualService", "DestinationRule"]), TREES, TREES)
def test_any_content_is_read_or_refused_in_one_printable_line(kind: str, spec: Any, metadata: Any) -> None:
    document = {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
    refusal = None
    try:
        documents.read(yaml.safe_dump(document), "r")
    except DocumentError as error:
        refusal = error
    assert refusal is None or (str(refusal).isprintable() and refusal.hint)
