"""Istio put into a cluster and taken out: what istioctl is asked, and what it does about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cluster_fixtures import Namespace
from control_plane import ControlPlane
from front_door import FrontDoor
from istio_release import StandIn, release_folder, stand_in

from analyzer import objects
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.install import (
    Install,
    Settings,
    helm,
    helm_values,
    install,
    operator,
    uninstall,
)
from setup.cluster.installed import installed
from setup.cluster.istio_version import IstioVersion
from setup.cluster.istioctl import Istioctl, IstioctlError, opened
from setup.mesh import MeshError, MeshSettingError

OLD, TODAY = IstioVersion(1, 12, 1), IstioVersion(1, 30, 3)
TODAY_SAYS = {"version --remote=false -o json": {"out": '{"clientVersion": {"version": "1.30.3"}}'}}
INSTALL = "install -y -f FILE0 --readiness-timeout 300s"


def test_1_12_installs_the_tutorials_profile_with_log_and_traces_and_verifies_it(tmp_path: Path) -> None:
    program = stand_in(tmp_path, {INSTALL: {"err": "✔ Istiod installed\n"}, "verify-install": {}})
    heard: list[str] = []
    install(opened(program.path), Settings(), heard.append)
    assert heard == ["✔ Istiod installed"]
    assert [call[0] for call in program.calls] == ["install", "verify-install"]
    assert given(program) == {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {
            "profile": "demo",
            "meshConfig": {
                "accessLogFile": "/dev/stdout",
                "defaultConfig": {"tracing": {"sampling": 100.0}},
            },
        },
    }


def test_an_istio_of_today_gets_a_tracer_as_well_and_verifies_while_it_installs(tmp_path: Path) -> None:
    program = stand_in(tmp_path, {**TODAY_SAYS, "install -y -f FILE0 --readiness-timeout 60s --verify": {}})
    install(opened(program.path), Settings("minimal", 5, readiness=60))
    assert given(program)["spec"] == {
        "profile": "minimal",
        "meshConfig": {
            "accessLogFile": "/dev/stdout",
            "defaultConfig": {"tracing": {"sampling": 5}},
            "extensionProviders": [
                {
                    "name": "zipkin",
                    "zipkin": {"service": "zipkin.istio-system.svc.cluster.local", "port": 9411},
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("says", "asked"),
    [({}, "x uninstall --purge -y"), (TODAY_SAYS, "uninstall --purge -y")],
    ids=["1.12", "today"],
)
def test_uninstall_was_an_experiment_in_1_12(tmp_path: Path, says: dict[str, Any], asked: str) -> None:
    program = stand_in(tmp_path, {**says, asked: {}})
    uninstall(opened(program.path))
    assert program.calls == [asked.split()]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"profile": "ambient"}, "there is no profile ambient"), ({"sampling": 101}, "101 % cannot be sampled")],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(MeshSettingError) as caught:
        Settings(**settings)
    assert str(caught.value) == message


def test_those_who_use_helm_get_the_same_as_values_and_commands() -> None:
    assert helm_values(TODAY, Settings(sampling=10)) == {
        "profile": "demo",
        "meshConfig": operator(TODAY, Settings(sampling=10))["spec"]["meshConfig"],
    }
    assert list(helm_values(OLD, Settings())) == ["meshConfig"]  # its charts know no profile
    assert helm(TODAY, Settings("minimal")).splitlines()[:5] == [
        "# helm repo add istio https://istio-release.storage.googleapis.com/charts",
        "# helm install istio-base istio/base --create-namespace -n istio-system --version 1.30.3",
        "# helm install istiod istio/istiod -f values.yaml --wait -n istio-system --version 1.30.3",
        "---",
        "meshConfig:",
    ]


@pytest.mark.e2e
@pytest.mark.parametrize("profile", ["demo", "default", "minimal"])
def test_a_real_istioctl_makes_of_it_what_we_mean(tmp_path: Path, profile: str) -> None:
    istioctl = real()
    file = tmp_path / "istio.yaml"
    file.write_text(objects.dumped([operator(istioctl.version, Settings(profile, 25))]))
    made = istioctl.do("manifest", "generate", "-f", str(file)).out
    (config,) = (one for one in parts(made) if "\n  name: istio\n" in one and "\n  mesh: |-\n" in one)
    mesh = next(iter(objects.loaded(next(iter(objects.loaded(config)))["data"]["mesh"])))
    expected = operator(istioctl.version, Settings(profile, 25))["spec"]["meshConfig"]
    assert mesh["accessLogFile"] == "/dev/stdout"
    assert mesh["defaultConfig"]["tracing"] == {"sampling": 25}
    assert mesh["extensionProviders"] == expected["extensionProviders"]
    gateways = [one for one in parts(made) if "\nkind: Deployment\n" in one and "gateway" in one]
    assert len(gateways) == {"demo": 2, "default": 1, "minimal": 0}[profile]


@pytest.mark.e2e
def test_a_real_installation_that_fails_half_way_says_why_the_api_server_refused(
    istio_system: ControlPlane,
) -> None:
    heard: list[str] = []
    with pytest.raises(IstioctlError) as caught:
        install(real("test"), Settings("minimal", readiness=1), heard.append)
    assert any(line.startswith("The Kubernetes version v1.20.2 is not supported by Istio") for line in heard)
    assert str(caught.value).startswith(
        "istioctl install failed: failed to install manifests: 2 errors occurred: * failed to update "
        "resource with server-side apply for obj CustomResourceDefinition//"
    )
    assert caught.value.hint == (
        "see `kubectl -n istio-system get pods`, then run this again: it goes on from there"
    )


@pytest.mark.e2e
def test_a_real_uninstallation_takes_away_what_was_left_and_can_be_repeated(
    istio_system: ControlPlane,
) -> None:
    create_istiod(istio_system, "default", "registry.istio.io/release/pilot:1.30.3")
    uninstall(real("test"))
    istio_system.until(lambda: not istio_system.has(f"{DEPLOYMENTS}/istiod"))
    uninstall(real("test"))


@pytest.mark.e2e
def test_a_cluster_without_istio_has_none(namespace: Namespace) -> None:
    assert installed(Api(*connect())) == []


@pytest.mark.e2e
def test_every_control_plane_is_recognised_with_version_revision_log_and_tracers(
    istio_system: ControlPlane,
) -> None:
    create_istiod(istio_system, "canary", "registry.istio.io/release/pilot:1.30.3-distroless", ready=True)
    create_istiod(istio_system, "default", "docker.io/istio/pilot:1.12.1")
    mesh = {"accessLogFile": "/dev/stdout", "extensionProviders": [{"name": "zipkin"}]}
    istio_system.call("POST", CONFIG_MAPS, config_map("istio-canary", mesh))
    default, canary = installed(Api(*connect()))
    assert (str(default), default.ready, default.logs, default.tracers) == (
        "Istio 1.12.1, revision default",
        False,
        False,
        [],
    )
    assert (str(canary), canary.ready, canary.logs, canary.tracers) == (
        "Istio 1.30.3, revision canary",
        True,
        True,
        ["zipkin"],
    )


@pytest.mark.e2e
def test_the_step_installs_where_there_is_no_istio_and_else_changes_nothing(
    istio_system: ControlPlane, tmp_path: Path
) -> None:
    program = stand_in(
        tmp_path,
        {
            f"{INSTALL} --context test": {"err": "✔ Istiod installed\n"},
            "verify-install --context test": {},
        },
    )
    step = Install(Api(*connect()), opened(program.path, "test"))
    heard: list[str] = []
    assert list(step.plan()) == ["install Istio 1.12.1, profile demo, with its access log on"]
    step.run(heard.append)
    assert heard == ["✔ Istiod installed"]

    create_istiod(istio_system, "default", "docker.io/istio/pilot:1.20.0")
    heard.clear()
    assert list(step.plan()) == []
    step.run(heard.append)
    assert len(program.calls) == 2
    assert heard == [
        "Istio 1.20.0, revision default is there and is used as it is",
        "its access log is off: set meshConfig.accessLogFile=/dev/stdout, or apply a Telemetry",
    ]


@pytest.mark.e2e
def test_the_step_without_istio_and_without_istioctl_names_the_way_on(istio_system: ControlPlane) -> None:
    step = Install(Api(*connect()), None)
    assert list(step.plan()) == []
    with pytest.raises(MeshError) as caught:
        step.run(print)
    assert str(caught.value) == "there is no Istio in the cluster of context test"
    assert caught.value.hint == "name an istioctl with --istioctl, or fetch one with --istio-version"


@pytest.mark.e2e
def test_an_installation_that_was_interrupted_is_gone_through_again(
    istio_system: ControlPlane, door: FrontDoor, tmp_path: Path
) -> None:
    command = f"{INSTALL} --context test"
    begun = {"err": "- Processing resources for Istiod.\n"}
    checked = {"x precheck --context test": {}}
    program = stand_in(tmp_path, {**checked, command: {**begun, "hang": True}})
    up = door.start("up", "--mesh", "cluster", "--istioctl", program.path)
    up.until(lambda: up.said("Processing resources for Istiod"))
    create_istiod(istio_system, "default", "docker.io/istio/pilot:1.12.1")  # half of it came
    up.interrupt()
    assert up.done().code == 130

    stand_in(tmp_path, {**checked, command: {**begun, "err": "Error: etcd is full\n", "code": 1}})
    failed = door("up", "--mesh", "cluster", "--istioctl", program.path)
    assert (failed.code, failed.error) == (4, "istioctl install failed: etcd is full")

    stand_in(tmp_path, {command: {}, "verify-install --context test": {}})
    step = Install(Api(*connect()), opened(program.path, "test"))
    assert list(step.plan()) == ["install Istio 1.12.1, profile demo, with its access log on"]
    step.run(print)
    assert list(step.plan()) == []


@pytest.mark.e2e
def test_up_without_istio_and_without_istioctl_names_three_ways_on(
    istio_system: ControlPlane, door: FrontDoor, tmp_path: Path
) -> None:
    refused = door("up", "--mesh", "cluster", PATH=str(tmp_path))
    assert (refused.code, refused.error, refused.hint) == (
        4,
        "there is no istioctl on PATH",
        "fetch a release with --istio-version, or name one at hand with --istioctl or --istio-release",
    )


@pytest.mark.e2e
def test_up_with_a_real_istioctl_that_is_too_new_for_the_cluster_names_one_that_fits(
    istio_system: ControlPlane, door: FrontDoor
) -> None:
    refused = door("up", "--mesh", "cluster", "--istio-release", release_folder())
    assert (refused.code, refused.error, refused.hint) == (
        4,
        f"Istio {real().version} needs Kubernetes 1.32 or newer, and this cluster runs 1.20",
        "take another release, for example --istio-version 1.17.0",
    )


@pytest.mark.e2e
def test_up_prints_helm_values_for_an_istioctl_or_a_version(door: FrontDoor) -> None:
    named = door("up", "--helm", "--istio-version", "1.12.1", "--profile", "minimal")
    assert (named.code, named.out) == (0, helm(OLD, Settings("minimal")))


DEPLOYMENTS = "/apis/apps/v1/namespaces/istio-system/deployments"
PODS = "/api/v1/namespaces/istio-system/pods"
CONFIG_MAPS = "/api/v1/namespaces/istio-system/configmaps"


def create_istiod(plane: ControlPlane, revision: str, image: str, *, ready: bool = False) -> None:
    name = "istiod" if revision == "default" else f"istiod-{revision}"
    labels = {"app": "istiod", "istio.io/rev": revision, "operator.istio.io/component": "Pilot"}
    labels["install.operator.istio.io/owning-resource"] = "unknown"
    containers = [{"name": "discovery", "image": image}]
    deployment = {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": int(ready),
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}},
        },
    }
    plane.call("POST", DEPLOYMENTS, deployment)
    if ready:
        (pod,) = plane.until(lambda: plane.call("GET", f"{PODS}?labelSelector=app={name}")["items"])
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        path = f"{PODS}/{pod['metadata']['name']}/status"
        plane.call("PATCH", path, {"status": status}, "application/merge-patch+json")
        plane.until(
            lambda: plane.call("GET", f"{DEPLOYMENTS}/{name}").get("status", {}).get("readyReplicas") == 1
        )


def config_map(name: str, mesh: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": {"mesh": json.dumps(mesh)}}


def given(program: StandIn) -> dict[str, Any]:
    """The document that it was given as a file."""
    (document,) = objects.loaded(program.given())
    assert isinstance(document, dict)
    return document


def parts(manifests: str) -> list[str]:
    return manifests.split("\n---\n")


def real(context: str | None = None) -> Istioctl:
    return opened(release_folder() / "bin" / "istioctl", context)
