"""Istio documents: read from YAML safely, checked field by field, merged as kubectl does, written again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from analyzer import objects
from analyzer.errors import InputError

from .schema import destination_rule, gateway, virtual_service
from .schema.shapes import Fault, Fields, Keyed, Shape, shown
from .schema.values import LABEL, NAME, TEXT

API_VERSION = "networking.istio.io/v1beta1"
"""What we write: every release from Istio 1.5 on serves it."""
API_VERSIONS = (
    "networking.istio.io/v1alpha3",
    "networking.istio.io/v1beta1",
    "networking.istio.io/v1",
)
SPECS: Mapping[str, Shape] = {
    "Gateway": gateway.SPEC,
    "VirtualService": virtual_service.SPEC,
    "DestinationRule": destination_rule.SPEC,
}
_SET_BY_THE_SERVER = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "selfLink",
)
_METADATA = Fields(
    {"name": NAME, "namespace": LABEL, "labels": Keyed(TEXT), "annotations": Keyed(TEXT)}, required=("name",)
)


_HINT = "give one or more YAML documents in UTF-8, 1 MiB at most"


class DocumentError(InputError):
    """A document cannot be used: the message names document, path and reason, the hint the way out."""


@dataclass(frozen=True, slots=True)
class Document:
    """One Gateway, VirtualService or DestinationRule; ``source`` says where it came from, for messages."""

    kind: str
    namespace: str
    name: str
    spec: Mapping[str, Any]
    source: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one and the same document to a cluster."""
        return self.kind, self.namespace, self.name

    def error(self, fault: Fault) -> DocumentError:
        """What is wrong at a path of this document, as one line."""
        return DocumentError(
            f"{self.source}: {self.kind}/{self.name} {fault.path}: {fault.reason}", fault.hint
        )


def read(text: str, source: str, namespace: str = "default") -> tuple[Document, ...]:
    """The documents of a YAML text, in its order; raises DocumentError for the first thing that is wrong.

    One that names no namespace belongs to ``namespace``.
    """
    source = shown(source)[1:-1] if not source.isprintable() else source
    try:
        found = list(objects.loaded(text))
    except objects.ObjectsError as error:
        raise DocumentError(f"{source}: {error}", _HINT) from error
    if not found:
        raise DocumentError(f"{source}: it holds no document", f"write one of {', '.join(SPECS)}")
    documents = tuple(_document(item, source, namespace) for one in found for item in _items(one, source))
    seen: set[tuple[str, str, str]] = set()
    for document in documents:
        if document.key in seen:
            raise document.error(Fault("metadata.name", "it stands twice in one text", "keep one of them"))
        seen.add(document.key)
    return documents


def read_file(path: Path, namespace: str = "default") -> tuple[Document, ...]:
    """The documents of a YAML file of UTF-8."""
    try:
        with path.open("rb") as file:
            return read_stream(file, str(path), namespace)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise DocumentError(f"{path}: {reason}", "name a file of Istio documents, or - for stdin") from error


def read_stream(stream: IO[bytes], source: str, namespace: str = "default") -> tuple[Document, ...]:
    """The documents of a stream of YAML in UTF-8, read no further than their greatest size."""
    content = stream.read(objects.MAX_BYTES + 1)
    try:
        return read(content.decode("utf-8-sig"), source, namespace)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{source}: it is not text in UTF-8", _HINT) from error


def merge(current: Iterable[Document], new: Iterable[Document]) -> tuple[Document, ...]:
    """As ``kubectl apply``: a document of the same kind, namespace and name is replaced, where it stood."""
    merged = {document.key: document for document in chain(current, new)}
    return tuple(merged.values())


def dump(documents: Iterable[Document]) -> str:
    """The documents as YAML that ``read`` gives back the same, all as ``networking.istio.io/v1beta1``.

    None at all are an empty List, as kubectl prints them: an empty text would be a mistake to ``read``.
    """
    manifests = [manifest(document) for document in documents]
    return objects.dumped(manifests or [{"apiVersion": "v1", "kind": "List", "items": []}])


def manifest(document: Document) -> dict[str, Any]:
    """The document as an API server takes it."""
    metadata: dict[str, Any] = {"name": document.name, "namespace": document.namespace}
    if document.labels:
        metadata["labels"] = dict(document.labels)
    if document.annotations:
        metadata["annotations"] = dict(document.annotations)
    return {
        "apiVersion": API_VERSION,
        "kind": document.kind,
        "metadata": metadata,
        "spec": document.spec,
    }


def checked(document: Document) -> Document:
    """The document itself, when nothing is wrong with its fields."""
    for fault in SPECS[document.kind].faults(document.spec, "spec"):
        raise document.error(fault)
    return document


def _items(one: Any, source: str) -> Iterator[Mapping[str, Any]]:
    """The document, or those of a List, as ``kubectl get -o yaml`` prints it."""
    if not isinstance(one, dict):
        raise DocumentError(f"{source}: {shown(one)} is not a document", "start it with apiVersion and kind")
    if one.get("kind") != "List":
        yield one
        return
    items = one.get("items")
    if not isinstance(items, list):
        raise DocumentError(
            f"{source}: List items: {shown(items)} is not a list", "write the documents below items"
        )
    for item in items:
        yield from _items(item, source)


def _document(one: Mapping[str, Any], source: str, namespace: str) -> Document:
    kind = one.get("kind")
    if not isinstance(kind, str) or kind not in SPECS:
        reason = "kind is missing" if kind is None else f"kind {shown(kind)} is no route"
        raise DocumentError(f"{source}: {reason}", f"write one of {', '.join(SPECS)}")
    draft = Document(kind, namespace, _known_by(one.get("metadata")), {}, source)
    for fault in _envelope_faults(one):
        raise draft.error(fault)
    kept = _kept(one["metadata"])
    return checked(
        Document(
            kind,
            kept.get("namespace", namespace),
            kept["name"],
            one["spec"],
            source,
            kept.get("labels", {}),
            kept.get("annotations", {}),
        )
    )


def _known_by(metadata: Any) -> str:
    """The name for messages about a document whose metadata may be anything."""
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name[:80] if isinstance(name, str) and name.isprintable() else "?"


def _envelope_faults(one: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong around the spec. The status is the server's and is not ours to judge."""
    if one.get("apiVersion") not in API_VERSIONS:
        yield Fault("apiVersion", f"{shown(one.get('apiVersion'))} is not known", f"write {API_VERSION}")
    for name in one.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}:
        yield Fault(str(name), "no such field", "known here: apiVersion, kind, metadata, spec")
    metadata = one.get("metadata")
    yield from _METADATA.faults(_kept(metadata) if isinstance(metadata, dict) else metadata, "metadata")
    if "spec" not in one:
        yield Fault("spec", "spec is missing", "add spec")


def _kept(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in metadata.items() if name not in _SET_BY_THE_SERVER}


def of_kind(documents: Sequence[Document], kind: str) -> tuple[Document, ...]:
    return tuple(document for document in documents if document.kind == kind)
