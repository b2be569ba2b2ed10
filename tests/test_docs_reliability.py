"""docs/reliability.md names the test behind each of its promises, and no test of faults goes unnamed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()
ROWS = re.findall(r"^\| (?!what breaks|---)(.+) \| (.+) \| (.+) \| (`test_.+`) \|$", PAGE, re.M)


def functions_of(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def named() -> list[list[str]]:
    """The tests of each row, as file::function."""
    return [re.findall(r"`(test_\w+\.py::test_\w+)`", row[3]) for row in ROWS]


def test_each_row_names_tests_that_exist() -> None:
    assert len(ROWS) >= 20
    for tests in named():
        assert tests
        for test in tests:
            file, _, name = test.partition("::")
            assert name in functions_of(file), test


def test_every_test_of_a_fault_has_its_row() -> None:
    rows = {test for tests in named() for test in tests}
    faults = {
        f"test_reliability.py::{name}" for name in functions_of("test_reliability.py") if name[:5] == "test_"
    }
    assert faults - rows == set()
