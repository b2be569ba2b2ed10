"""One cluster's API server, spoken to in plain JSON objects.

The official client brings credentials and transport. Its typed models refuse fields they do not know, and its
dynamic client keeps what a server offers in a file that goes stale; plain objects have neither trouble.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kubernetes.client import ApiClient

from .connection import Target
from .errors import TRANSPORT, ApiError, of_answer, of_transport

FIELD_MANAGER = "weighbridge"
"""Owns every field that we apply; others' fields stay theirs."""
_CONNECT = 3.0
_ANSWER = 6.0
"""Seconds; together they stay below the ten in which an error must be told."""
_ENOUGH = 500
"""Objects per page of a list."""

Manifest = Mapping[str, Any]
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Resource:
    """Where objects of one kind live."""

    root: str
    plural: str
    namespaced: bool


class Api:
    """Everything that is asked of one cluster; raises ApiError with what to do next."""

    def __init__(self, client: ApiClient, target: Target) -> None:
        self._client = client
        self._resources: dict[tuple[str, str], _Resource] = {}
        self.target = target

    def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        return self._object("GET", path, query)

    def post(self, path: str, body: Manifest, query: Query | None = None) -> dict[str, Any]:
        return self._object("POST", path, query, body)

    def find(self, path: str, query: Query | None = None) -> dict[str, Any] | None:
        """The object, or None where there is none."""
        try:
            return self.get(path, query)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str, selector: str = "") -> Iterator[dict[str, Any]]:
        """Every object of a collection that the label selector selects, page by page."""
        query = {"limit": str(_ENOUGH)} | ({"labelSelector": selector} if selector else {})
        while True:
            page = self.get(path, query)
            yield from page.get("items") or ()
            following = page.get("metadata", {}).get("continue")
            if not following:
                return
            query["continue"] = following

    def apply(self, manifest: Manifest, *, force: bool = False, dry_run: bool = False) -> dict[str, Any]:
        """Server-side apply; raises ConflictError where somebody else owns a field that would change."""
        query = {"fieldManager": FIELD_MANAGER} | ({"force": "true"} if force else {})
        query |= {"dryRun": "All"} if dry_run else {}
        # A server reads it as YAML, which knows no escape for a character outside the basic plane.
        body = json.dumps(manifest, ensure_ascii=False).encode()
        return self._object("PATCH", self.path_of(manifest), query, body, "application/apply-patch+yaml")

    def merge(self, path: str, change: Manifest) -> dict[str, Any]:
        """Change some fields of an object that is somebody else's."""
        query = {"fieldManager": FIELD_MANAGER}
        return self._object("PATCH", path, query, change, "application/merge-patch+json")

    def delete(self, path: str) -> bool:
        """Ask for an object's deletion, that of what hangs on it included; False where there was none."""
        try:
            self._object("DELETE", path, {"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def stream(self, path: str, query: Query, *, silence: float) -> Any:
        """A response of urllib3 that is read as it comes; ``silence`` is how long it may say nothing."""
        answer = self._send("GET", path, query, None, "application/json", silence)
        if answer.status >= 300:
            raise of_answer(answer.status, answer.read(), self.target)
        return answer.response

    def path_of(self, manifest: Manifest) -> str:
        """Where the object of a manifest lives, in our namespace where it names none."""
        metadata = manifest["metadata"]
        return self.path(
            manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), metadata["name"]
        )

    def path(self, api_version: str, kind: str, namespace: str | None, name: str = "") -> str:
        """Where objects of a kind live, or the one with the name. The server is asked once for each kind."""
        resource = self._resource(api_version, kind)
        where = f"/namespaces/{quote(namespace or self.target.namespace)}" if resource.namespaced else ""
        return f"{resource.root}{where}/{resource.plural}" + (f"/{quote(name)}" if name else "")

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the server knows the kind: an Istio that is not installed has no VirtualService."""
        try:
            self._resource(api_version, kind)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    @property
    def configuration(self) -> Any:
        """The client's, for connections that are more than a request and its answer."""
        return self._client.configuration

    def signed(self, path: str, ports: int) -> tuple[str, str, dict[str, str]]:
        """Method, URL and headers of a request for a tunnel, credentials included."""
        method, url, headers, _, _ = self._client.param_serialize(
            "GET", path, query_params=[("ports", str(ports))], auth_settings=["BearerToken"]
        )
        return method, url, dict(headers)

    def close(self) -> None:
        self._client.close()

    def _resource(self, api_version: str, kind: str) -> _Resource:
        key = (api_version, kind)
        if key not in self._resources:
            root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for one in self.get(root).get("resources", ()):
                if "/" not in one["name"]:
                    found = _Resource(root, one["name"], bool(one["namespaced"]))
                    self._resources[api_version, one["kind"]] = found
        if key not in self._resources:
            raise ApiError(
                f"the cluster of context {self.target.context} knows no {kind} of {api_version}", "", 404
            )
        return self._resources[key]

    def _object(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Manifest | bytes | None = None,
        content: str = "application/json",
    ) -> dict[str, Any]:
        answer = self._send(method, path, query or {}, body, content, _ANSWER)
        try:
            text = answer.read()
        except TRANSPORT as error:
            raise of_transport(error, self.target) from error
        if answer.status >= 300:
            raise of_answer(answer.status, text, self.target)
        found = json.loads(text)
        return found if isinstance(found, dict) else {}

    def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: Manifest | bytes | None,
        content: str,
        patience: float,
    ) -> Any:
        """The client's response, its body unread."""
        pairs: Sequence[tuple[str, str]] = list(query.items())
        headers = {"Accept": "application/json", "Content-Type": content}
        try:
            request = self._client.param_serialize(
                method,
                path,
                query_params=pairs,
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            return self._client.call_api(*request, _request_timeout=(_CONNECT, patience))
        except TRANSPORT as error:
            raise of_transport(error, self.target) from error
