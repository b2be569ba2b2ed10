"""A Prometheus beside the local mesh: it reads every proxy's counters, and lives as long as the mesh."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from ..mesh import MeshSettingError
from .envoy import metrics
from .folder import MeshFolder, replace
from .topology import Topology

_PORT = 9090
_RUNS_PORT = 9091
_INTERVAL = "2s"
"""Istio's addon reads every 15 s; a run here may be over by then."""


def binary() -> Path:
    """$WEIGHBRIDGE_PROMETHEUS, or the one on PATH; raises MeshSettingError where there is none."""
    named = os.environ.get("WEIGHBRIDGE_PROMETHEUS")
    found = shutil.which(named or "prometheus")
    if found:
        return Path(found).absolute()
    if named:
        raise MeshSettingError(
            f"WEIGHBRIDGE_PROMETHEUS={named} is no program", "name Prometheus's own binary"
        )
    raise MeshSettingError(
        "no Prometheus on this machine",
        "install it with `apt-get install prometheus`, or name a binary in WEIGHBRIDGE_PROMETHEUS",
    )


def url(topology: Topology) -> str:
    return f"http://{topology.addon_ip}:{_PORT}"


def is_ready(topology: Topology) -> bool:
    """Whether it has read everything once: what is counted from then on, it knows."""
    try:
        answer = requests.get(f"{url(topology)}/api/v1/query", params={"query": "sum(up)"}, timeout=2)
        (sample,) = answer.json()["data"]["result"]
        return int(sample["value"][1]) == len(topology.pods) + 1
    except (requests.RequestException, LookupError, ValueError):
        return False


def programs(
    prometheus: Path, folder: MeshFolder, topology: Topology
) -> Iterator[tuple[str, Sequence[str | Path], Path]]:
    """Name, arguments and log of what must run; their files are written."""
    home = folder.path / "prometheus"
    home.mkdir()
    config = home / "prometheus.yml"
    replace(config, yaml.safe_dump(configuration(topology), sort_keys=False))
    folder.metrics_file.touch()
    exposition = [sys.executable, "-P", "-m", "setup.local.exposition", topology.addon_ip, str(_RUNS_PORT)]
    yield "the metrics of runs", [*exposition, folder.metrics_file], home / "exposition.log"
    yield (
        "Prometheus",
        [
            prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={home / 'data'}",
            "--storage.tsdb.retention.size=512MB",
            f"--web.listen-address={topology.addon_ip}:{_PORT}",
            "--web.cors.origin=^$",  # no page of another site may read here
            "--log.level=warn",
        ],
        home / "prometheus.log",
    )


def configuration(topology: Topology) -> dict[str, Any]:
    """Every proxy as Istio's addon finds it in a cluster, and the runs."""
    proxies = [
        {
            "targets": [f"{pod.ip}:{metrics.PORT}"],
            "labels": {"namespace": pod.namespace, "pod": pod.name, "app": pod.labels["app"]},
        }
        for pod in topology.pods
    ]
    return {
        "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL},
        "scrape_configs": [
            {"job_name": "istio-proxy", "metrics_path": metrics.PATH, "static_configs": proxies},
            {
                "job_name": "weighbridge",
                "static_configs": [{"targets": [f"{topology.addon_ip}:{_RUNS_PORT}"]}],
            },
        ],
    }
