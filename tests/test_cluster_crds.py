"""The routes of the tutorial on an API server that has the CRDs of the tutorial's Istio, 1.12.1."""

from __future__ import annotations

from pathlib import Path

import pytest
from control_plane import CRDS, assets, install_crds, running

from analyzer.records import Weights
from setup import documents, routes
from setup.cluster import changes
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.routing import Routing

pytestmark = pytest.mark.e2e


def test_the_crds_of_1_12_take_the_same_documents_as_those_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = routes.split(Weights.parse("v2=90,v3=10"))
    everything = [documents.manifest(one) for one in (*routes.ingress(), *split)]
    with running(assets(), tmp_path) as plane:
        install_crds(plane, CRDS["1.12"])
        monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig(tmp_path / "kubeconfig")))
        api = Api(*connect())
        routing = Routing(api)
        routing.apply((*routes.ingress(), *split))
        assert list(changes.planned(api, everything)) == []
        assert {one.key: one.spec for one in routing.documents()} == {
            one.key: one.spec for one in (*routes.ingress(), *split)
        }
        assert len(routing.remove(keep=routes.ingress())) == 2
        assert {one.name for one in routing.documents()} == {"bookinfo", "bookinfo-gateway"}
