"""Real Envoys, real faults: every request is in one class, and the classes add up to the last line."""

from __future__ import annotations

import os
import random
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import requests
from front_door import FrontDoor, processes

from analyzer.judge import judge
from analyzer.reconcile.causes import Cause
from analyzer.run import requests as rows
from analyzer.run.folder import RunFolder

pytestmark = pytest.mark.e2e

ROUTES = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {{name: reviews, namespace: default}}
spec:
  hosts: [reviews]
  http:
  - route:
    - {{destination: {{host: reviews, subset: v2}}, weight: 50}}
    - {{destination: {{host: reviews, subset: v3}}, weight: 50}}
{extra}
"""
MIRROR = "    mirror: {host: reviews, subset: v1}"
RETRIES = "    retries: {attempts: 2, retryOn: 5xx}"


def loaded(
    door: FrontDoor, out: str, extra: str, *faults: tuple[str, ...], requests: int = 400
) -> dict[str, Any]:
    """The reconciliation of a run over those routes, with those faults while it lasts."""
    assert door("fault", "--clear").code == 0
    assert door("route", "v2=50,v3=50").code == 0
    routes = door.cwd / "routes.yaml"
    routes.write_text(ROUTES.format(extra=extra))
    assert door("route", "-f", routes).code == 0
    for fault in faults:
        assert door("fault", *fault).code == 0
    asked = ("--expect", "v2=50,v3=50", "--no-route", "--within", "20", "--requests", str(requests))
    done = door("run", *asked, "--to-the-end", "--out", out, "--json")
    door("fault", "--clear")
    return checked(done.json["reconciliation"], requests)


def checked(found: dict[str, Any], requests: int) -> dict[str, Any]:
    """Nothing is left over, and every request of the run is in one class."""
    assert (found["adds_up"], found["residue"]) == (True, 0), found
    assert sum(one["requests"] for one in found["classes"] if one["cause"] != "foreign") == requests
    for step in found["steps"]:
        assert step["before"] + sum(one["change"] for one in step["differences"]) == step["after"]
    return found


def change(found: dict[str, Any], cause: str) -> int:
    """Of all steps but the one to the pages."""
    return sum(
        one["change"] for step in found["steps"][:-1] for one in step["differences"] if one["cause"] == cause
    )


def again(door: FrontDoor, run: str, requests: int) -> dict[str, Any]:
    return checked(door("analyze", run, "--json").json["reconciliation"], requests)


def test_a_failing_version_is_asked_again_and_the_pages_are_explained_call_by_call(
    standing: FrontDoor,
) -> None:
    """With v2 failing 20 % at 50/50 pages tend to 44.4 and 55.6 %; 10 points are 5 standard deviations."""
    found = loaded(standing, "bias", "", ("reviews-v2", "--status", "503", "--share", "20"), requests=600)
    v2, v3 = found["versions"]
    assert change(found, "app-retry") > 0
    assert (v3["failed"], v3["changes"]) == (0, {})
    assert -sum(v2["changes"].values()) == v2["failed"] == v2["calls"] - v2["pages"]
    assert v2["calls"] / (v2["calls"] + v3["calls"]) == pytest.approx(0.5, abs=0.1)
    assert v2["pages"] / (v2["pages"] + v3["pages"]) == pytest.approx(4 / 9, abs=0.1)
    said = standing("analyze", "bias").out
    assert "witnesses side by side" in said
    assert "productpage asked reviews again after an error, and the weights drew again" in said


def test_mirror_and_retries_of_the_proxy_are_told_apart(standing: FrontDoor) -> None:
    faults = ("reviews-v3", "--status", "503", "--share", "20")
    found = loaded(standing, "both", f"{MIRROR}\n{RETRIES}", faults)
    calls = found["steps"][2]["after"]
    assert change(found, "mirrored") == calls, "each call makes one copy"
    assert change(found, "proxy-retry") > 0


def test_a_service_that_is_down_behind_reviews_takes_no_witness_away(standing: FrontDoor) -> None:
    found = loaded(standing, "ratings", "", ("ratings", "--status", "503"), requests=200)
    assert [step["differences"] for step in found["steps"]] == [[]] * 5


def without(folder: Path, pod: str, many: int, wanted: str) -> None:
    """Take some lines with that text out of a pod's log."""
    (log,) = folder.glob(f"access-log/{pod}*/istio-proxy.log")
    lines = log.read_text().splitlines(keepends=True)
    places = [at for at, line in enumerate(lines[:-20]) if wanted in line]
    gone = set(random.Random(7).sample(places, many))
    log.write_text("".join(line for at, line in enumerate(lines) if at not in gone))


@pytest.mark.parametrize(
    ("pod", "wanted", "after"),
    [
        ("istio-ingressgateway", "productpage", 1),
        ("productpage", "inbound|", 2),
        ("productpage", "|reviews.default", 3),
        ("reviews-v2", "inbound|", 4),
    ],
)
def test_lines_that_somebody_took_away_are_missed_where_they_were(
    standing: FrontDoor, pod: str, wanted: str, after: int
) -> None:
    if not (standing.cwd / "whole").exists():
        loaded(standing, "whole", "", requests=300)
    name = f"without-{after}"
    shutil.copytree(standing.cwd / "whole", standing.cwd / name)
    without(standing.cwd / name, pod, 11, wanted)
    found = again(standing, name, 300)
    lost = [one["change"] for one in found["steps"][after - 1]["differences"] if one["cause"] == "lost-line"]
    assert lost == [-11]
    assert {one["cause"]: one["requests"] for one in found["classes"]} == {"lost-line": 11, "one-to-one": 289}


def test_a_log_that_ends_too_early_is_late_and_no_hole(standing: FrontDoor) -> None:
    """As if the proxy of v3 had been killed before it wrote its last lines."""
    if not (standing.cwd / "whole").exists():
        loaded(standing, "whole", "", requests=300)
    shutil.copytree(standing.cwd / "whole", standing.cwd / "killed")
    (log,) = (standing.cwd / "killed").glob("access-log/reviews-v3*/istio-proxy.log")
    lines = log.read_text().splitlines(keepends=True)
    kept = lines[: len(lines) // 2]
    log.write_text("".join(kept))
    gone = sum("inbound|" in line for line in lines[len(kept) :])
    found = again(standing, "killed", 300)
    late, lost = (-change(found, cause) for cause in ("late-line", "lost-line"))
    assert late + lost == gone
    assert lost <= 2, "a call that ended in the same millisecond as the last line may look like a hole"


def test_a_foreign_clients_pages_are_foreign_and_change_nothing_else(standing: FrontDoor) -> None:
    (page,) = {mesh["url"] for mesh in standing("status", "--json").json["meshes"]}
    asked = ("--expect", "v2=50,v3=50", "--no-route", "--within", "20", "--requests", "400", "--rate", "100")
    assert standing("route", "v2=50,v3=50").code == 0
    run = standing.start("run", *asked, "--to-the-end", "--out", "foreign", "--json")
    run.until(lambda: any(standing.cwd.glob("foreign/requests/*.parquet")))
    for _ in range(25):
        assert requests.get(f"{page}/productpage", timeout=10).status_code == 200
    found = checked(run.done().json["reconciliation"], 400)
    assert {one["cause"]: one["requests"] for one in found["classes"]} == {"foreign": 25, "one-to-one": 400}


def test_a_proxy_that_is_killed_leaves_every_request_in_a_class(door: FrontDoor) -> None:
    """No mesh, no more load: what was asked until then is explained, some of it as failed."""
    run = door.start("run", "v2=50,v3=50", "--time", "600", "--to-the-end", "--rate", "100", "--out", "run")
    run.until(lambda: any(door.cwd.glob("run/requests/*.parquet")))
    (pid,) = (pid for pid, command in processes(run.mark).items() if "reviews-v3" in command)
    os.kill(pid, signal.SIGKILL)
    assert run.done().code == 4
    folder = RunFolder(door.cwd / "run")
    found = judge(folder).reconciliation
    assert found is not None
    checked(found.as_dict(), len(rows.read(folder.requests)) + found.of(Cause.UNREAD))
