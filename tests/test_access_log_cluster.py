"""Every way in which Istio spells a cluster."""

from __future__ import annotations

import pytest

from analyzer.access_log.cluster import Cluster, Direction, cluster

REVIEWS = "reviews.default.svc.cluster.local"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (f"outbound|9080|v2|{REVIEWS}", (Direction.OUTBOUND, 9080, "v2", REVIEWS)),
        (f"outbound|9080|v2|{REVIEWS};", (Direction.OUTBOUND, 9080, "v2", REVIEWS)),
        (f"outbound|9080||{REVIEWS}", (Direction.OUTBOUND, 9080, None, REVIEWS)),
        (f"outbound_.9080_.v2_.{REVIEWS}", (Direction.OUTBOUND, 9080, "v2", REVIEWS)),
        (f"outbound_.9080_._.{REVIEWS}", (Direction.OUTBOUND, 9080, None, REVIEWS)),
        ("inbound|9080||", (Direction.INBOUND, 9080, None, None)),
        (f"inbound|9080|http|{REVIEWS}", (Direction.INBOUND, 9080, None, REVIEWS)),
        (f"inbound-vip|9080|http|{REVIEWS};", (Direction.INBOUND_VIP, 9080, None, REVIEWS)),
        (f"inbound-vip|9080|http/v2|{REVIEWS}", (Direction.INBOUND_VIP, 9080, "v2", REVIEWS)),
        ("PassthroughCluster", (Direction.PASSTHROUGH, None, None, None)),
        ("InboundPassthroughCluster;", (Direction.INBOUND_PASSTHROUGH, None, None, None)),
        ("InboundPassthroughClusterIpv6", (Direction.INBOUND_PASSTHROUGH, None, None, None)),
        ("BlackHoleCluster", (Direction.BLACK_HOLE, None, None, None)),
        ("-", (Direction.NONE, None, None, None)),
        (None, (Direction.NONE, None, None, None)),
        ("xds-grpc", (Direction.OTHER, None, None, None)),
        ("outbound|port|v2|x", (Direction.OTHER, None, None, None)),
        ("outbound|9080|v2|a|b", (Direction.OTHER, None, None, None)),
    ],
)
def test_a_cluster_name_is_taken_apart(name: str | None, parts: tuple[object, ...]) -> None:
    assert cluster(name) == Cluster(*parts)  # type: ignore[arg-type]  # the rows are written as the fields stand
