"""Which release of Istio a text names, and which Kubernetes it goes with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setup.cluster.istio_version import IstioVersion, found_in, misfit, newest_istio


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("1.12.1", "1.12.1"),
        ("v1.30.3", "1.30.3"),
        ("client version: 1.24.0-rc.0\n", "1.24.0-rc.0"),
        ("1.31-dev", "1.31-dev"),
        ("1.30.3-distroless", "1.30.3-distroless"),
        ('no running Istio pods in "istio-system"\n1.15.1', "1.15.1"),
    ],
)
def test_a_version_is_found_as_it_calls_itself(text: str, called: str) -> None:
    assert str(found_in(text)) == called


@pytest.mark.parametrize("text", ["", "unknown", "2.0.1", "10.1.12", "1", "11.12.1", "a1.12.1"])
def test_what_is_no_version_of_istio_is_none(text: str) -> None:
    assert found_in(text) is None


@given(st.integers(0, 99), st.integers(0, 99))
def test_any_release_is_read_back(minor: int, patch: int) -> None:
    assert found_in(f"istioctl 1.{minor}.{patch}") == IstioVersion(1, minor, patch)


def test_releases_are_ordered_by_number_not_by_letter() -> None:
    assert IstioVersion(1, 9, 10) < IstioVersion(1, 12, 1) < IstioVersion(1, 12, 10)


@pytest.mark.parametrize(
    ("minor", "kubernetes"), [(12, 17), (12, 24), (15, 25), (24, 28), (30, 32), (31, 35)]
)
def test_releases_that_go_together_have_no_misfit(minor: int, kubernetes: int) -> None:
    assert misfit(IstioVersion(1, minor), kubernetes) is None


def test_an_istio_that_is_too_new_is_told_with_one_that_fits() -> None:
    found = misfit(IstioVersion(1, 31, 2), 28)
    assert found is not None
    assert found.message == "Istio 1.31.2 needs Kubernetes 1.32 or newer, and this cluster runs 1.28"
    assert found.hint == "take another release, for example --istio-version 1.25.0"


def test_an_istio_that_is_too_old_is_told_with_one_that_fits() -> None:
    found = misfit(IstioVersion(1, 12, 1), 33)
    assert found is not None
    assert found.message == (
        "Istio 1.12.1 uses APIs that ended with Kubernetes 1.24, and this cluster runs 1.33"
    )
    assert found.hint == "take another release, for example --istio-version 1.30.0"


def test_a_cluster_too_old_for_any_istio_must_be_updated() -> None:
    found = misfit(IstioVersion(1, 12), 15)
    assert found is not None
    assert found.hint == "update the cluster"


@given(st.integers(17, 60))
def test_the_release_that_is_offered_instead_always_fits(kubernetes: int) -> None:
    assert misfit(IstioVersion(1, newest_istio(kubernetes)), kubernetes) is None
