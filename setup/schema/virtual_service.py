"""The fields of a VirtualService, as Istio's API has them from 1.12 on."""

from __future__ import annotations

from collections.abc import Mapping

from . import values as v
from .http_rules import HTTP_RULES, SPEC_RULES, retry_sense
from .shapes import Choice, Each, Fields, Flag, Keyed, Number, Shape

_STRING_KINDS = ("exact", "prefix", "regex")
_STRING = Fields({"exact": v.TEXT, "prefix": v.TEXT, "regex": v.EXPRESSION}, one_of=(_STRING_KINDS,))
_VALUE = Fields({"exact": v.TEXT, "prefix": v.TEXT, "regex": v.EXPRESSION_OR_ANY}, one_of=(_STRING_KINDS,))
"""Of a header or a parameter, which may only have to be there: ``*``."""
_LABELS = Keyed(v.LABEL_VALUE)
_PERCENT = Fields({"value": v.PERCENTAGE})
_PORT = Fields({"number": v.PORT}, required=("number",))

_MATCH = Fields(
    {
        "name": v.LINE,
        "uri": _STRING,
        "ignoreUriCase": Flag(),
        "headers": Keyed(_VALUE, v.HEADER_OR_CLAIM),
        "withoutHeaders": Keyed(_VALUE, v.HEADER_OR_CLAIM),
        "method": _VALUE,
        "authority": _VALUE,
        "scheme": _VALUE,
        "queryParams": Keyed(_VALUE),
        "port": v.PORT,
        "sourceLabels": _LABELS,
        "sourceNamespace": v.LABEL,
        "gateways": Each(v.REFERENCE),
        "statPrefix": v.LINE,
    }
)

_DESTINATION = Fields({"host": v.HOST, "subset": v.LABEL, "port": _PORT}, required=("host",))
_CHANGES = Fields(
    {
        "set": Keyed(v.HEADER_VALUE, v.HEADER),
        "add": Keyed(v.HEADER_VALUE, v.HEADER),
        "remove": Each(v.HEADER),
    }
)
_HEADERS = Fields({"request": _CHANGES, "response": _CHANGES})
_ROUTE = Fields(
    {"destination": _DESTINATION, "weight": v.COUNT, "headers": _HEADERS}, required=("destination",)
)

_REDIRECT = Fields(
    {
        "uri": v.LINE,
        "authority": v.AUTHORITY,
        "scheme": Choice(("http", "https")),
        "port": v.PORT,
        "derivePort": Choice(("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT")),
        "redirectCode": Number(300, 399),
        "prefixRewrite": v.LINE,
    },
    one_of=(("port", "derivePort"), ("uri", "prefixRewrite")),
)
_DIRECT_RESPONSE = Fields(
    {
        "status": Number(200, 599),
        "body": Fields({"string": v.TEXT, "bytes": v.BASE64}, one_of=(("string", "bytes"),)),
    },
    required=("status",),
)
_REWRITE = Fields(
    {
        "uri": v.LINE,
        "authority": v.AUTHORITY,
        "uriRegexRewrite": Fields({"match": v.EXPRESSION, "rewrite": v.LINE}, required=("match", "rewrite")),
    },
    one_of=(("uri", "uriRegexRewrite"),),
)
_RETRIES = Fields(
    {
        "attempts": v.COUNT,
        "perTryTimeout": v.DURATION,
        "retryOn": v.RETRY_ON,
        "backoff": v.DURATION,
        "retryIgnorePreviousHosts": Flag(),
        "retryRemoteLocalities": Flag(),
    },
    rules=(retry_sense,),
)
_FAULT = Fields(
    {
        "delay": Fields(
            {
                "fixedDelay": v.DURATION,
                "exponentialDelay": v.DURATION,
                "percentage": _PERCENT,
                "percent": Number(0, 100),
            },
            one_of=(("fixedDelay", "exponentialDelay"),),
        ),
        "abort": Fields(
            {
                "httpStatus": Number(200, 599),
                "grpcStatus": v.LINE,
                "http2Error": v.LINE,
                "percentage": _PERCENT,
            },
            one_of=(("httpStatus", "grpcStatus", "http2Error"),),
        ),
    }
)
_CORS = Fields(
    {
        "allowOrigins": Each(_STRING),
        "allowOrigin": Each(v.LINE),
        "allowMethods": Each(v.LINE),
        "allowHeaders": Each(v.HEADER),
        "exposeHeaders": Each(v.HEADER),
        "allowCredentials": Flag(),
        "maxAge": v.DURATION_OR_ZERO,
        "unmatchedPreflights": Choice(("UNSPECIFIED", "FORWARD", "IGNORE")),
    }
)
_MIRROR = Fields({"destination": _DESTINATION, "percentage": _PERCENT}, required=("destination",))

_HTTP = Fields(
    {
        "name": v.LINE,
        "match": Each(_MATCH),
        "route": Each(_ROUTE, at_least=1),
        "redirect": _REDIRECT,
        "directResponse": _DIRECT_RESPONSE,
        "delegate": Fields({"name": v.NAME, "namespace": v.LABEL}),
        "rewrite": _REWRITE,
        "timeout": v.DURATION_OR_ZERO,
        "retries": _RETRIES,
        "fault": _FAULT,
        "mirror": _DESTINATION,
        "mirrors": Each(_MIRROR),
        "mirrorPercentage": _PERCENT,
        "mirrorPercent": Number(0, 100),
        "mirror_percent": Number(0, 100),
        "corsPolicy": _CORS,
        "headers": _HEADERS,
    },
    one_of=(("route", "redirect", "directResponse", "delegate"),),
    rules=HTTP_RULES,
)

_STREAM_ROUTE = Fields({"destination": _DESTINATION, "weight": v.COUNT}, required=("destination",))
_STREAM_MATCH: Mapping[str, Shape] = {
    "destinationSubnets": Each(v.LINE),
    "port": v.PORT,
    "sourceLabels": _LABELS,
    "gateways": Each(v.REFERENCE),
    "sourceNamespace": v.LABEL,
}
_TCP = Fields(
    {"match": Each(Fields({**_STREAM_MATCH, "sourceSubnet": v.LINE})), "route": Each(_STREAM_ROUTE)}
)
_TLS = Fields(
    {
        "match": Each(Fields({**_STREAM_MATCH, "sniHosts": Each(v.HOST)}, required=("sniHosts",))),
        "route": Each(_STREAM_ROUTE),
    }
)

SPEC = Fields(
    {
        "hosts": Each(v.HOST, at_least=1),
        "gateways": Each(v.REFERENCE),
        "http": Each(_HTTP),
        "tcp": Each(_TCP),
        "tls": Each(_TLS),
        "exportTo": Each(v.LINE),
    },
    rules=SPEC_RULES,
)
