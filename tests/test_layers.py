"""A drawing in layers: nothing overlaps, and what is called stands to the right of who calls."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.layers import BETWEEN_LAYERS, Drawing, Place, Size, draw

BOX = Size(100, 40)

_edges = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), min_size=1, max_size=20
)


def drawn(edges: list[tuple[str, str]]) -> Drawing:
    return draw(dict.fromkeys(sorted({node for edge in edges for node in edge}), BOX), edges)


def test_a_chain_stands_in_a_row() -> None:
    drawing = drawn([("a", "b"), ("b", "c")])
    step = BOX.width + BETWEEN_LAYERS
    assert drawing.places == {"a": Place(0, 0), "b": Place(step, 0), "c": Place(2 * step, 0)}
    assert drawing.paths == [
        [Place(BOX.width, 20), Place(step, 20)],
        [Place(step + BOX.width, 20), Place(2 * step, 20)],
    ]
    assert (drawing.width, drawing.height) == (2 * step + BOX.width, BOX.height)


def test_an_edge_over_a_layer_passes_between_its_boxes() -> None:
    drawing = drawn([("a", "b"), ("b", "c"), ("a", "c")])
    path = drawing.paths[2]
    left, right = path[1:-1]
    top = drawing.places["b"].y
    assert (left.x, right.x) == (drawing.places["b"].x, drawing.places["b"].x + BOX.width)
    assert left.y == right.y
    assert not top <= left.y <= top + BOX.height


def test_edges_that_need_not_cross_do_not() -> None:
    drawing = drawn([("a", "z"), ("b", "y"), ("c", "x"), ("b", "x")])
    order = sorted("xyz", key=lambda node: drawing.places[node].y)
    callers = sorted("abc", key=lambda node: drawing.places[node].y)
    ends = [(callers.index(tail), order.index(head)) for tail, head in ("az", "by", "cx", "bx")]
    assert not any((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(ends, 2))


@given(_edges)
def test_no_two_boxes_overlap_and_all_lie_within_the_drawing(edges: list[tuple[str, str]]) -> None:
    drawing = drawn(edges)
    for one, other in combinations(drawing.places.values(), 2):
        assert abs(one.x - other.x) >= BOX.width or abs(one.y - other.y) >= BOX.height
    for place in drawing.places.values():
        assert 0 <= place.x <= drawing.width - BOX.width
        assert -1e-6 <= place.y <= drawing.height - BOX.height + 1e-6


@given(_edges)
def test_every_edge_has_its_path_and_runs_back_only_in_a_cycle(edges: list[tuple[str, str]]) -> None:
    drawing = drawn(edges)
    after: dict[str, set[str]] = {}
    for tail, head in edges:
        after.setdefault(tail, set()).add(head)
    for (tail, head), path in zip(edges, drawing.paths, strict=True):
        assert len(path) >= 2
        if path[-1].x > path[0].x:
            assert path[0].x == drawing.places[tail].x + BOX.width
            assert path[-1].x == drawing.places[head].x
        else:
            assert tail in _reachable(after, head), "no way leads back, so it need not run back"


def _reachable(after: dict[str, set[str]], start: str) -> set[str]:
    found, new = {start}, [start]
    while new:
        new = [node for one in new for node in after.get(one, ()) if node not in found]
        found.update(new)
    return found


@pytest.mark.parametrize("length", [1500])
def test_a_long_chain_needs_no_deep_stack(length: int) -> None:
    edges = [(f"{n}", f"{n + 1}") for n in range(length)]
    assert drawn(edges).width > length * BOX.width
