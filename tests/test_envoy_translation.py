"""Documents become the clusters and routes of every proxy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analyzer.records import Weights
from setup.documents import Document, read_file
from setup.local.envoy.retries import retry_policy
from setup.local.envoy.translation import translate
from setup.local.topology import topology
from setup.routes import MANIFESTS, ingress, split

MESH = topology(7, 8080)
PRODUCTPAGE = MESH.sidecars[-1].pod.name

RETRIES = retry_policy(None)


def service(name: str, *found: dict[str, Any]) -> dict[str, Any]:
    host = f"{name}.default.svc.cluster.local"
    default = {
        "name": "default",
        "match": {"prefix": "/"},
        "route": {"cluster": f"outbound|9080||{host}", "timeout": "0s", "retry_policy": RETRIES},
    }
    return {
        "name": f"{host}:9080",
        "domains": [host, name, f"{name}.default.svc", f"{name}.default"],
        "routes": list(found) or [default],
        "include_request_attempt_count": True,
    }


def configuration(name: str, *virtual_hosts: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "virtual_hosts": list(virtual_hosts),
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 1048576,
    }


BLOCK_ALL = {
    "name": "block_all",
    "domains": ["*"],
    "routes": [{"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}],
    "include_request_attempt_count": True,
}


def test_the_tutorials_split_becomes_two_weighted_clusters() -> None:
    """What productpage's proxy does with its calls; the route has no name, so the log will say ``-``."""
    documents = (*ingress(), *read_file(MANIFESTS / "reviews-v2-90-v3-10.yaml"))
    weighted = {
        "match": {"prefix": "/"},
        "route": {
            "weighted_clusters": {
                "clusters": [
                    {"name": "outbound|9080|v2|reviews.default.svc.cluster.local", "weight": 90},
                    {"name": "outbound|9080|v3|reviews.default.svc.cluster.local", "weight": 10},
                ]
            },
            "timeout": "0s",
            "retry_policy": RETRIES,
        },
    }
    assert translate(documents, MESH)[PRODUCTPAGE].routes == configuration(
        "9080",
        service("details"),
        service("productpage"),
        service("ratings"),
        service("reviews", weighted),
        BLOCK_ALL,
    )


def test_the_gateway_lets_in_what_the_tutorial_lets_in() -> None:
    def to_productpage(**match: str) -> dict[str, Any]:
        cluster = "outbound|9080||productpage.default.svc.cluster.local"
        return {
            "match": {**match, "case_sensitive": True},
            "route": {"cluster": cluster, "timeout": "0s", "retry_policy": RETRIES},
        }

    everyone = {
        "name": "*:80",
        "domains": ["*"],
        "routes": [
            to_productpage(path="/productpage"),
            to_productpage(prefix="/static"),
            to_productpage(path="/login"),
            to_productpage(path="/logout"),
            to_productpage(prefix="/api/v1/products"),
        ],
        "include_request_attempt_count": True,
    }
    gateway = MESH.gateway.pod.name
    assert translate(ingress(), MESH)[gateway].routes == configuration("http.8080", everyone)


def test_without_documents_services_answer_and_the_gateway_does_not() -> None:
    """404 for everyone outside, and every version of a service in turn for everyone inside."""
    configs = translate((), MESH)
    nothing = {"name": "blackhole:80", "domains": ["*"], "routes": [], "include_request_attempt_count": True}
    assert configs[MESH.gateway.pod.name].routes == configuration("http.8080", nothing)
    services = [service(app) for app in ("details", "productpage", "ratings", "reviews")]
    assert configs[PRODUCTPAGE].routes == configuration("9080", *services, BLOCK_ALL)


def test_every_service_and_every_subset_is_a_cluster_with_the_pods_that_bear_its_labels() -> None:
    clusters = translate(split(Weights.parse("v2=90,v4=10")), topology(7, 8080, replicas={"reviews-v2": 2}))
    pods = {
        cluster["name"].removesuffix(".default.svc.cluster.local"): [
            endpoint["endpoint"]["address"]["socket_address"]["address"]
            for locality in cluster["load_assignment"]["endpoints"]
            for endpoint in locality["lb_endpoints"]
        ]
        for cluster in clusters[PRODUCTPAGE].clusters
    }
    assert pods == {
        "outbound|9080||details": ["127.1.7.10"],
        "outbound|9080||ratings": ["127.1.7.11"],
        "outbound|9080||reviews": ["127.1.7.12", "127.1.7.13", "127.1.7.14", "127.1.7.15"],
        "outbound|9080|v1|reviews": ["127.1.7.12"],
        "outbound|9080|v2|reviews": ["127.1.7.13", "127.1.7.14"],
        "outbound|9080|v3|reviews": ["127.1.7.15"],
        "outbound|9080|v4|reviews": [],
        "outbound|9080||productpage": ["127.1.7.16"],
    }


def shares(documents: tuple[Document, ...]) -> dict[str, Fraction]:
    """The share of each subset, as Envoy would draw it."""
    routes = translate(documents, MESH)[PRODUCTPAGE].routes
    (host,) = [host for host in routes["virtual_hosts"] if host["name"].startswith("reviews")]
    (route,) = host["routes"]
    clusters = route["route"].get("weighted_clusters", {}).get("clusters")
    if clusters is None:
        clusters = [{"name": route["route"]["cluster"], "weight": 1}]
    total = sum(cluster["weight"] for cluster in clusters)
    return {cluster["name"].split("|")[2]: Fraction(cluster["weight"], total) for cluster in clusters}


WEIGHTS = st.dictionaries(
    st.sampled_from(["v1", "v2", "v3", "v4", "canary"]), st.integers(0, 800_000_000), min_size=1
).filter(lambda weights: sum(weights.values()) > 0)


@given(WEIGHTS)
def test_any_weights_keep_their_shares_on_the_way_to_envoy(weights: dict[str, int]) -> None:
    total = sum(weights.values())
    promised = {version: Fraction(weight, total) for version, weight in weights.items() if weight}
    assert shares(split(Weights.of(weights))) == promised


def test_a_share_of_zero_is_no_cluster_at_all() -> None:
    assert shares(split(Weights.parse("v1=0,v3=7"))) == {"v3": Fraction(1)}
