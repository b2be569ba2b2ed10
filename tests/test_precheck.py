"""What stands in the way of Istio, as istioctl 1.12 says it and as that of today does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cluster_fixtures import Namespace
from istio_release import VERSION_1_12, release_folder, stand_in

from setup.cluster.istioctl import IstioctlError, opened
from setup.cluster.precheck import Finding, blocking, findings, precheck, refuse

FINE = """✔ No issues found when checking the cluster. Istio is safe to install or upgrade!
  To get started, check out https://istio.io/latest/docs/setup/getting-started/
"""
TROUBLE = """\
\x1b[1;31mError\x1b[0m [IST0142] (Cluster) The Kubernetes Version "v1.15.3" is lower than the minimum: v1.17
\x1b[33mWarning\x1b[0m [IST0002] (EnvoyFilter default/reviews) Deprecated: use a Telemetry instead
"""
REASON = """Error: Issues found when checking the cluster. Istio may not be safe to install or upgrade.
See https://istio.io/latest/docs/reference/config/analysis for more information about causes and resolutions.
"""
TOO_OLD = Finding(
    "Error", "IST0142", "Cluster", 'The Kubernetes Version "v1.15.3" is lower than the minimum: v1.17'
)
DEPRECATED = Finding(
    "Warning", "IST0002", "EnvoyFilter default/reviews", "Deprecated: use a Telemetry instead"
)
TODAY = {"version --remote=false -o json": {"out": '{"clientVersion": {"version": "1.30.3"}}'}}


def test_a_cluster_without_trouble_has_no_findings(tmp_path: Path) -> None:
    assert precheck(opened(stand_in(tmp_path, {"x precheck": {"err": FINE}}).path)) == []


def test_the_text_of_1_12_is_read_line_by_line(tmp_path: Path) -> None:
    replay = {"x precheck": {"out": TROUBLE, "err": REASON, "code": 64}}
    assert precheck(opened(stand_in(tmp_path, replay).path)) == [TOO_OLD, DEPRECATED]


def test_the_json_of_today_says_the_same(tmp_path: Path) -> None:
    said = [
        {"code": one.code, "level": one.level, "message": one.message, "origin": one.origin}
        for one in (TOO_OLD, DEPRECATED)
    ]
    replay = {**TODAY, "x precheck -o json": {"out": json.dumps(said), "err": REASON, "code": 79}}
    assert precheck(opened(stand_in(tmp_path, replay).path)) == [TOO_OLD, DEPRECATED]


def test_a_check_that_fails_itself_is_no_finding(tmp_path: Path) -> None:
    dial = "Error: failed to get the Kubernetes version: connection refused\n"
    replay = {**TODAY, "x precheck -o json": {"err": dial, "code": 1}}
    with pytest.raises(IstioctlError) as caught:
        precheck(opened(stand_in(tmp_path, replay).path))
    assert str(caught.value) == (
        "istioctl x precheck failed: failed to get the Kubernetes version: connection refused"
    )
    assert caught.value.hint == "try it by hand: istioctl x precheck -o json"


def test_json_that_is_broken_off_is_an_error() -> None:
    with pytest.raises(IstioctlError):
        findings('[{"code": "IST')


def test_an_error_blocks_and_a_warning_does_not(tmp_path: Path) -> None:
    assert blocking([DEPRECATED, TOO_OLD]) == [TOO_OLD]
    istioctl = opened(stand_in(tmp_path, VERSION_1_12).path)
    refuse([DEPRECATED], istioctl)
    with pytest.raises(IstioctlError) as caught:
        refuse([DEPRECATED, TOO_OLD], istioctl)
    assert str(caught.value) == (
        'the cluster is not ready for Istio 1.12.1: The Kubernetes Version "v1.15.3" is lower than '
        "the minimum: v1.17 (IST0142)"
    )
    assert caught.value.hint == "see all with: istioctl x precheck"


@pytest.mark.e2e
def test_a_real_istioctl_finds_the_real_api_server_too_old(namespace: Namespace) -> None:
    istioctl = opened(release_folder() / "bin" / "istioctl", "test")
    message = 'The Kubernetes Version "v1.20.2" is lower than the minimum version: 1.32'
    assert precheck(istioctl) == [Finding("Error", "IST0142", "Cluster", message)]
