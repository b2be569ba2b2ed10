"""A mesh's access-log formats, found in what people have at hand: meshConfig, its ConfigMap, a format itself.

Istio: ``accessLogFormat`` and ``accessLogEncoding`` of meshConfig, or the ``logFormat`` of an
``envoyFileAccessLog`` provider that a Telemetry resource names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import bounded, objects
from .custom import Format
from .errors import LogError

_CONFIG = re.compile(r"^ *(?:meshConfig|mesh|accessLog[A-Za-z]*|extensionProviders):", re.MULTILINE)
_HINT = (
    "give a format string, @FILE with one, or @FILE with meshConfig "
    "(`kubectl -n istio-system get configmap istio -o yaml`)"
)


def formats(given: str) -> list[Format]:
    """Of an option's value: a format, or @FILE. Empty where the mesh uses Istio's own. Raises LogError."""
    if not given.startswith("@"):
        return [_one(given)]
    path = Path(given[1:])
    try:
        text = bounded.read(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise LogError(f"cannot read {path}: {why}", _HINT) from error
    return of_text(text, str(path))


def of_text(text: str, source: str) -> list[Format]:
    """The formats in the text of a file; ``source`` names it in errors."""
    try:
        documents = _documents(text)
        if documents is None:
            return [_one(text)]
        configs = [config for document in documents for config in _mesh_configs(document)]
        found = [one for config in configs for one in _of_config(config)]
    except objects.ObjectsError as error:
        raise LogError(f"cannot read {source}: {error}", _HINT) from error
    except (AttributeError, TypeError) as error:
        raise LogError(f"{source} is no meshConfig", _HINT) from error
    if not configs and _is_mapping_of_formats(documents[0]):
        return [documents[0]]
    if not configs:
        raise LogError(f"{source} has no meshConfig and is no format", _HINT)
    return [one for number, one in enumerate(found) if one not in found[:number]]


def _documents(text: str) -> list[Mapping[str, Any]] | None:
    """None where the text is no YAML of objects, and so a format itself; raises ObjectsError."""
    try:
        documents = list(objects.loaded(text, bounded.SMALL))
    except objects.ObjectsError:
        if _CONFIG.search(text):  # as a format, a configuration that is refused would be one long line
            raise
        return None
    return documents if documents and all(isinstance(one, Mapping) for one in documents) else None


def _one(text: str) -> Format:
    """A text format, or the mapping of a JSON one."""
    if not text.lstrip().startswith("{"):
        return _checked(text)
    try:
        mapping = json.loads(text)
    except ValueError:
        return _checked(text)
    return mapping if isinstance(mapping, Mapping) else text


def _checked(text: str) -> str:
    if "%" not in text:
        raise LogError(f"{text[:40]!r} is no access-log format: it has no %OPERATOR%", _HINT)
    return text.removesuffix("\n")


def _is_mapping_of_formats(document: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and value.startswith("%") for value in document.values())


def _mesh_configs(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """MeshConfig itself, in a ConfigMap or a list of them, in an IstioOperator, in Helm values."""
    for item in document.get("items") or ():
        yield from _mesh_configs(item)
    data = document.get("data")
    if isinstance(data, Mapping) and isinstance(data.get("mesh"), str):
        inner = _documents(data["mesh"])
        yield from inner or ()
    for place in (document, document.get("spec")):
        if isinstance(place, Mapping) and isinstance(place.get("meshConfig"), Mapping):
            yield place["meshConfig"]
    if any(str(key).startswith("accessLog") or key == "extensionProviders" for key in document):
        yield document


def _of_config(config: Mapping[str, Any]) -> Iterator[Format]:
    text = config.get("accessLogFormat")
    if text:
        as_json = str(config.get("accessLogEncoding", "TEXT")).upper() == "JSON"
        yield _one(text) if as_json else _checked(text)
    for provider in config.get("extensionProviders") or ():
        log = (provider.get("envoyFileAccessLog") or {}).get("logFormat") or {}
        if log.get("text"):
            yield _checked(log["text"])
        if log.get("labels"):
            yield log["labels"]
