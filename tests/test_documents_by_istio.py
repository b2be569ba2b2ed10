"""Istio's own admission code as the judge of our documents and refusals: a real ``istioctl validate``."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from istio_release import release_folder
from test_documents import EVERY_FIELD, REFUSALS
from test_envoy_refusals import REFUSED

from analyzer.records import Weights
from setup import documents, routes
from setup.cluster.addon_manifests import ADDONS
from setup.cluster.addon_manifests import documents as letting_in
from setup.documents import Document

pytestmark = pytest.mark.e2e

STRICTER = {
    "'90' is not a whole number": "the API server's schema refuses it, istioctl's reading does not",
    "the weights add up to 6442450941": "Envoy refuses a total above 4294967295",
    "timeout means nothing beside redirect": "Istio ignores it in silence",
    "fixedDelay is missing": "Istio ignores such a fault in silence",
    "exact and prefix exclude each other": "the API server's schema refuses it, istioctl's reading does not",
    "it names nothing to hash": "Istio ignores such a policy in silence",
}
"""What we refuse though Istio's admission takes it, and why."""

MISTAKES = {
    "tls": "SNI host",
    "http[0].fault.delay.exponentialDelay": "exponentialDelay not supported yet",
    "http[0].fault.abort.http2Error": "HTTP/2 abort fault injection not supported yet",
    "http[0].match[0].headers": "JWT claim based routing",
    "http[0].match[1].withoutHeaders": "JWT claim based routing",
    "http[0].headers.request.set": "invalid header",
    "http[0].headers.response.add": "invalid header",
    "http[0].route[0].headers.request.remove": "invalid header",
    "servers[0].port.protocol": "server must have TLS settings",
    "servers[0].port.targetPort": "targetPort has no impact on Gateways",
    "trafficPolicy.portLevelSettings[0].port.number": "port traffic policy must have at least one field",
    "trafficPolicy.loadBalancer.backendUtilization": "cannot parse proto message: unknown field",
    "trafficPolicy.loadBalancer.consistentHash.maglev.tableSize": "tableSize must be a prime number",
    "trafficPolicy.connectionPool.http.http2KeepAlive": "http2 keepalive timeout is required",
}
"""What the local mesh refuses and Istio as well, each for reasons of its own."""


def refused(texts: Sequence[str], folder: Path) -> Mapping[int, str]:
    """Which of the documents Istio refuses, by their place, with its first reason for each."""
    named = [{**json.loads(text), "metadata": {"name": f"case-{place}"}} for place, text in enumerate(texts)]
    file = folder / "documents.yaml"
    file.write_text("\n---\n".join(map(json.dumps, named)))
    found: dict[int, str] = {}
    for place, reason in re.findall(r"//case-(\d+): (.*)", validated(file)):
        found.setdefault(int(place), reason)
    return found


def validated(file: Path) -> str:
    """What Istio says of a file; nothing, where all in it is well."""
    program = release_folder() / "bin" / "istioctl"
    done = subprocess.run([program, "validate", "-f", file], capture_output=True, text=True, timeout=60)
    _, _, errors = (done.stdout + done.stderr).partition("Error: ")  # what comes before it are warnings
    return errors if done.returncode else ""


def written() -> Sequence[Document]:
    """Everything that we make ourselves."""
    let_in = [letting_in(one, "example.com", {"istio": "ingressgateway"}) for one in ADDONS.values()]
    return [
        *routes.ingress(),
        *routes.split(Weights.parse("v1=1,v2=2,v3=0")),
        *(document for three in let_in for document in three),
    ]


def test_istio_takes_whatever_we_write(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(documents.dump(written()))
    assert validated(file) == ""


def test_istio_takes_the_document_that_has_every_field() -> None:
    assert validated(EVERY_FIELD) == ""


def test_istio_refuses_what_we_refuse_but_for_what_it_ignores_or_leaves_to_others(tmp_path: Path) -> None:
    ours = [(text, reason) for text, reason, _ in REFUSALS if is_complete(text)]
    theirs = refused([text for text, _ in ours], tmp_path)
    stricter = {reason.rpartition(": ")[2] for place, (_, reason) in enumerate(ours) if place not in theirs}
    assert stricter == set(STRICTER)


def test_what_only_the_local_mesh_cannot_do_is_no_mistake_to_istio_but_for_a_few(tmp_path: Path) -> None:
    texts = [document(kind, spec) for (kind, spec), _, _ in REFUSED]
    theirs = {REFUSED[place][1]: reason for place, reason in refused(texts, tmp_path).items()}
    assert theirs.keys() == MISTAKES.keys()
    assert all(theirs[path].startswith(MISTAKES[path]) for path in theirs)


def is_complete(text: str) -> bool:
    """Whether it is a document of Istio at all, so that Istio has something to judge."""
    try:
        one = json.loads(text)
    except ValueError:
        return False
    known = isinstance(one, dict) and str(one.get("apiVersion", "")).startswith("networking.istio.io/")
    return known and isinstance(one.get("metadata"), dict) and isinstance(one.get("spec"), dict)


def document(kind: str, spec: Any) -> str:
    one = {"apiVersion": documents.API_VERSION, "kind": kind, "metadata": {"name": "one"}, "spec": spec}
    return json.dumps(one)
