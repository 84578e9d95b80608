"""What to do first and for a budget, against every order and every choice there is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.network import priorities
from gis_service.network.priorities import Task, best_order, choices


@st.composite
def trees(draw, most: int = 6) -> list[Task]:
    """Some tasks that bring nothing, and below them tasks that do."""
    stems = draw(st.integers(1, 3))
    tasks = [
        Task(draw(st.integers(-1, position - 1)), draw(st.integers(0, 9)))
        for position in range(stems)
    ]
    for _ in range(draw(st.integers(1, most - stems))):
        above = draw(st.integers(-1, stems - 1))
        tasks.append(Task(above, draw(st.integers(0, 9)), draw(st.integers(0, 5)), wanted=True))
    return tasks


def comes_after_what_it_needs(order: Sequence[int], tasks: Sequence[Task]) -> bool:
    at = {task: position for position, task in enumerate(order)}
    return all(task.above < 0 or at[task.above] < at[i] for i, task in enumerate(tasks))


def waiting(order: Sequence[int], tasks: Sequence[Task]) -> float:
    """The sum of worth times what was spent until then."""
    spent = total = 0.0
    for task in order:
        spent += tasks[task].cost
        total += tasks[task].worth * spent
    return total


@settings(max_examples=60, deadline=None)
@given(trees())
def test_the_best_order_is_the_best_of_all_orders(tasks):
    order = best_order(tasks)
    assert sorted(order) == list(range(len(tasks)))
    assert comes_after_what_it_needs(order, tasks)
    least = min(
        waiting(other, tasks)
        for other in itertools.permutations(range(len(tasks)))
        if comes_after_what_it_needs(other, tasks)
    )
    assert waiting(order, tasks) == least


def cost_of(wanted: Sequence[int], tasks: Sequence[Task]) -> float:
    needed = set()
    for task in wanted:
        above = task
        while above >= 0:
            needed.add(above)
            above = tasks[above].above
    return sum(tasks[task].cost for task in needed)


def best_worth(tasks: Sequence[Task], budget: float) -> float:
    wanted = [position for position, task in enumerate(tasks) if task.wanted]
    return max(
        sum(tasks[task].worth for task in some)
        for count in range(len(wanted) + 1)
        for some in itertools.combinations(wanted, count)
        if cost_of(some, tasks) <= budget
    )


@settings(max_examples=80, deadline=None)
@given(trees(most=8), st.integers(0, 40))
def test_choices_hold_the_best_for_every_budget(tasks, budget):
    every = choices(tasks)
    affordable = [position for position, cost in enumerate(every.cost) if cost <= budget]
    best = affordable[-1]
    assert every.worth[best] == best_worth(tasks, budget)
    done = every.tasks(best)
    assert cost_of(done, tasks) == every.cost[best]
    assert sum(tasks[task].worth for task in done) == every.worth[best]


def test_of_many_choices_some_are_left_out_and_what_is_left_is_true(monkeypatch):
    monkeypatch.setattr(priorities, "POINTS", 8)
    tasks = [Task(-1, 3.0 + i % 7, 2.0 + (i * i) % 11, wanted=True) for i in range(40)]
    every = choices(tasks)
    assert len(every.cost) <= 8
    for position in range(len(every.cost)):
        done = every.tasks(position)
        assert math.isclose(cost_of(done, tasks), every.cost[position])
        assert math.isclose(sum(tasks[t].worth for t in done), every.worth[position])
    assert every.worth[-1] == sum(task.worth for task in tasks)


def test_several_offices_share_the_trunk_and_come_before_a_nearer_single_one():
    """
    trunk 10 ─┬─ a 1 (worth 8)        alone: c gives 4 / 5 = 0.8 for each coin,
              └─ b 1 (worth 8)        a with the trunk 8 / 11, a and b 16 / 12.
    c 5 (worth 4)
    """
    tasks = [
        Task(-1, 10.0), Task(0, 1.0, 8.0, wanted=True), Task(0, 1.0, 8.0, wanted=True),
        Task(-1, 5.0, 4.0, wanted=True),
    ]
    assert best_order(tasks) == [0, 1, 2, 3]


def test_what_has_no_known_worth_comes_last_and_cheap_before_dear():
    tasks = [
        Task(-1, 1.0), Task(0, 1.0, 0.0, wanted=True), Task(-1, 9.0, 1.0, wanted=True),
        Task(-1, 1.0, 0.0, wanted=True),
    ]
    assert best_order(tasks) == [2, 3, 0, 1]
