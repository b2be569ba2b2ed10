"""The fields of a DestinationRule, as Istio's API has them from 1.12 on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import values as v
from .shapes import Choice, Each, Fault, Fields, Flag, Keyed, Number, Shape

_SHARE = Number(0, 100)

_FAILOVER: Mapping[str, Shape] = {
    "enabled": Flag(),
    "failover": Each(Fields({"from": v.LINE, "to": v.LINE})),
    "failoverPriority": Each(v.LINE),
}
_LOCALITY = Fields({**_FAILOVER, "distribute": Each(Fields({"from": v.LINE, "to": Keyed(_SHARE)}))})
_ZONE_AWARE = Fields({**_FAILOVER, "minClusterSize": Number(1, 2**32 - 1)})
_COOKIE = Fields(
    {
        "name": v.LINE,
        "path": v.LINE,
        "ttl": v.DURATION_OR_ZERO,
        "attributes": Each(Fields({"name": v.LINE, "value": v.LINE})),
    },
    required=("name",),
)
_HASH_KEYS = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")


def _something_to_hash(hashed: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if not any(key in hashed for key in _HASH_KEYS):
        yield Fault(path, "it names nothing to hash", f"add one of {', '.join(_HASH_KEYS)}")


_HASH = Fields(
    {
        "httpHeaderName": v.HEADER,
        "httpCookie": _COOKIE,
        "useSourceIp": Flag(),
        "httpQueryParameterName": v.LINE,
        "ringHash": Fields({"minimumRingSize": v.COUNT}),
        "maglev": Fields({"tableSize": v.COUNT}),
        "minimumRingSize": v.COUNT,
    },
    one_of=(_HASH_KEYS, ("ringHash", "maglev", "minimumRingSize")),
    rules=(_something_to_hash,),
)
_LOAD_BALANCER = Fields(
    {
        "simple": Choice(
            ("LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH", "LEAST_CONN", "UNSPECIFIED")
        ),
        "consistentHash": _HASH,
        "localityLbSetting": _LOCALITY,
        "zoneAwareLbSetting": _ZONE_AWARE,
        "warmupDurationSecs": v.DURATION,
        "warmup": Fields(
            {
                "duration": v.DURATION,
                "minimumPercent": v.PERCENTAGE,
                "aggression": Number(1, 2**31, whole=False),
            },
            required=("duration",),
        ),
        "backendUtilization": Fields(
            {
                "errorUtilizationPenaltyPercent": v.COUNT_UNSIGNED,
                "metricNamesForComputingUtilization": Each(v.LINE),
                "weightExpirationPeriod": v.DURATION,
                "weightStabilizationPeriod": v.DURATION,
                "weightUpdatePeriod": v.DURATION,
            }
        ),
    },
    one_of=(("simple", "consistentHash"),),
)
_CONNECTION_POOL = Fields(
    {
        "tcp": Fields(
            {
                "maxConnections": v.COUNT,
                "connectTimeout": v.DURATION,
                "maxConnectionDuration": v.DURATION,
                "idleTimeout": v.DURATION_OR_ZERO,
                "tcpKeepalive": Fields(
                    {"probes": v.COUNT_UNSIGNED, "time": v.DURATION, "interval": v.DURATION}
                ),
            }
        ),
        "http": Fields(
            {
                "http1MaxPendingRequests": v.COUNT,
                "http2MaxRequests": v.COUNT,
                "maxRequestsPerConnection": v.COUNT,
                "maxRetries": v.COUNT,
                "idleTimeout": v.DURATION_OR_ZERO,
                "h2UpgradePolicy": Choice(("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE")),
                "useClientProtocol": Flag(),
                "maxConcurrentStreams": v.COUNT,
                "http2KeepAlive": Fields({"interval": v.DURATION, "timeout": v.DURATION}),
            }
        ),
    }
)
_OUTLIER = Fields(
    {
        "consecutive5xxErrors": v.COUNT_UNSIGNED,
        "consecutiveGatewayErrors": v.COUNT_UNSIGNED,
        "consecutiveErrors": v.COUNT,
        "splitExternalLocalOriginErrors": Flag(),
        "consecutiveLocalOriginFailures": v.COUNT_UNSIGNED,
        "interval": v.DURATION,
        "baseEjectionTime": v.DURATION,
        "maxEjectionPercent": _SHARE,
        "minHealthPercent": _SHARE,
        "outlierDetectionHttpErrorCodes": Each(Number(100, 599)),
    }
)
_TLS = Fields(
    {
        "mode": Choice(("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")),
        "clientCertificate": v.LINE,
        "privateKey": v.LINE,
        "caCertificates": v.LINE,
        "caCrl": v.LINE,
        "credentialName": v.LINE,
        "subjectAltNames": Each(v.LINE),
        "sni": v.LINE,
        "insecureSkipVerify": Flag(),
    }
)
_OF_A_PORT: Mapping[str, Shape] = {
    "loadBalancer": _LOAD_BALANCER,
    "connectionPool": _CONNECTION_POOL,
    "outlierDetection": _OUTLIER,
    "tls": _TLS,
}


def _some_policy(policy: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if not policy:
        yield Fault(path, "it holds no policy", "add loadBalancer, connectionPool or outlierDetection")


_TRAFFIC_POLICY = Fields(
    {
        **_OF_A_PORT,
        "portLevelSettings": Each(
            Fields(
                {**_OF_A_PORT, "port": Fields({"number": v.PORT}, required=("number",))}, required=("port",)
            )
        ),
        "tunnel": Fields(
            {"protocol": v.LINE, "targetHost": v.LINE, "targetPort": v.PORT},
            required=("targetHost", "targetPort"),
        ),
        "proxyProtocol": Fields({"version": Choice(("V1", "V2"))}),
        "retryBudget": Fields(
            {"percent": v.PERCENTAGE, "minRetryConcurrency": v.COUNT_UNSIGNED, "budgetInterval": v.DURATION}
        ),
    },
    rules=(_some_policy,),
)


def _subsets_once(spec: Mapping[str, Any], path: str) -> Iterator[Fault]:
    names: set[str] = set()
    for index, subset in enumerate(spec.get("subsets", ())):
        name = subset["name"]
        if name in names:
            yield Fault(
                f"{path}.subsets[{index}].name", f"{name!r} is defined twice", "name each subset once"
            )
        names.add(name)


SPEC = Fields(
    {
        "host": v.HOST,
        "subsets": Each(
            Fields(
                {"name": v.LABEL, "labels": Keyed(v.LABEL_VALUE), "trafficPolicy": _TRAFFIC_POLICY},
                required=("name",),
            )
        ),
        "trafficPolicy": _TRAFFIC_POLICY,
        "exportTo": Each(v.LINE),
        "workloadSelector": Fields({"matchLabels": Keyed(v.LABEL_VALUE)}),
    },
    required=("host",),
    rules=(_subsets_once,),
)
