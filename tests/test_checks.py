"""What is wrong between documents that are sound one by one."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.records import Weights
from setup.checks import check, problems
from setup.documents import Document, DocumentError
from setup.routes import ingress, split

SERVICES = {
    "details.default.svc.cluster.local": frozenset({9080}),
    "reviews.default.svc.cluster.local": frozenset({9080}),
    "productpage.default.svc.cluster.local": frozenset({9080}),
}
ONE = "one.yaml: VirtualService/one spec"
KNOWN = "services here: details, reviews, productpage"
SPLIT = split(Weights.parse("v2=90,v3=10"))


def virtual_service(name: str = "one", namespace: str = "default", **spec: Any) -> Document:
    to_reviews = [{"route": [{"destination": {"host": "reviews.default.svc.cluster.local"}}]}]
    return Document(
        "VirtualService", namespace, name, {"hosts": ["reviews"], "http": to_reviews, **spec}, f"{name}.yaml"
    )


def sending(**rule: Any) -> Document:
    return virtual_service(http=[rule])


def said(*documents: Document) -> list[tuple[str, str]]:
    return [(str(problem), problem.hint) for problem in problems(documents, SERVICES)]


def test_the_tutorials_documents_have_no_problem() -> None:
    check((*ingress(), *SPLIT), SERVICES)


def test_the_first_problem_is_raised() -> None:
    with pytest.raises(DocumentError, match=r"reviewz is no service"):
        check([sending(route=[{"destination": {"host": "reviewz"}}])], SERVICES)


@pytest.mark.parametrize("host", ["reviewz", "reviews.default", "reviews.other.svc.cluster.local"])
def test_a_destination_must_be_a_service(host: str) -> None:
    assert said(sending(route=[{"destination": {"host": host}}])) == [
        (f"{ONE}.http[0].route[0].destination.host: {host} is no service", KNOWN)
    ]


def test_a_short_host_belongs_to_the_namespace_of_its_document() -> None:
    """Two traps at once: neither the route nor the destination is the service in default."""
    document = virtual_service(namespace="books", http=[{"route": [{"destination": {"host": "reviews"}}]}])
    assert [message for message, _ in said(document)] == [
        f"{ONE}.http[0].route[0].destination.host: reviews is no service",
        f"{ONE}.hosts[0]: reviews is no service",
    ]


def test_a_destination_must_have_the_port() -> None:
    destination = {"host": "reviews", "port": {"number": 80}}
    assert said(sending(route=[{"destination": destination}])) == [
        (
            f"{ONE}.http[0].route[0].destination.port.number: reviews has no port 80",
            "write 9080",
        )
    ]


def test_a_subset_must_be_defined() -> None:
    destination = {"host": "reviews", "subset": "v9"}
    document = sending(mirrors=[{"destination": destination}], route=[{"destination": {"host": "reviews"}}])
    message = f"{ONE}.http[0].mirrors[0].destination.subset: no DestinationRule defines v9"
    assert said(document) == [(message, "subsets of reviews: none, add a DestinationRule")]
    assert said(document, SPLIT[0]) == [(message, "subsets of reviews: v1, v2, v3")]


def test_a_mirror_is_a_destination_too() -> None:
    document = sending(mirror={"host": "nobody"}, route=[{"destination": {"host": "reviews"}}])
    assert said(document) == [(f"{ONE}.http[0].mirror.host: nobody is no service", KNOWN)]


def test_a_gateway_must_exist() -> None:
    document = virtual_service(gateways=["other/front", "mesh"])
    assert said(document, ingress()[0]) == [
        (
            f"{ONE}.gateways[0]: there is no Gateway other/front",
            "known here: default/bookinfo-gateway, mesh",
        )
    ]


def test_a_gateway_must_let_a_host_in() -> None:
    gateway = Document(
        "Gateway",
        "default",
        "front",
        {"servers": [{"port": {"number": 80}, "hosts": ["other/*", "*.example.org"]}]},
        "g.yaml",
    )
    document = virtual_service(gateways=["front"], hosts=["books.example.com"])
    assert said(gateway, document) == [
        (
            f"{ONE}.hosts: Gateway default/front lets none of these hosts in",
            "give both a host in common",
        )
    ]


def test_a_match_may_only_name_gateways_of_its_document() -> None:
    match = [{"gateways": ["bookinfo-gateway"]}]
    document = sending(match=match, route=[{"destination": {"host": "reviews"}}])
    assert said(document) == [
        (
            f"{ONE}.http[0].match[0].gateways[0]: bookinfo-gateway is not among spec.gateways",
            "add it there, or leave it out here",
        )
    ]


def test_the_mesh_allows_one_virtual_service_a_host() -> None:
    """Istio follows the oldest in silence; both are named."""
    again = virtual_service("two", hosts=["reviews.default.svc.cluster.local"])
    assert said(virtual_service("one"), again) == [
        (
            "two.yaml: VirtualService/two spec.hosts[0]: reviews.default.svc.cluster.local "
            "has a VirtualService already: one in one.yaml",
            "sidecars would follow the older alone: join the two",
        )
    ]


def test_gateways_allow_many_virtual_services_a_host() -> None:
    other = virtual_service("two", hosts=["*"], gateways=["bookinfo-gateway"])
    assert said(*ingress(), other) == []


def test_a_rule_must_be_about_a_service() -> None:
    rule = Document("DestinationRule", "default", "one", {"host": "nobody"}, "d.yaml")
    assert said(rule) == [("d.yaml: DestinationRule/one spec.host: nobody is no service", KNOWN)]


def test_a_rule_may_be_about_many_services() -> None:
    wide = Document("DestinationRule", "default", "one", {"host": "*.default.svc.cluster.local"}, "d.yaml")
    assert said(wide) == []
