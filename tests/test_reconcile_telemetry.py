"""What telemetry counted is kept in the run's folder, and read back as how much each series grew."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import JudgementError
from analyzer.reconcile.telemetry import Series, Telemetry
from analyzer.run.folder import RunFolder

REVIEWS = "reviews.default.svc.cluster.local"
V2 = Series("source", "productpage", REVIEWS, "v2", 200)
V3 = Series("source", "productpage", REVIEWS, "v3", 503)
OLD = Series("destination", "productpage", REVIEWS, "v1", 200)


def telemetry(before: dict[Series, int], after: dict[Series, int]) -> Telemetry:
    return Telemetry("http://127.0.0.1:9090", 10.0, 20.5, before, after, ("nobody scraped reviews-v3",))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    kept = telemetry({V2: 7, V3: 0}, {V2: 12, V3: 1})
    kept.write(RunFolder(tmp_path))
    assert Telemetry.read(RunFolder(tmp_path)) == kept


def test_a_run_without_telemetry_has_none(tmp_path: Path) -> None:
    assert Telemetry.read(RunFolder(tmp_path)) is None


def test_only_what_grew_was_counted_and_a_proxy_that_began_anew_counts_from_zero() -> None:
    assert telemetry({V2: 7, OLD: 3}, {V2: 12, V3: 2, OLD: 3}).counted == {V2: 5, V3: 2}
    assert telemetry({V2: 7}, {V2: 4}).counted == {V2: 4}


@pytest.mark.parametrize(
    "content", ["{}", "no json", '{"format": 9, "source": "", "since": 0, "until": 0, "series": []}']
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    RunFolder(tmp_path).telemetry.write_text(content)
    with pytest.raises(JudgementError, match=r"telemetry\.json"):
        Telemetry.read(RunFolder(tmp_path))
