"""Which routes answer to which host, inside and at the gateway."""

from __future__ import annotations

from typing import Any

from setup.documents import Document
from setup.local.envoy.policies import Policies
from setup.local.envoy.virtual_hosts import ingress_routes, outbound_routes
from setup.local.topology import topology

MESH = topology(7, 8080)
NO_POLICY = Policies(())


def virtual_service(name: str, *hosts: str, match: Any = None, **spec: Any) -> Document:
    """One whose single route bears its own name."""
    rule = {"name": name, "route": [{"destination": {"host": "productpage"}}]}
    rules = [rule if match is None else {**rule, "match": match}]
    return Document("VirtualService", "default", name, {"hosts": list(hosts), "http": rules, **spec}, "test")


def gateway(*hosts: str, name: str = "front", ports: tuple[int, ...] = (80,), **fields: Any) -> Document:
    servers = [{"port": {"number": port}, "hosts": list(hosts)} for port in ports]
    return Document("Gateway", "default", name, {"servers": servers, **fields}, "test")


def outbound(*documents: Document) -> dict[str, list[str]]:
    """The names of the routes that productpage's proxy has for each service."""
    return names(outbound_routes(documents, NO_POLICY, MESH.sidecars[-1]))


def ingress(*documents: Document) -> dict[str, list[str]]:
    """The names of the routes that the gateway has for each host."""
    return names(ingress_routes(documents, NO_POLICY, MESH.gateway))


def names(configuration: dict[str, Any]) -> dict[str, list[str]]:
    return {
        host["domains"][0].removesuffix(".default.svc.cluster.local"): [
            route.get("name", "-") for route in host["routes"]
        ]
        for host in configuration["virtual_hosts"]
    }


INSIDE = {"details": ["default"], "productpage": ["default"], "ratings": ["default"], "reviews": ["default"]}
BLOCKED = {"*": ["block_all"]}
ANYWHERE = [{"uri": {"prefix": "/a"}}]


def test_a_virtual_service_speaks_for_its_hosts() -> None:
    found = outbound(virtual_service("a", "reviews", "details.default.svc.cluster.local"))
    assert found == {**INSIDE, "reviews": ["a"], "details": ["a"], **BLOCKED}


def test_the_closest_host_speaks_for_a_service() -> None:
    wide = virtual_service("wide", "*.svc.cluster.local")
    closer = virtual_service("closer", "*.default.svc.cluster.local", "other.example.com")
    found = outbound(wide, closer, virtual_service("exact", "reviews"))
    assert found == {**{app: ["closer"] for app in INSIDE}, "reviews": ["exact"], **BLOCKED}


def test_of_two_for_one_host_the_older_speaks() -> None:
    found = outbound(virtual_service("older", "reviews"), virtual_service("newer", "reviews"))
    assert found["reviews"] == ["older"]


def test_one_that_has_no_rule_for_this_proxy_does_not_count() -> None:
    """Calls of other pods then go the default way, with route ``default`` in the log (Istio)."""
    match = [{"sourceLabels": {"app": "details"}}]
    assert outbound(virtual_service("a", "reviews", match=match)) == {**INSIDE, **BLOCKED}


def test_one_that_is_bound_to_a_gateway_alone_is_not_for_sidecars() -> None:
    assert outbound(virtual_service("a", "reviews", gateways=["front"])) == {**INSIDE, **BLOCKED}


def test_the_gateway_serves_what_is_bound_to_it() -> None:
    documents = (
        gateway("*"),
        virtual_service("bound", "a.example.com", gateways=["front"]),
        virtual_service("both", "b.example.com", gateways=["mesh", "default/front"]),
        virtual_service("inside", "reviews"),
        virtual_service("elsewhere", "c.example.com", gateways=["back"]),
    )
    assert ingress(*documents) == {"a.example.com": ["bound"], "b.example.com": ["both"]}


def test_without_a_gateway_everyone_outside_gets_404() -> None:
    assert ingress(virtual_service("a", "*", gateways=["front"])) == {"*": []}


def test_the_gateway_admits_what_both_sides_name() -> None:
    documents = (
        gateway("*.example.com", "other/*", "./books.example.org"),
        virtual_service("narrow", "a.example.com", gateways=["front"]),
        virtual_service("wide", "*", gateways=["front"]),
    )
    assert ingress(*documents) == {
        "*.example.com": ["wide"],
        "a.example.com": ["narrow"],
        "books.example.org": ["wide"],
    }


def test_virtual_services_of_one_host_share_it_at_the_gateway() -> None:
    """The first is asked first, and what takes everything is asked last."""
    documents = (
        gateway("*"),
        virtual_service("everything", "*", gateways=["front"]),
        virtual_service("a", "*", gateways=["front"], match=ANYWHERE),
        virtual_service("b", "*", gateways=["front"], match=ANYWHERE),
    )
    assert ingress(*documents) == {"*": ["a", "b", "everything"]}


def test_ports_80_and_8080_are_the_one_listener() -> None:
    documents = (
        gateway("*", ports=(80, 8080)),
        virtual_service("any", "*", gateways=["front"], match=ANYWHERE),
        virtual_service("one", "*", gateways=["front"], match=[{"port": 8080}]),
        virtual_service("none", "*", gateways=["front"], match=[{"port": 9080}]),
    )
    assert ingress(*documents) == {"*": ["any", "one"]}


def test_a_short_host_at_the_gateway_is_a_service_too() -> None:
    """It does not let ``http://books/`` in: Istio completes it like any other."""
    assert ingress(gateway("*"), virtual_service("a", "books", gateways=["front"])) == {"books": ["a"]}
