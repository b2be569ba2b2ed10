"""One harness a parser: bytes go in, and whatever they are, the parser keeps its promises or says one line.

A harness raises for what must not happen; what its boundary may refuse, it may, as ``refused`` checks.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httptools

from analyzer import tag
from analyzer.access_log import custom, mesh_config, pods, subsets, ztunnel
from analyzer.access_log.exact import exact
from analyzer.access_log.files import unpacked
from analyzer.access_log.native import SCAN
from analyzer.access_log.readings import Connection, Malformed, Other
from analyzer.access_log.wrapping import Unwrapper
from analyzer.errors import ExplainedError
from analyzer.live import Wish
from analyzer.pages import stars as pages
from analyzer.pages.version_source import VersionSource
from analyzer.performance import claims as claim_grammar
from analyzer.reconcile.telemetry import Telemetry
from analyzer.records import LogEntry, Weights, is_version
from analyzer.run import folder, requests
from analyzer.run.load_summary import Summary
from analyzer.split.sequential import SplitTest
from analyzer.telemetry import counters, kiali, prometheus, zipkin
from analyzer.telemetry.own import Own, own
from analyzer.trace import spans
from locustfiles import _http
from setup import checks, documents
from setup.cluster import connection, precheck, proxies
from setup.cluster.seam import Seam
from setup.local.envoy.translation import SERVICES, translate
from setup.local.topology import topology

from .. import differential

Harness = Callable[[bytes], None]
SEEDS = Path(__file__).parent / "seeds"
_LONGEST_MESSAGE = 2000
_UNPACKED = 16 << 20
_READINGS = (LogEntry, Connection, Malformed, Other)
_TOPOLOGY = topology(0, 8080)
_ROUTE = documents.Document("VirtualService", "default", "reviews", {"http": []}, "fuzz")


@contextmanager
def refused() -> Iterator[None]:
    """A refusal is one line of bounded length; any other exception ends the fuzzing."""
    try:
        yield
    except ExplainedError as error:
        message = f"{error}; {error.hint}"
        if "\n" in message or len(message) > _LONGEST_MESSAGE:
            raise AssertionError(f"a refusal of {len(message)} characters: {message[:300]!r}") from error


def stars(data: bytes) -> None:
    """A page: read whatever it is, and several in one text come apart without a byte lost."""
    page = pages.page(data)
    assert page.version is None or page.version.isprintable()
    assert page.pod is None or pages.POD.fullmatch(page.pod)
    assert page == pages.page(bytes(bytearray(data)))
    assert b"".join(b"".join(pages.split(data)).split()) == b"".join(data.split())


def log_line(data: bytes) -> None:
    """A line of an access log: one reading, and times and numbers that can be."""
    for line in data.split(b"\n"):
        reading = exact(line)
        assert isinstance(reading, _READINGS)
        if isinstance(reading, LogEntry):
            assert math.isfinite(reading.start)
            assert 0 <= reading.response_code < 10**15


def log_ways(data: bytes) -> None:
    """A block of lines: the quick ways read what the exact reader reads."""
    if not data:
        return  # a block has a line, or there is none
    for way in ("c", "python") if SCAN else ("python",):
        assert differential.agree(data, way)[0], way


def log_json(data: bytes) -> None:
    """JSON lines, which have a quick way of their own."""
    log_ways(b"\n".join(b"{" + line for line in data.split(b"\n")))


def log_ztunnel(data: bytes) -> None:
    """A connection as ztunnel tells of it."""
    line = data.replace(b"\n", b" ")
    if ztunnel.is_one(line):
        assert isinstance(ztunnel.connection(line), Connection | Malformed)


def log_format(data: bytes) -> None:
    """A mesh's own format in the first line, and lines that may be of it."""
    form, *lines = data.split(b"\n")
    with refused():
        judge = custom.judge(mesh_config.of_text(form.decode("utf-8", "replace"), "fuzz"))
        for line in lines:
            assert isinstance(judge(line), _READINGS)


def log_wrapping(data: bytes) -> None:
    """What kubectl, the runtime or Docker put around lines: none is made up, each has its place."""
    unwrapper = Unwrapper()
    found = [*unwrapper.unwrap(data, 0), *unwrapper.rest()]
    assert len(found) <= data.count(b"\n") + 1
    assert all(0 <= one.offset <= len(data) for one in found)
    assert sum(len(one.line) for one in found) <= 3 * len(data)  # a lone surrogate takes three bytes


def log_archive(data: bytes) -> None:
    """A packed log: read in steps of bounded size, or called damaged."""
    with refused(), unpacked(io.BufferedReader(io.BytesIO(data)), "fuzz") as stream:
        read = 0
        while read < _UNPACKED and (part := stream.read(1 << 16)):
            read += len(part)


def yaml_documents(data: bytes) -> None:
    """Istio documents: what is read is written and read the same; Envoy gets it, or is told why not."""
    with refused():
        found = documents.read(data.decode("utf-8", "replace"), "fuzz")
        again = documents.read(documents.dump(found), "fuzz")
        assert [documents.manifest(one) for one in again] == [documents.manifest(one) for one in found]
        list(checks.problems(found, SERVICES))
        translate(found, _TOPOLOGY)


def yaml_mesh_config(data: bytes) -> None:
    """MeshConfig in any of its wrappings."""
    with refused():
        mesh_config.of_text(data.decode("utf-8", "replace"), "fuzz")


def yaml_rules(data: bytes) -> None:
    """DestinationRules that came with logs."""
    with refused():
        subsets.subsets(data.decode("utf-8", "replace"))


def yaml_kubeconfig(data: bytes) -> None:
    """A kubeconfig: refused before any library of others reads it."""
    with refused():
        connection.check(data, "fuzz")


def pod_table(data: bytes) -> None:
    """What kubectl printed of pods, as JSON or as a table."""
    with refused():
        for pod in pods.of_content(data, "fuzz"):
            assert isinstance(pod.app, str)
            assert pod.version is None or isinstance(pod.version, str)


def run_file(data: bytes) -> None:
    """``run.json`` of a run folder."""
    with refused():
        run = folder.parse(data, "fuzz")
        for promise in (run.promise, *(one.promise for one in run.earlier)):
            SplitTest(promise.weights, promise.within, promise.alpha, promise.budget)
        for text in run.promise.claims:
            claim_grammar.parse(text)
        files = folder.RunFolder(Path("/run"))
        assert all(files.log_of(pod).parent.parent == files.access_log for pod in run.pods)
        assert all(".." not in files.log_of(pod).parts for pod in run.pods)


def run_summary(data: bytes) -> None:
    """``summary.json`` and ``wish.json`` of a run folder."""
    with refused():
        Summary.parse(data, "fuzz")
    wish = Wish.parse(data)
    with refused():
        if wish is not None:
            Weights.parse(wish.weights)


def run_telemetry(data: bytes) -> None:
    """``telemetry.json`` of a run folder: no series counts backwards."""
    with refused():
        counted = Telemetry.parse(data, "fuzz").counted
        assert all(count > 0 for count in counted.values())


def telemetry_counters(data: bytes) -> None:
    """``/stats/prometheus`` of a proxy: counts that can be, whatever stands around them."""
    counted = counters.counted([data.decode("utf-8", "replace")])
    assert all(isinstance(count, int) and count >= 0 for count in counted.values())


def telemetry_prometheus(data: bytes) -> None:
    """An answer of ``/api/v1/query``, taken for that of before the run, of after it, and of who was read."""
    with refused():
        found = prometheus.series(data)
        prometheus.is_complete(found, _recorded().run)
        prometheus.compare(_recorded(), "fuzz", found, found, found)
        prometheus.compare(_recorded(), "fuzz", (), found, found)


def telemetry_kiali(data: bytes) -> None:
    """An answer of ``/api/namespaces/graph``: rates that can be."""
    with refused():
        rates = kiali.rates(data, _recorded().run)
        assert all(math.isfinite(rate) and rate >= 0 for rate in rates.values())
        kiali.compare(_recorded(), "fuzz", rates)


def telemetry_zipkin(data: bytes) -> None:
    """An answer of ``/api/v2/traces``."""
    with refused():
        zipkin.compare(_recorded(), "fuzz", zipkin.traced(data, _recorded().run))


def trace_spans(data: bytes) -> None:
    """An answer about one trace, of Zipkin or of Jaeger."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return
    for read in (spans.zipkin, spans.jaeger):
        with refused():
            json.dumps([one.as_dict() for one in spans.beside(read(answer), ())], allow_nan=False)


@cache
def _recorded() -> Own:
    """The committed run."""
    return own(folder.RunFolder(Path(__file__).parents[2] / "results" / "example"))


def run_rows(data: bytes) -> None:
    """A Parquet chunk of a run folder."""
    with refused():
        rows = requests.of_file(io.BytesIO(data), "fuzz")
        rows.to_pandas()


def run_packed_rows(data: bytes) -> None:
    """Rows on their way from a worker to its master."""
    with refused():
        requests.unpack(data).to_pandas()


def weights(data: bytes) -> None:
    """``v2=90,v3=10``: what is read is written and read the same."""
    with refused():
        found = Weights.parse(data.decode("utf-8", "replace"))
        assert Weights.parse(str(found)) == found
        assert math.isclose(sum(found.share(version) for version in found.versions), 1)


def claims(data: bytes) -> None:
    """A file of claims: a claim that was read is read the same again."""
    with refused():
        for claim in claim_grammar.read(data.decode("utf-8", "replace")):
            assert claim_grammar.parse(claim.text) == claim


def version_source(data: bytes) -> None:
    """Where an answer names its version, in the first line, and the answer behind it."""
    source, _, body = data.partition(b"\n")
    with refused():
        version = VersionSource.parse(source.decode("utf-8", "replace")).version([(b"x-version", body)], body)
        assert version is None or is_version(version)


def user_agent(data: bytes) -> None:
    """The tag in a logged User-Agent: what is believed is what we would have written."""
    text = data.decode("utf-8", "surrogateescape")
    found = tag.parse(text)
    assert found is None or tag.user_agent(found) == text


class _Pieces:
    """Stands for a socket whose peer sends these bytes, so many at a time, and then closes."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = memoryview(data)
        self._size = size

    def recv(self, most: int) -> bytes:
        size = min(most, self._size)
        piece, self._data = self._data[:size], self._data[size:]
        return bytes(piece)


def http_answer(data: bytes) -> None:
    """An answer to the load, in pieces of the size that the first byte says."""
    size, answer = (data[:1] or b"\x01")[0] or 65_536, data[1:]
    try:
        reply = _http._ReplyWithHeaders(_Pieces(answer, size))  # type: ignore[arg-type] # all of a socket it uses
    except (_http.AnswerError, httptools.HttpParserError):
        return
    assert 200 <= reply.status < 1000
    assert sum(map(len, reply.body)) <= len(answer)


def istioctl_precheck(data: bytes) -> None:
    """What ``istioctl x precheck`` printed."""
    with refused():
        for finding in precheck.findings(data.decode("utf-8", "replace")):
            assert isinstance(str(finding), str)


def envoy_config_dump(data: bytes) -> None:
    """What a proxy in a cluster says of its routes."""
    with refused():
        proxies.served(data, _ROUTE)


def container_log(data: bytes) -> None:
    """Where a new reading of a container's log goes on: what follows its last line is what is new."""
    lines = data.split(b"\n")
    seam = Seam()
    seam.keep(lines)
    assert seam.new(lines) in ([], None) or lines.count(lines[-1]) > 1


HARNESSES: Mapping[str, Harness] = {
    one.__name__: one
    for one in (
        stars,
        log_line,
        log_ways,
        log_json,
        log_ztunnel,
        log_format,
        log_wrapping,
        log_archive,
        yaml_documents,
        yaml_mesh_config,
        yaml_rules,
        yaml_kubeconfig,
        pod_table,
        run_file,
        run_summary,
        run_telemetry,
        telemetry_counters,
        telemetry_prometheus,
        telemetry_kiali,
        telemetry_zipkin,
        trace_spans,
        run_rows,
        run_packed_rows,
        weights,
        claims,
        version_source,
        user_agent,
        http_answer,
        istioctl_precheck,
        envoy_config_dump,
        container_log,
    )
}
SLOW = frozenset(name for name in HARNESSES if name.startswith("yaml_")) | {
    "log_ways",
    "log_json",
    "run_rows",
    "run_packed_rows",
}
"""Those that take a millisecond an input rather than some microseconds, and so get a tenth of the inputs."""


def seeds(name: str) -> list[bytes]:
    """What a harness begins with: small inputs that are read."""
    return [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]
