"""What we put into a cluster: applied under our own name, labelled, and told of before it is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .api import FIELD_MANAGER, Api, Manifest
from .errors import ApiError, ConflictError

LABEL = "app.kubernetes.io/managed-by"
SELECTOR = f"{LABEL}={FIELD_MANAGER}"
"""Selects what we created, and nothing else."""
_BY_THE_SERVER = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


def planned(api: Api, manifests: Iterable[Manifest], *, force: bool = False) -> Iterator[str]:
    """A line for each object that applying would create or change; nothing where all is as it should be.

    The server itself is asked: it does all but the writing.
    """
    for manifest in manifests:
        before = _before(api, manifest)
        if before is None:
            yield f"create {_named(manifest)}"
        elif _content(before) != _content(_apply(api, manifest, before, force=force, dry_run=True)):
            yield f"change {_named(manifest)}"


def apply(api: Api, manifests: Iterable[Manifest], *, force: bool = False) -> None:
    """Bring the objects into the cluster, in order; one that is as it should be stays untouched."""
    for manifest in manifests:
        _apply(api, manifest, _before(api, manifest), force=force)


def remove(
    api: Api,
    kinds: Iterable[tuple[str, str]],
    namespace: str | None = None,
    keep: Collection[tuple[str, str]] = (),
) -> Iterator[str]:
    """Delete what we created of these (API version, kind), but what ``keep`` names as (kind, name).

    A line for each object that went.
    """
    for api_version, kind in kinds:
        if api.serves(api_version, kind):
            for one in list(api.items(api.path(api_version, kind, namespace), SELECTOR)):
                name = one["metadata"]["name"]
                if (kind, name) not in keep and api.delete(api.path(api_version, kind, namespace, name)):
                    yield f"{kind} {name}"


def _apply(
    api: Api, manifest: Manifest, before: Mapping[str, Any] | None, *, force: bool, dry_run: bool = False
) -> dict[str, Any]:
    """What we create bears our label, by which it is found again; what was there before is not ours."""
    ours = before is None or before["metadata"].get("labels", {}).get(LABEL) == FIELD_MANAGER
    try:
        return api.apply(_labelled(manifest) if ours else manifest, force=force, dry_run=dry_run)
    except ConflictError as error:
        raise ConflictError(f"{_named(manifest)}: {error}", error.hint, error.conflicts) from error


def _before(api: Api, manifest: Manifest) -> dict[str, Any] | None:
    try:
        return api.find(api.path_of(manifest))
    except ApiError as error:
        if error.status == 404:  # not even its kind is there yet: a step before brings it
            return None
        raise


def _labelled(manifest: Manifest) -> dict[str, Any]:
    metadata = manifest["metadata"]
    labels = {**metadata.get("labels", {}), LABEL: FIELD_MANAGER}
    return {**manifest, "metadata": {**metadata, "labels": labels}}


def _named(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _content(thing: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what the server writes at its own will."""
    metadata = {key: value for key, value in thing["metadata"].items() if key not in _BY_THE_SERVER}
    return {**{key: value for key, value in thing.items() if key != "status"}, "metadata": metadata}
