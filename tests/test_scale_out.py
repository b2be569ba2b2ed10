"""The Jobs of a load in a cluster: they fit together, and an API server takes them as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from control_plane import ControlPlane

from analyzer import objects
from weighbridge.__main__ import VERBS, weighbridge

MANIFESTS = Path(__file__).parent.parent / "setup" / "manifests"


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    found: list[Any] = list(objects.loaded((MANIFESTS / "load.yaml").read_text()))
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("part", ["master", "workers"])
def test_the_containers_run_commands_that_there_are(part: str) -> None:
    verb, *arguments = container(manifests()["Job", f"weighbridge-{part}"])["args"]
    assert verb in VERBS
    command = weighbridge.get_command(
        weighbridge.make_context("weighbridge", ["--help"], resilient_parsing=True), verb
    )
    assert command is not None
    command.make_context(verb, list(arguments))


def test_the_master_waits_for_as_many_workers_as_there_are() -> None:
    found = manifests()
    workers = found["Job", "weighbridge-workers"]["spec"]
    arguments = container(found["Job", "weighbridge-master"])["args"]
    (waits,) = (re.fullmatch(r"--workers=(\d+)", argument) for argument in arguments if "workers" in argument)
    assert waits is not None
    assert workers["parallelism"] == workers["completions"] == int(waits[1])


def test_workers_find_the_master_and_nobody_else_does() -> None:
    found = manifests()
    service, policy = found["Service", "weighbridge-master"], found["NetworkPolicy", "weighbridge-master"]
    labels = {
        part: found["Job", f"weighbridge-{part}"]["spec"]["template"]["metadata"]["labels"]
        for part in ("master", "workers")
    }
    assert container(found["Job", "weighbridge-workers"])["args"] == ["worker", service["metadata"]["name"]]
    assert service["spec"]["selector"] == policy["spec"]["podSelector"]["matchLabels"] == labels["master"]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": labels["workers"]}}]
    assert (
        [port["port"] for port in service["spec"]["ports"]]
        == [port["port"] for port in rule["ports"]]
        == [5557]
    )


@pytest.mark.e2e
def test_an_api_server_takes_them_as_they_are(bare_plane: ControlPlane) -> None:
    for one in manifests().values():
        if one["kind"] == "Namespace":
            bare_plane.call("POST", "/api/v1/namespaces", one)
            continue
        version = one["apiVersion"]
        group = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        plural = {"NetworkPolicy": "networkpolicies"}.get(one["kind"], f"{one['kind'].lower()}s")
        bare_plane.call("POST", f"{group}/namespaces/weighbridge/{plural}?fieldValidation=Strict", one)
    bare_plane.call("DELETE", "/api/v1/namespaces/weighbridge")
