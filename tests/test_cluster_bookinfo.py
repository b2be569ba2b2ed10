"""Bookinfo's objects as each release of Istio would have them, and where a sidecar is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from setup.cluster.bookinfo import Inject, Layout, manifests
from setup.cluster.istio_version import IstioVersion

TUTORIAL, TODAY = IstioVersion(1, 12, 1), IstioVersion(1, 30, 3)


def deployments(layout: Layout) -> Mapping[str, Any]:
    found = manifests(layout, "shop")
    return {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == "Deployment"}


@pytest.mark.parametrize(
    ("istio", "image"),
    [
        (TUTORIAL, "docker.io/istio/examples-bookinfo-reviews-v3:1.16.2"),
        (IstioVersion(1, 18), "docker.io/istio/examples-bookinfo-reviews-v3:1.17.0"),
        (IstioVersion(1, 23), "docker.io/istio/examples-bookinfo-reviews-v3:1.20.1"),
        (IstioVersion(1, 29), "docker.io/istio/examples-bookinfo-reviews-v3:1.20.3"),
        (TODAY, "registry.istio.io/release/examples-bookinfo-reviews-v3:1.20.3"),
    ],
)
def test_images_are_those_that_the_release_pins(istio: IstioVersion, image: str) -> None:
    (container,) = deployments(Layout(istio))["reviews-v3"]["template"]["spec"]["containers"]
    assert container["image"] == image


def test_images_of_the_tutorial_do_not_set_a_user_so_the_manifest_does() -> None:
    def users(istio: IstioVersion) -> set[str]:
        specs = deployments(Layout(istio)).values()
        return {str(one["template"]["spec"]["containers"][0].get("securityContext")) for one in specs}

    assert (users(TUTORIAL), users(TODAY)) == ({"{'runAsUser': 1000}"}, {"None"})


def test_every_object_has_the_name_it_has_in_istios_samples() -> None:
    named = [f"{one['kind']} {one['metadata']['name']}" for one in manifests(Layout(TODAY), "shop")]
    apps = ("details", "ratings", "reviews", "productpage")
    workloads = ("details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3", "productpage-v1")
    assert named == [
        *(name for app in apps for name in (f"ServiceAccount bookinfo-{app}", f"Service {app}")),
        *(f"Deployment {name}" for name in workloads),
    ]


def test_a_sidecar_is_asked_for_by_pod_and_by_revision() -> None:
    def asked(layout: Layout) -> dict[str, str]:
        return {
            name: ",".join(
                f"{key}={value}"
                for key, value in spec["template"]["metadata"]["labels"].items()
                if key not in ("app", "version")
            )
            for name, spec in deployments(layout).items()
        }

    assert asked(Layout(TODAY, Inject.PRODUCTPAGE, ("v2",))) == {
        "details-v1": "sidecar.istio.io/inject=false",
        "ratings-v1": "sidecar.istio.io/inject=false",
        "reviews-v2": "sidecar.istio.io/inject=false",
        "productpage-v1": "sidecar.istio.io/inject=true",
    }
    canary = asked(Layout(TODAY, Inject.ALL, ("v2",), "canary"))
    assert set(canary.values()) == {"sidecar.istio.io/inject=true,istio.io/rev=canary"}
    assert set(asked(Layout(TODAY, Inject.NAMESPACE, ("v2",))).values()) == {""}


def test_productpage_has_three_pods_where_it_alone_has_sidecars() -> None:
    tutorial = deployments(Layout(TUTORIAL, Inject.PRODUCTPAGE, ("v2",)))
    assert {name: spec["replicas"] for name, spec in tutorial.items()} == {
        "details-v1": 1,
        "ratings-v1": 1,
        "reviews-v2": 1,
        "productpage-v1": 3,
    }
