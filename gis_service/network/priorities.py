"""What to do first, and what to do for a budget, when some things need others before them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POINTS = 512
"""Choices that are kept for each branch of a small tree; of a large one fewer are."""
_LEAST_POINTS = 64
_WORK = 100_000


@dataclass(frozen=True, slots=True)
class Task:
    """
    Something that can be done once the task above it is done.

    Parameters
    ----------
    above
        Position of the task that comes first; -1 for none.
    worth
        What it brings; a task of no worth is done for the sake of others.
    wanted
        Whether it counts even without worth, after all that have some; nothing
        is below it.
    """

    above: int
    cost: float
    worth: float = 0.0
    wanted: bool = False


def best_order(tasks: Sequence[Task]) -> list[int]:
    """
    The order in which worth is gained soonest for what was spent.

    Minimises the sum of worth times the cost spent until then, exactly, after
    Horn (Single-machine job sequencing with treelike precedence ordering, SIAM
    Journal on Applied Mathematics 23, 1972): the task of the highest worth per
    cost is joined to the one above it, again and again. Equal ones come in the
    order of their positions.

    Parameters
    ----------
    tasks
        Each after the one above it.
    """
    cost = [task.cost for task in tasks]
    worth = [task.worth for task in tasks]
    wanted = [float(task.wanted) for task in tasks]
    within = list(range(len(tasks)))
    following: list[int] = [-1] * len(tasks)
    last = list(range(len(tasks)))
    done = [False] * len(tasks)
    stamp = [0] * len(tasks)

    def key(block: int) -> tuple[float, float, int, int]:
        return (
            -_density(worth[block], cost[block]), -_density(wanted[block], cost[block]),
            block, stamp[block],
        )

    def block_of(task: int) -> int:
        while within[task] != task:
            within[task] = within[within[task]]
            task = within[task]
        return task

    heap = [key(task) for task in range(len(tasks))]
    heapq.heapify(heap)
    order: list[int] = []
    while heap:
        *_, block, made = heapq.heappop(heap)
        if within[block] != block or made != stamp[block]:
            continue
        above = -1 if tasks[block].above < 0 else block_of(tasks[block].above)
        if above < 0 or done[above]:
            done[block] = True
            task = block
            while task >= 0:
                order.append(task)
                task = following[task]
            continue
        within[block] = above
        following[last[above]], last[above] = block, last[block]
        cost[above] += cost[block]
        worth[above] += worth[block]
        wanted[above] += wanted[block]
        stamp[above] += 1
        heapq.heappush(heap, key(above))
    return order


def _density(worth: float, cost: float) -> float:
    if worth <= 0:
        return 0.0
    return worth / cost if cost > 0 else float("inf")


@dataclass(frozen=True, slots=True)
class Option:
    """A set of wanted tasks with all that they need: what it is worth and what it costs."""

    worth: float
    cost: float
    tasks: Callable[[], list[int]]


def beginnings(tasks: Sequence[Task]) -> list[Option]:
    """Every beginning of the best order that ends at a wanted task, the shortest first."""
    found: list[Option] = []
    done: list[int] = []
    worth = cost = 0.0
    for task in best_order(tasks):
        cost += tasks[task].cost
        if tasks[task].wanted:
            done.append(task)
            worth += tasks[task].worth
            found.append(Option(worth, cost, partial(_first, done, len(done))))
    return found


def _first(tasks: list[int], count: int) -> list[int]:
    return sorted(tasks[:count])


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """
    Sets of tasks worth choosing: none, and then each dearer than the one before and worth more.

    `parts` and `pick` say what each was put together from.
    """

    cost: Floats
    worth: Floats
    parts: tuple[Choices, ...] = ()
    pick: tuple[Ints, ...] = ()
    task: int = -1

    def options(self) -> list[Option]:
        """The sets, the cheapest first, which is to do nothing."""
        return [
            Option(float(worth), float(cost), partial(self.tasks, position))
            for position, (worth, cost) in enumerate(zip(self.worth, self.cost, strict=True))
        ]

    def tasks(self, position: int) -> list[int]:
        """The wanted tasks in one of the sets, rising."""
        found: list[int] = []
        waiting: list[tuple[Choices, int]] = [(self, position)]
        while waiting:
            choices, at = waiting.pop()
            if choices.task >= 0 and at > 0:
                found.append(choices.task)
            waiting += [
                (part, int(pick[at]))
                for part, pick in zip(choices.parts, choices.pick, strict=True)
            ]
        return sorted(found)


def choices(tasks: Sequence[Task]) -> Choices:
    """
    What can be had for every budget.

    The sets of tasks that no other beats in both cost and worth, by merging
    those of the branches (the knapsack on a tree). All of them where they are
    few; otherwise some are left out, the same ones whatever the budget will
    be, so that more money never buys less.

    Parameters
    ----------
    tasks
        Each after the one above it.
    """
    most = min(POINTS, max(_LEAST_POINTS, _WORK // max(1, len(tasks))))
    below: list[Choices] = [_NOTHING] * (len(tasks) + 1)
    for position in range(len(tasks) - 1, -1, -1):
        task = tasks[position]
        made = below[position]
        if task.wanted:
            made = Choices(np.zeros(2), np.array([0.0, task.worth]), task=position)
        made = Choices(
            np.where(np.arange(len(made.cost)) > 0, made.cost + task.cost, 0.0), made.worth,
            parts=(made,), pick=(np.arange(len(made.cost)),),
        )
        beside = below[task.above]
        below[task.above] = made if beside is _NOTHING else _merged(beside, made, most)
        below[position] = _NOTHING
    return below[-1]


_NOTHING = Choices(np.zeros(1), np.zeros(1))


def _merged(one: Choices, other: Choices, most: int) -> Choices:
    cost = np.add.outer(one.cost, other.cost).ravel()
    worth = np.add.outer(one.worth, other.worth).ravel()
    order = np.lexsort((-worth, cost))
    best = np.maximum.accumulate(worth[order])
    better = np.r_[True, best[1:] > best[:-1]]
    kept = order[better]
    kept = np.r_[0, kept[kept != 0]]  # to do nothing stays a choice where doing costs nothing
    if len(kept) > most:
        steps = np.linspace(0.0, cost[kept[-1]], most)
        kept = kept[np.unique(np.searchsorted(cost[kept], steps, side="right") - 1)]
    first, second = np.divmod(kept, len(other.cost))
    return Choices(cost[kept], worth[kept], parts=(one, other), pick=(first, second))
