"""What is wrong between documents: each is sound alone, and together they do not do what they say.

Kept apart from the translation, so that broken documents can be loaded on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from analyzer.hosts import qualified, within

from .documents import Document, DocumentError, of_kind
from .gateways import MESH, admitted, bound_to, full_name
from .schema.shapes import Fault
from .subsets import subsets

Services = Mapping[str, frozenset[int]]
"""The ports of every service, by its fully qualified name."""
Pods = Mapping[str, Sequence[Mapping[str, str]]]
"""The labels of every pod behind a service, by the service's fully qualified name."""


def check(documents: Sequence[Document], services: Services) -> None:
    """Raises DocumentError for the first thing that is wrong between the documents."""
    for problem in problems(documents, services):
        raise problem


def refuse_new(
    current: Sequence[Document],
    merged: Sequence[Document],
    find: Callable[[Sequence[Document]], Iterable[DocumentError]],
) -> None:
    """Raise the first problem that is not there yet.

    What was loaded by force before stays the way it is, and does not stand in the way of others.
    """
    known = {str(problem) for problem in find(current)}
    for problem in find(merged):
        if str(problem) not in known:
            raise problem


def problems(documents: Sequence[Document], services: Services) -> Iterator[DocumentError]:
    """Everything that is wrong between the documents, in their order."""
    for index, document in enumerate(documents):
        if document.kind == "VirtualService":
            for fault in (
                *_destinations(document, documents, services),
                *_gateways(document, documents),
                *_mesh_hosts(document, documents[:index], services),
            ):
                yield document.error(fault)
        elif document.kind == "DestinationRule":
            yield from map(document.error, _rule_host(document, services))


def without_pods(documents: Sequence[Document], pods: Pods) -> Iterator[DocumentError]:
    """Every destination that gets traffic and has no pod to answer it."""
    for document in of_kind(documents, "VirtualService"):
        for path, destination in _reached(document):
            host = qualified(destination["host"], document.namespace)
            labels = subsets(host, documents).get(destination.get("subset", ""), {}).get("labels", {})
            if host in pods and not any(labels.items() <= pod.items() for pod in pods[host]):
                wanted = f" with {_labelled(labels)}" if labels else ""
                theirs = {_labelled({key: pod.get(key, "") for key in labels}): None for pod in pods[host]}
                hint = f"its pods have {' or '.join(theirs)}" if theirs and labels else "start one first"
                fault = Fault(path, f"{destination['host']} has no pod{wanted}", hint)
                yield document.error(fault)


def _reached(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The destinations that get traffic: a lone one gets all of it, whatever its weight."""
    for index, rule in enumerate(document.spec.get("http", ())):
        route = rule.get("route", ())
        for number, one in enumerate(route):
            if len(route) == 1 or one.get("weight"):
                yield f"spec.http[{index}].route[{number}].destination", one["destination"]


def _labelled(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _destinations(document: Document, documents: Sequence[Document], services: Services) -> Iterator[Fault]:
    for path, destination in _named(document):
        host = qualified(destination["host"], document.namespace)
        subset = destination.get("subset")
        port = destination.get("port", {}).get("number")
        if host not in services:
            yield Fault(f"{path}.host", f"{destination['host']} is no service", _known(services))
        elif port is not None and port not in services[host]:
            ports = ", ".join(map(str, sorted(services[host])))
            yield Fault(f"{path}.port.number", f"{destination['host']} has no port {port}", f"write {ports}")
        elif subset is not None and subset not in (known := subsets(host, documents)):
            hint = f"subsets of {destination['host']}: {', '.join(known) or 'none, add a DestinationRule'}"
            yield Fault(f"{path}.subset", f"no DestinationRule defines {subset}", hint)


def _named(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every destination of a VirtualService with its path, those of mirrors included."""
    for index, rule in enumerate(document.spec.get("http", ())):
        path = f"spec.http[{index}]"
        for field in ("route", "mirrors"):
            for number, one in enumerate(rule.get(field, ())):
                yield f"{path}.{field}[{number}].destination", one["destination"]
        if "mirror" in rule:
            yield f"{path}.mirror", rule["mirror"]


def _gateways(document: Document, documents: Sequence[Document]) -> Iterator[Fault]:
    known = {f"{d.namespace}/{d.name}": d for d in documents if d.kind == "Gateway"}
    for index, name in enumerate(bound_to(document)):
        if name == MESH:
            continue
        if name not in known:
            hint = f"known here: {', '.join((*known, MESH))}"
            yield Fault(f"spec.gateways[{index}]", f"there is no Gateway {name}", hint)
        elif not any(admitted(known[name], s["hosts"], document) for s in known[name].spec["servers"]):
            yield Fault(
                "spec.hosts", f"Gateway {name} lets none of these hosts in", "give both a host in common"
            )
    yield from _matched_gateways(document)


def _matched_gateways(document: Document) -> Iterator[Fault]:
    for index, rule in enumerate(document.spec.get("http", ())):
        for number, match in enumerate(rule.get("match", ())):
            for place, name in enumerate(match.get("gateways", ())):
                if full_name(name, document.namespace) not in bound_to(document):
                    path = f"spec.http[{index}].match[{number}].gateways[{place}]"
                    yield Fault(
                        path, f"{name} is not among spec.gateways", "add it there, or leave it out here"
                    )


def _mesh_hosts(document: Document, older: Sequence[Document], services: Services) -> Iterator[Fault]:
    """Gateways merge VirtualServices of one host; sidecars follow the oldest and ignore the others."""
    if MESH not in bound_to(document):
        return
    for index, name in enumerate(document.spec.get("hosts", ())):
        path, host = f"spec.hosts[{index}]", qualified(name, document.namespace)
        if not any(within(service, host) for service in services):
            yield Fault(path, f"{name} is no service", _known(services))
        for other in older:
            if _has_mesh_host(other, host):
                reason = f"{name} has a VirtualService already: {other.name} in {other.source}"
                yield Fault(path, reason, "sidecars would follow the older alone: join the two")


def _has_mesh_host(document: Document, host: str) -> bool:
    return (
        document.kind == "VirtualService"
        and MESH in bound_to(document)
        and host in (qualified(name, document.namespace) for name in document.spec.get("hosts", ()))
    )


def _rule_host(document: Document, services: Services) -> Iterator[Fault]:
    host = qualified(document.spec["host"], document.namespace)
    if not any(within(service, host) for service in services):
        yield Fault("spec.host", f"{document.spec['host']} is no service", _known(services))


def _known(services: Services) -> str:
    return f"services here: {', '.join(host.partition('.')[0] for host in services)}"
