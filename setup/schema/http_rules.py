"""What Istio's own admission refuses in a VirtualService although every single field is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .shapes import Fault


def one_answer(rule: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if not {"route", "redirect", "directResponse", "delegate"} & rule.keys():
        yield Fault(path, "it says nowhere to go", "add route, redirect or directResponse")


def weights(rule: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """With one destination its weight does not count; with several a missing one is 0 (Istio 1.15)."""
    routes = rule.get("route", ())
    if len(routes) < 2:
        return
    total = sum(route.get("weight", 0) for route in routes)
    if not total:
        yield Fault(
            f"{path}.route", "the weights add up to 0", "give at least one destination a weight above 0"
        )
    elif total > 2**32 - 1:
        yield Fault(f"{path}.route", f"the weights add up to {total}", "keep their sum below 4294967296")


def no_contradiction(rule: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for answer, others in (
        ("redirect", ("rewrite", "fault", "mirror", "mirrors", "retries", "timeout")),
        ("directResponse", ("rewrite", "fault", "mirror", "mirrors", "retries", "timeout")),
        ("mirror", ("mirrors",)),
    ):
        for other in others:
            if answer in rule and other in rule:
                yield Fault(f"{path}.{other}", f"{other} means nothing beside {answer}", "keep one of them")


def some_effect(rule: Mapping[str, Any], path: str) -> Iterator[Fault]:
    redirect = rule.get("redirect")
    if redirect is not None and not redirect:
        yield Fault(f"{path}.redirect", "it changes nothing", "add uri, authority or scheme")
    fault = rule.get("fault")
    if fault is None:
        return
    if not fault:
        yield Fault(f"{path}.fault", "it holds no fault", "add delay or abort")
    if "delay" in fault and not {"fixedDelay", "exponentialDelay"} & fault["delay"].keys():
        yield Fault(f"{path}.fault.delay", "fixedDelay is missing", "add fixedDelay: 2s")
    if "abort" in fault and not {"httpStatus", "grpcStatus", "http2Error"} & fault["abort"].keys():
        yield Fault(f"{path}.fault.abort", "httpStatus is missing", "add httpStatus: 503")


def retry_sense(retries: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if not retries.get("attempts", 0) and retries.keys() - {"attempts"}:
        yield Fault(path, "attempts is 0, so the other fields mean nothing", "add attempts: 2 or remove them")


def something_to_route(spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if not any(spec.get(field) for field in ("http", "tcp", "tls")):
        yield Fault(path, "it routes nothing", "add http")


def hosts_of_the_mesh(spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Every host of the mesh at once is refused by Istio, whatever the gateways beside it."""
    if "*" in spec.get("hosts", ()) and "mesh" in (spec.get("gateways") or ("mesh",)):
        yield Fault(f"{path}.hosts", '"*" cannot be bound to the mesh', "name the services, or add gateways")


def hosts_once(spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    hosts = spec.get("hosts", ())
    for index, host in enumerate(hosts):
        if host in hosts[:index]:
            yield Fault(f"{path}.hosts[{index}]", f"{host!r} is named twice", "name each host once")


HTTP_RULES = (one_answer, weights, no_contradiction, some_effect)
SPEC_RULES = (something_to_route, hosts_of_the_mesh, hosts_once)
