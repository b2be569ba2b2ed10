"""Weights become documents, and the tutorial's own documents are among those that are accepted."""

from __future__ import annotations

import pytest

from analyzer.records import Weights
from setup.checks import check
from setup.documents import DocumentError, read_file
from setup.local.envoy.translation import SERVICES
from setup.routes import MANIFESTS, ingress, split


def test_weights_become_a_rule_of_subsets_and_a_weighted_route() -> None:
    rule, route = split(Weights.parse("v2=90,v3=10"))
    assert (rule.kind, rule.namespace, rule.name) == ("DestinationRule", "default", "reviews")
    assert rule.spec == {
        "host": "reviews",
        "subsets": [
            {"name": "v1", "labels": {"version": "v1"}},
            {"name": "v2", "labels": {"version": "v2"}},
            {"name": "v3", "labels": {"version": "v3"}},
        ],
    }
    assert (route.kind, route.namespace, route.name) == ("VirtualService", "default", "reviews")
    assert route.spec == {
        "hosts": ["reviews"],
        "http": [
            {
                "route": [
                    {"destination": {"host": "reviews", "subset": "v2"}, "weight": 90},
                    {"destination": {"host": "reviews", "subset": "v3"}, "weight": 10},
                ]
            }
        ],
    }


def test_a_version_of_weight_zero_stays_visible() -> None:
    """It is a promise too: none of the requests."""
    _, route = split(Weights.parse("v1=0,v2=1"))
    assert [one["weight"] for one in route.spec["http"][0]["route"]] == [0, 1]


def test_a_version_beyond_bookinfos_gets_a_subset_of_its_own() -> None:
    rule, _ = split(Weights.parse("v4=1"))
    assert [subset["name"] for subset in rule.spec["subsets"]] == ["v1", "v2", "v3", "v4"]


def test_a_version_that_cannot_be_a_subset_is_refused() -> None:
    with pytest.raises(DocumentError) as error:
        split(Weights.parse("V2=1"))
    assert str(error.value) == (
        "weighbridge: DestinationRule/reviews spec.subsets[3].name: 'V2' is not a DNS label"
    )


def test_the_way_in_is_the_tutorials() -> None:
    """Port 80 works behind every gateway; 8080 only where its Service forwards it."""
    gateway, virtual_service = ingress()
    assert gateway.key == ("Gateway", "default", "bookinfo-gateway")
    assert gateway.spec == {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
    }
    assert virtual_service.key == ("VirtualService", "default", "bookinfo")
    (rule,) = virtual_service.spec["http"]
    assert [match["uri"] for match in rule["match"]] == [
        {"exact": "/productpage"},
        {"prefix": "/static"},
        {"exact": "/login"},
        {"exact": "/logout"},
        {"prefix": "/api/v1/products"},
    ]
    assert rule["route"] == [{"destination": {"host": "productpage", "port": {"number": 9080}}}]


def test_the_manifest_of_the_tutorials_split_says_what_its_name_says() -> None:
    written = read_file(MANIFESTS / "reviews-v2-90-v3-10.yaml")
    assert [(d.key, d.spec) for d in written] == [
        (d.key, d.spec) for d in split(Weights.parse("v2=90,v3=10"))
    ]


def test_the_manifests_fit_together() -> None:
    others = {MANIFESTS / "rbac.yaml", MANIFESTS / "load.yaml"}  # a role and a load route nothing
    files = sorted(set(MANIFESTS.glob("*.yaml")) - others)
    assert [file.name for file in files] == ["bookinfo-gateway.yaml", "reviews-v2-90-v3-10.yaml"]
    check([document for file in files for document in read_file(file)], SERVICES)
