import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.runs import runs


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([1, 2, 3], [slice(0, 3)]),
        ([4, 4, 4], [slice(0, 2), slice(2, 3)]),
        ([9, 1, 9, 9], [slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 4)]),
        ([1, 99, 1], [slice(0, 1), slice(1, 2), slice(2, 3)]),
    ],
)
def test_runs_cost_at_most_the_limit(costs: list[int], expected: list[slice]) -> None:
    assert runs(costs, 8, 99) == expected


@given(st.lists(st.integers(0, 20), min_size=1), st.integers(1, 40), st.integers(1, 5))
def test_runs_follow_each_other_and_only_one_alone_is_too_much(
    costs: list[int], limit: int, count: int
) -> None:
    found = runs(costs, limit, count)
    assert [cost for run in found for cost in costs[run]] == costs
    assert all(costs[run] for run in found)
    assert all(sum(costs[run]) <= limit or len(costs[run]) == 1 for run in found)
    assert all(len(costs[run]) <= count for run in found)
