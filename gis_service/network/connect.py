"""What to connect next, by which trenches, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gis_service.model.connect import (
    AccessPoint,
    Candidate,
    ConnectionPlan,
    Goal,
    OfficeCost,
    Outcome,
    Trench,
    UnitCosts,
)
from gis_service.network.ground import Ground, along_roads, in_straight_lines
from gis_service.network.priorities import Option, Task, beginnings, best_order, choices
from gis_service.network.roads import Floats, Ints, Roads
from gis_service.network.steiner import Tree, path_tree, shortest_paths, steiner_tree
from gis_service.network.trenches import Branch, branch_m, branches, part_of, trench

_ROUNDING_KES = 0.005
_STRETCH = 1.2
"""Trenches planned anew may be cheaper by a sixth: what costs more is not tried."""
_TRIED = 48
"""So many of the beginnings, and of the choices, on each tree are planned anew if need be."""


def connection_plan(
    offices: Sequence[Candidate],
    access_points: Sequence[AccessPoint],
    roads: Roads | None,
    costs: UnitCosts,
    *,
    budget_kes: float | None = None,
    goal: Goal | None = None,
) -> ConnectionPlan:
    """
    Plan trenches from access points to offices, shared ones dug once.

    Without a budget all offices that can be reached are connected, by a
    Steiner tree (`steiner_tree`), in the order in which most is gained for
    the money (`best_order`: the first of several offices on a trench bears it).

    With a budget, the offices are those that bring most for it on either of
    two trees, the Steiner tree of all offices and the tree of their shortest
    paths: of each tree all choices, or so many of them as time allows
    (`choices`), and every beginning of its best order. The trenches are then
    planned anew for the chosen offices, which only makes them shorter; sets
    that cost a little more than there is are tried so too. Which sets there
    are does not depend on the budget, and a larger one admits no fewer, so
    more money never serves fewer. The best choice for other trenches may be
    better still; tests compare with it on small networks.

    Parameters
    ----------
    roads
        Along which trenches run; None for straight lines times the detour factor.
    goal
        What to have most of: people served, or offices. By default people,
        unless they are unknown for all offices. Offices without known people
        are not chosen for a budget that people are counted for.

    Raises
    ------
    ValueError
        The budget is negative or no number.
    """
    if budget_kes is not None and not budget_kes >= 0:
        raise ValueError("a budget is not negative")
    offices = sorted(offices, key=lambda office: office.id)
    access_points = sorted(access_points, key=lambda node: node.id)
    places = _places(offices), _places(access_points)
    factor = costs.detour_factor.amount
    if roads is None:
        ground = in_straight_lines(*places, detour_factor=factor)
    else:
        ground = along_roads(roads, *places, detour_factor=factor)
    counted = any(office.beneficiaries for office in offices)
    goal = goal or ("beneficiaries" if counted else "offices")
    planning = _Planning(offices, ground, costs, goal)
    chosen = np.flatnonzero(np.isfinite(planning.alone_m))
    if budget_kes is None:
        trees = planning.trees(chosen)
    else:
        chosen, tree = planning.affordable(chosen, budget_kes)
        trees = [*planning.trees(chosen), tree]
    shortest = min(trees, key=planning.length_m)
    connected, trenches = planning.told(shortest, chosen, access_points)
    left = [planning.left(p) for p in range(len(offices)) if p not in connected]
    return ConnectionPlan(
        method="straightLines" if roads is None else "roads",
        goal=goal,
        costs=costs,
        budget_kes=budget_kes,
        offices=(*connected.values(), *sorted(left, key=_by_cost)),
        trenches=tuple(trenches),
    )


def _places(sites: Sequence[Candidate] | Sequence[AccessPoint]) -> Floats:
    return np.array([(site.lon, site.lat) for site in sites], dtype=np.float64).reshape(-1, 2)


def _by_cost(left: OfficeCost) -> tuple[bool, float, str]:
    return left.alone_kes is None, left.alone_kes or 0.0, left.office.id


@dataclass(frozen=True, slots=True)
class _Option:
    """Offices that can be connected, at most for a cost; maybe worth planning anew for less."""

    worth: float
    cost: float
    is_tried: bool
    offices: Callable[[], Ints]
    tree: Callable[[], Tree]


def _most_first(option: _Option) -> tuple[float, float]:
    return -option.worth, option.cost


class _Planning:
    """What is asked and where trenches can run; offices are known by their position."""

    def __init__(
        self, offices: Sequence[Candidate], ground: Ground, costs: UnitCosts, goal: Goal
    ) -> None:
        self.offices = offices
        self.ground = ground
        self.costs = costs
        self.goal = goal
        self.paths = shortest_paths(ground.graph, ground.access_points)
        self.alone_m = self.paths.metres[ground.offices]

    def worth(self, position: int) -> float:
        """What there is to be most of."""
        if self.goal == "offices":
            return 1.0
        return float(self.offices[position].beneficiaries or 0)

    def trees(self, chosen: Ints) -> list[Tree]:
        """Two ways to lay trenches to some offices."""
        graph, terminals = self.ground.graph, self.ground.offices[chosen]
        return [
            steiner_tree(graph, self.ground.access_points, terminals),
            path_tree(graph, self.paths, terminals),
        ]

    def length_m(self, tree: Tree) -> float:
        return math.fsum(self.ground.graph.length_m[tree.edge])

    def affordable(self, reachable: Ints, budget_kes: float) -> tuple[Ints, Tree]:
        """The offices to connect for a budget, and trenches that it pays."""
        worthy = np.array([p for p in reachable if self.worth(p) > 0], dtype=np.int64)
        found = [
            option for tree in self.trees(worthy) for option in self._options(tree, worthy)
        ]
        within = [each for each in found if each.cost <= budget_kes + _ROUNDING_KES]
        best = min(within, key=_most_first)
        dearer = [
            each
            for each in found
            if each.is_tried
            and each.worth > best.worth
            and budget_kes < each.cost <= budget_kes * _STRETCH
        ]
        for option in sorted(dearer, key=_most_first):
            chosen = option.offices()
            tree = min(self.trees(chosen), key=self.length_m)
            kes = self.length_m(tree) * self.costs.metre_kes
            if kes + len(chosen) * self.costs.office_kes.amount <= budget_kes + _ROUNDING_KES:
                return chosen, tree
        return best.offices(), best.tree()

    def _options(self, tree: Tree, worthy: Ints) -> list[_Option]:
        """What can be had on a tree, whatever the budget will be."""
        cut = branches(tree, self.ground.offices[worthy])
        tasks = self.tasks(cut, worthy)

        def offices(option: Option) -> Ints:
            return worthy[[task - len(cut) for task in option.tasks()]]

        def part(option: Option) -> Tree:
            return part_of(tree, cut, [tasks[task].above for task in option.tasks()])

        found: list[_Option] = []
        for family in (choices(tasks).options(), beginnings(tasks)):
            step = max(1, len(family) // _TRIED)
            found += [
                _Option(
                    each.worth, each.cost, number % step == 0,
                    partial(offices, each), partial(part, each),
                )
                for number, each in enumerate(family)
            ]
        return found

    def tasks(self, cut: Sequence[Branch], chosen: Ints) -> list[Task]:
        """The branches, then the offices: what each costs, and what it needs before."""
        number_at = {branch.end: number for number, branch in enumerate(cut)}
        digging = [
            Task(branch.above, self.costs.metre_kes * branch_m(self.ground, branch))
            for branch in cut
        ]
        connecting = [
            Task(
                number_at[int(self.ground.offices[position])],
                self.costs.office_kes.amount,
                self.worth(position),
                wanted=True,
            )
            for position in chosen.tolist()
        ]
        return digging + connecting

    def told(
        self, tree: Tree, chosen: Ints, access_points: Sequence[AccessPoint]
    ) -> tuple[dict[int, OfficeCost], list[Trench]]:
        """The offices by position, in the order of connecting; and the trenches."""
        cut = branches(tree, self.ground.offices[chosen])
        tasks = self.tasks(cut, chosen)
        connected: dict[int, OfficeCost] = {}
        ranks = [0] * len(cut)
        serves = [0] * len(cut)
        dug_m = 0.0
        for task in best_order(tasks):
            if task < len(cut):
                ranks[task] = len(connected) + 1
                dug_m += branch_m(self.ground, cut[task])
                continue
            position = int(chosen[task - len(cut)])
            connected[position] = OfficeCost(
                self.offices[position],
                "connect",
                rank=len(connected) + 1,
                alone_m=float(self.alone_m[position]),
                alone_kes=self._kes(self.alone_m[position]),
                added_m=dug_m,
                added_kes=self._kes(dug_m),
            )
            dug_m = 0.0
            serves[tasks[task].above] += 1
        for number in range(len(cut) - 1, -1, -1):
            if cut[number].above >= 0:
                serves[cut[number].above] += serves[number]
        names = dict(zip(self.ground.offices.tolist(), (o.id for o in self.offices), strict=True))
        names |= zip(
            self.ground.access_points.tolist(), (node.id for node in access_points), strict=True
        )
        trenches = [
            trench(self.ground, branch, names, offices=serves[number], rank=ranks[number])
            for number, branch in enumerate(cut)
        ]
        return connected, trenches

    def left(self, position: int) -> OfficeCost:
        """An office that is not to be connected, and why not."""
        office = self.offices[position]
        metres = float(self.alone_m[position])
        if not math.isfinite(metres):
            return OfficeCost(office, "unreachable", None, None, None)
        unknown = self.goal == "beneficiaries" and office.beneficiaries is None
        outcome: Outcome = "beneficiariesUnknown" if unknown else "beyondBudget"
        return OfficeCost(office, outcome, None, metres, self._kes(metres))

    def _kes(self, trench_m: float) -> float:
        return self.costs.office_kes.amount + float(trench_m) * self.costs.metre_kes
