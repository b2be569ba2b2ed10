"""What a cluster's routes are held against, before they are sent and after."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.records import Weights
from setup import routes
from setup.cluster.istio_version import IstioVersion
from setup.cluster.proxies import asked_for, served
from setup.cluster.routing import refuse_other_sums
from setup.documents import Document, DocumentError

REVIEWS = "reviews.default.svc.cluster.local"
SERVICES = {REVIEWS: frozenset({9080})}
TUTORIAL = IstioVersion(1, 12, 1)


def virtual_service(weights: str) -> Document:
    return routes.split(Weights.parse(weights))[1]


def dump(*actions: dict[str, Any], config: str = "virtual-service/reviews") -> bytes:
    """As an Envoy's /config_dump?resource=dynamic_route_configs, with Istio's metadata."""
    origin = f"/apis/networking.istio.io/v1alpha3/namespaces/default/{config}"
    found = [
        {
            "match": {"prefix": "/"},
            "route": action,
            "metadata": {"filter_metadata": {"istio": {"config": origin}}},
        }
        for action in actions
    ]
    hosts = [{"name": f"{REVIEWS}:9080", "domains": [REVIEWS], "routes": found}]
    return json.dumps({"configs": [{"route_config": {"name": "9080", "virtual_hosts": hosts}}]}).encode()


def weighted(**weights: int) -> dict[str, Any]:
    clusters = [{"name": f"outbound|9080|{name}|{REVIEWS}", "weight": one} for name, one in weights.items()]
    return {"weighted_clusters": {"clusters": clusters}}


def test_a_proxy_serves_a_virtual_service_when_every_share_is_the_one_asked_for() -> None:
    wanted = asked_for(virtual_service("v2=90,v3=10"), SERVICES)
    assert served(dump(weighted(v2=90, v3=10)), virtual_service("v2=1")) == wanted
    assert served(dump(weighted(v2=9, v3=1)), virtual_service("v2=1")) == wanted  # shares, not numbers
    assert served(dump(weighted(v2=10, v3=90)), virtual_service("v2=1")) != wanted
    assert served(dump(weighted(v2=90, v1=10)), virtual_service("v2=1")) != wanted


def test_a_version_of_weight_zero_is_left_out_as_istio_leaves_it_out() -> None:
    wanted = asked_for(virtual_service("v2=100,v3=0"), SERVICES)
    assert served(dump({"cluster": f"outbound|9080|v2|{REVIEWS}"}), virtual_service("v2=1")) == wanted


def test_routes_of_other_virtual_services_say_nothing() -> None:
    other = dump(weighted(v2=90, v3=10), config="virtual-service/reviews-canary")
    assert served(other, virtual_service("v2=1")) == set()


def test_every_rule_of_several_counts() -> None:
    two = dump(weighted(v2=50, v3=50), {"cluster": f"outbound|9080|v1|{REVIEWS}"})
    assert served(two, virtual_service("v2=1")) == (
        asked_for(virtual_service("v2=1,v3=1"), SERVICES) | asked_for(virtual_service("v1=1"), SERVICES)
    )


def test_an_istio_of_the_tutorial_wants_weights_in_percent() -> None:
    refuse_other_sums([virtual_service("v2=90,v3=10"), virtual_service("v2=1")], TUTORIAL)
    with pytest.raises(DocumentError) as caught:
        refuse_other_sums([virtual_service("v2=110,v3=10")], TUTORIAL)
    assert str(caught.value) == (
        "weighbridge: VirtualService/reviews spec.http[0].route: the weights add up to 120, "
        "and Istio 1.12.1 wants 100"
    )
    assert caught.value.hint == "write them in percent"
