"""What istioctl says of the proxies, read from what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from istio_release import release_folder

from analyzer.records import Weights
from setup import routes as documents
from setup.cluster.istioctl import IstioctlError, opened
from setup.cluster.proxy_state import ProxyState, states, weights_for
from setup.local.admin import Admin
from setup.local.folder import mesh_folder
from setup.local.mesh import LocalMesh

REVIEWS = "reviews.default.svc.cluster.local"

TABLE_OF_1_12 = """\
NAME                              CDS        LDS        EDS        RDS          ISTIOD          VERSION
productpage-v1-6b746f.default     SYNCED     SYNCED     SYNCED     STALE        istiod-5c86     1.12.1
egressgateway-687f.istio-system   SYNCED     SYNCED     SYNCED     NOT SENT     istiod-5c86     1.12.1
"""
TABLE_OF_1_27 = """\
NAME                      CLUSTER        CDS               EDS              RDS        ECDS        VERSION
productpage-v1-6b746f.a   Kubernetes     SYNCED (2m3s)     STALE (2m3s)     SYNCED     IGNORED     1.27.1
"""


def test_the_table_of_1_12_is_read() -> None:
    assert states(TABLE_OF_1_12) == [
        ProxyState(
            "egressgateway-687f.istio-system",
            {"CDS": "SYNCED", "LDS": "SYNCED", "EDS": "SYNCED", "RDS": "NOT SENT"},
        ),
        ProxyState(
            "productpage-v1-6b746f.default",
            {"CDS": "SYNCED", "LDS": "SYNCED", "EDS": "SYNCED", "RDS": "STALE"},
        ),
    ]
    assert [one.stale for one in states(TABLE_OF_1_12)] == [[], ["RDS"]]


def test_a_table_that_tells_ages_is_read() -> None:
    (proxy,) = states(TABLE_OF_1_27)
    assert (proxy.proxy, proxy.stale) == ("productpage-v1-6b746f.a", ["EDS"])


def test_the_json_of_several_istiods_is_one_list() -> None:
    both = said("b.default", CDS="SYNCED", RDS="ERROR") + "\n" + said("a.default", CDS="NOT_SENT")
    assert states(both) == [
        ProxyState("a.default", {"CDS": "NOT SENT"}),
        ProxyState("b.default", {"CDS": "SYNCED", "RDS": "ERROR"}),
    ]
    assert [one.stale for one in states(both)] == [[], ["RDS"]]


def test_a_table_without_states_is_never_taken_for_good_news() -> None:
    summary = "NAME     ISTIOD     VERSION     SUBSCRIBED TYPES\na.b     c     1.30     4 (CDS,LDS)\n"
    with pytest.raises(IstioctlError):
        states(summary)


def test_no_proxies_are_no_states() -> None:
    assert states("") == []
    assert states(TABLE_OF_1_12.splitlines()[0]) == []


def test_the_weights_of_a_rule_are_read_in_its_order() -> None:
    table = routes(weighted(**{"v2": 90, "v3": 10}))
    assert weights_for(table, REVIEWS) == [Weights.parse("v2=90,v3=10")]


def test_a_rule_with_one_destination_gives_it_everything() -> None:
    assert weights_for(routes({"cluster": f"outbound|9080|v3|{REVIEWS}"}), REVIEWS) == [
        Weights.parse("v3=100")
    ]


def test_rules_before_the_weighted_one_are_told_first() -> None:
    table = routes({"cluster": f"outbound|9080|v1|{REVIEWS}"}, weighted(v2=1, v3=1))
    assert list(map(str, weights_for(table, REVIEWS))) == ["v1=100", "v2=1,v3=1"]


def test_other_services_and_routes_without_a_subset_say_nothing() -> None:
    table = routes(
        {"cluster": f"outbound|9080||{REVIEWS}"}, {"cluster": "outbound|9080|v1|ratings.default.svc"}
    )
    assert weights_for(table, REVIEWS) == []


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(IstioctlError) as caught:
        weights_for("NAME     DOMAINS", REVIEWS)
    assert str(caught.value).startswith("istioctl proxy-config routes printed no JSON: ")


@pytest.mark.e2e
def test_a_real_istioctl_reads_the_weights_out_of_a_real_envoy(mesh: LocalMesh, tmp_path: Path) -> None:
    istioctl = opened(release_folder() / "bin" / "istioctl")
    mesh.route(documents.split(Weights.parse("v2=90,v3=10")))
    (productpage,) = (pod.name for pod in mesh.pods() if pod.name.startswith("productpage"))
    dump = tmp_path / "dump.json"
    dump.write_bytes(Admin(mesh_folder(mesh.name).admin_socket(productpage)).ask("GET", "/config_dump"))
    printed = istioctl.do("proxy-config", "routes", "--file", str(dump), "-o", "json").out
    assert weights_for(printed, REVIEWS) == [Weights.parse("v2=90,v3=10")]


def said(proxy: str, **states: str) -> str:
    urls = {"CDS": "cluster.v3.Cluster", "RDS": "route.v3.RouteConfiguration"}
    configs = [
        {"typeUrl": f"type.googleapis.com/envoy.config.{urls[kind]}", "configStatus": state}
        for kind, state in states.items()
    ]
    return json.dumps({"resources": [{"node": {"id": proxy}, "genericXdsConfigs": configs}]}, indent=4)


def weighted(**weights: int) -> dict[str, Any]:
    clusters = [
        {"name": f"outbound|9080|{version}|{REVIEWS}", "weight": weight}
        for version, weight in weights.items()
    ]
    return {"weightedClusters": {"clusters": clusters}}


def routes(*actions: dict[str, Any]) -> str:
    hosts = [{"name": "reviews", "routes": [{"route": action} for action in actions]}]
    return json.dumps([{"name": "9080", "virtualHosts": hosts}])
