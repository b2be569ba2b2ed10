"""Istio documents in a cluster: read, checked before anything is sent, applied in order, waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analyzer.hosts import CLUSTER_DOMAIN, qualified

from .. import checks, documents
from ..checks import Services
from ..documents import API_VERSION, Document, DocumentError, of_kind
from ..gateways import MESH, bound_to
from ..mesh import MeshError
from ..schema.shapes import Fault
from . import changes, pods, proxies, tunnel
from .api import Api
from .errors import ApiError, ConflictError
from .istio_version import IstioVersion

_ORDER = ("Gateway", "DestinationRule", "VirtualService")
"""A VirtualService that names a subset nobody defined answers 503: the subsets go first."""
_ANY_SUM_SINCE = 15
"""Up to Istio 1.14 the weights of one route must add up to 100."""
_HUNDRED = 100
_LIMIT = 60.0
"""Seconds until every proxy has new routes; it takes istiod one or two."""
_PAUSE = 0.2
_TAKE_OVER = "change it there, or take it over with `weighbridge route --force`"
"""Whichever verb sent the documents: no other takes anything from anybody."""


class Routing:
    """The Gateways, DestinationRules and VirtualServices of one namespace."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def documents(self) -> tuple[Document, ...]:
        """Everything that is applied, whoever did, oldest first, fields that we do not know included."""
        found = []
        for kind in _ORDER:
            if self._api.serves(API_VERSION, kind):
                found += list(self._api.items(self._api.path(API_VERSION, kind, None)))
        found.sort(key=lambda one: one["metadata"]["creationTimestamp"])
        return tuple(self._document(one) for one in found)

    def check(self, new: Sequence[Document], istio: IstioVersion | None) -> None:
        """Raise DocumentError where the new documents do not fit together, or not this Istio."""
        if istio is not None and not istio.since(_ANY_SUM_SINCE):
            refuse_other_sums(new, istio)
        current = tuple(one for one in self.documents() if _is_sound(one))
        merged = documents.merge(current, new)
        services = self.services(merged)
        labels = self._labels(services)

        def problems(found: Sequence[Document]) -> Iterator[DocumentError]:
            yield from checks.problems(found, services)
            yield from checks.without_pods(found, labels)

        checks.refuse_new(current, merged, problems)

    def apply(self, new: Sequence[Document], *, force: bool = False) -> None:
        """Send the documents, subsets before the routes to them; ``force`` takes fields over from others."""
        for document in sorted(new, key=lambda one: _ORDER.index(one.kind)):
            try:
                changes.apply(self._api, [documents.manifest(document)], force=force)
            except ConflictError as error:
                raise ConflictError(str(error), _TAKE_OVER, error.conflicts) from error

    def wait(self, new: Sequence[Document]) -> float:
        """Return when every proxy involved serves the VirtualServices; gives that Unix time."""
        virtual_services = tuple(of_kind(new, "VirtualService"))
        services = self.services(virtual_services)
        for document in virtual_services:
            wanted = proxies.asked_for(document, services)
            for pod in self._clients(document):
                self._wait(document, wanted, pod)
        return time.time()

    def services(self, found: Iterable[Document]) -> Services:
        """The ports of the services of our namespace, and of every namespace that the documents name.

        A host outside the cluster counts as known.
        """
        namespaces = {self._api.target.namespace: None}
        outside: dict[str, set[int]] = {}
        for host, port in _hosts(found):
            name, _, rest = host.partition(".")
            if rest.endswith(f".{CLUSTER_DOMAIN}") and "*" not in name:
                namespaces[rest.removesuffix(f".{CLUSTER_DOMAIN}")] = None
            else:
                outside.setdefault(host, set()).add(port)
        known = {host: frozenset(ports) for host, ports in outside.items()}
        for namespace in namespaces:
            for one in self._api.items(self._api.path("v1", "Service", namespace)):
                host = qualified(one["metadata"]["name"], namespace)
                known[host] = frozenset(port["port"] for port in one["spec"].get("ports", ()))
        return known

    def remove(self, *, keep: Iterable[Document] = ()) -> list[str]:
        """Delete the documents that we created but some; a line for each that went."""
        kept = {(document.kind, document.name) for document in keep}
        return list(changes.remove(self._api, [(API_VERSION, kind) for kind in reversed(_ORDER)], keep=kept))

    def _wait(self, document: Document, wanted: set[proxies.Shares], pod: Mapping[str, Any]) -> None:
        metadata = pod["metadata"]
        deadline = time.monotonic() + _LIMIT
        while True:
            try:
                dump = tunnel.get(
                    self._api, metadata["namespace"], metadata["name"], proxies.ADMIN_PORT, proxies.ROUTES
                )
                if proxies.served(dump, document) == wanted:
                    return
                reason = "still serves other routes"
            except ApiError as error:
                if error.status == 403:
                    raise
                reason = str(error)
            if time.monotonic() > deadline:
                raise MeshError(
                    f"VirtualService {document.name} is not in force at {metadata['name']} "
                    f"after {_LIMIT:.0f} s: {reason}",
                    "see `istioctl proxy-status` and `istioctl analyze`",
                )
            time.sleep(_PAUSE)

    def _clients(self, document: Document) -> list[Mapping[str, Any]]:
        """The pods whose proxies decide by the VirtualService: sidecars, gateways, or both."""
        bound = bound_to(document)
        return [
            pod
            for pod in pods.involved(self._api)
            if pods.has_proxy(pod)
            and pods.is_ready(pod)
            and (MESH in bound if not pods.is_gateway(pod) else set(bound) - {MESH})
        ]

    def _labels(self, services: Services) -> checks.Pods:
        """The labels of every pod behind each service of our namespace."""
        namespace = self._api.target.namespace
        found = list(self._api.items(self._api.path("v1", "Pod", None)))
        behind = {}
        for one in self._api.items(self._api.path("v1", "Service", None)):
            selector = one["spec"].get("selector")
            if selector:
                labels = [pod["metadata"].get("labels", {}) for pod in found]
                host = qualified(one["metadata"]["name"], namespace)
                behind[host] = [one for one in labels if selector.items() <= one.items()]
        return {host: behind[host] for host in behind if host in services}

    def _document(self, one: Mapping[str, Any]) -> Document:
        metadata = one["metadata"]
        return Document(
            one["kind"],
            metadata["namespace"],
            metadata["name"],
            one.get("spec", {}),
            str(self._api.target),
            metadata.get("labels", {}),
        )


def refuse_other_sums(found: Iterable[Document], istio: IstioVersion) -> None:
    """Raise DocumentError for a route whose weights an old Istio's webhook would refuse."""
    for document in found:
        for index, rule in enumerate(document.spec.get("http", ())):
            weights = [one.get("weight", 0) for one in rule.get("route", ())]
            if len(weights) > 1 and sum(weights) != _HUNDRED:
                reason = f"the weights add up to {sum(weights)}, and Istio {istio} wants {_HUNDRED}"
                raise document.error(Fault(f"spec.http[{index}].route", reason, "write them in percent"))


def _hosts(found: Iterable[Document]) -> Iterator[tuple[str, int]]:
    """Every host that documents send requests to, with the port they name, 0 where none is named."""
    for document in found:
        if document.kind == "DestinationRule":
            yield qualified(document.spec["host"], document.namespace), 0
        for rule in document.spec.get("http", ()) if document.kind == "VirtualService" else ():
            for one in rule.get("route", ()):
                destination = one["destination"]
                port = destination.get("port", {}).get("number", 0)
                yield qualified(destination["host"], document.namespace), port


def _is_sound(document: Document) -> bool:
    try:
        documents.checked(document)
    except DocumentError:
        return False
    return True
