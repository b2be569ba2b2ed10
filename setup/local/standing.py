"""What a local mesh was asked to be, and what stands of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .topology import Topology, topology


@dataclass(frozen=True, slots=True)
class Layout:
    """What a mesh was asked to be."""

    host: str = "127.0.0.1"
    port: int = 0
    generation: str = "C"
    log_format: str = "text"
    replicas: Mapping[str, int] = field(default_factory=dict)
    prometheus: bool = False
    zipkin: str = ""
    """The URL to which the proxies send their spans; nowhere if empty."""
    trace_sampling: float = 1.0
    """Percent of the requests from outside that are traced."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands: written when everything is ready, so that whoever can read it can use the mesh."""

    owner: int
    slot: int
    layout: Layout

    def topology(self) -> Topology:
        return topology(
            self.slot,
            self.layout.port,
            gateway_host=self.layout.host,
            replicas=self.layout.replicas,
        )
