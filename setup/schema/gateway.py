"""The fields of a Gateway, as Istio's API has them from 1.12 on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import values as v
from .shapes import Choice, Each, Fault, Fields, Flag, Keyed

_VERSIONS = ("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")
_MODES = ("PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL")
_PROTOCOLS = ("HTTP", "HTTPS", "GRPC", "GRPC-WEB", "HTTP2", "MONGO", "TCP", "TLS", "HBONE")
_CERTIFICATE = {"caCertificates": v.LINE, "privateKey": v.LINE, "serverCertificate": v.LINE}

_TLS = Fields(
    {
        **_CERTIFICATE,
        "mode": Choice(_MODES),
        "httpsRedirect": Flag(),
        "credentialName": v.LINE,
        "credentialNames": Each(v.LINE),
        "caCertCredentialName": v.LINE,
        "caCrl": v.LINE,
        "tlsCertificates": Each(Fields(_CERTIFICATE)),
        "subjectAltNames": Each(v.LINE),
        "insecureSkipVerify": Flag(),
        "minProtocolVersion": Choice(_VERSIONS),
        "maxProtocolVersion": Choice(_VERSIONS),
        "cipherSuites": Each(v.LINE),
        "ecdhCurves": Each(v.LINE),
        "verifyCertificateHash": Each(v.LINE),
        "verifyCertificateSpki": Each(v.LINE),
    }
)
_PORT = Fields(
    {"number": v.PORT, "name": v.LINE, "protocol": Choice(_PROTOCOLS), "targetPort": v.PORT},
    required=("number", "protocol", "name"),
)
_SERVER = Fields(
    {
        "port": _PORT,
        "hosts": Each(v.SERVER_HOST, at_least=1),
        "name": v.LINE,
        "bind": v.LINE,
        "defaultEndpoint": v.LINE,
        "tls": _TLS,
    },
    required=("port", "hosts"),
)


def _port_names_once(spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    names: set[str] = set()
    for index, server in enumerate(spec["servers"]):
        name = server["port"]["name"]
        if name in names:
            yield Fault(
                f"{path}.servers[{index}].port.name", f"{name!r} is used twice", "name each port once"
            )
        names.add(name)


SPEC = Fields(
    {"selector": Keyed(v.LABEL_VALUE), "servers": Each(_SERVER, at_least=1)},
    required=("servers",),
    rules=(_port_names_once,),
)
