"""What the quick benchmark calls grown."""

import pytest

from bench import quick

KEPT = {"python": quick.PYTHON, "paths": {"a page": {"queries": 5, "calls": 10_000, "memory": 400}}}


@pytest.mark.parametrize(
    ("cost", "grown"),
    [
        (quick.Cost(5, 10_000, 400), []),
        (quick.Cost(4, 10_600, 500), []),  # (what may differ from run to run)
        (quick.Cost(6, 10_000, 400), ["a page: queries grew from 5 to 6"]),
        (quick.Cost(5, 10_800, 400), ["a page: calls grew from 10,000 to 10,800"]),
        (quick.Cost(5, 10_000, 600), ["a page: memory grew from 400 to 600"]),
    ],
)
def test_what_grew_is_named(cost, grown):
    assert list(quick.compare({"a page": cost}, KEPT)) == grown


def test_another_python_counts_queries_only_and_a_new_path_needs_figures():
    costs = {"a page": quick.Cost(5, 99_999, 9_999), "a new page": quick.Cost(1, 1, 1)}
    assert list(quick.compare(costs, KEPT | {"python": "2.7"})) == ["a new page: no figures of it yet"]
