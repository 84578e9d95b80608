"""
Cost to connect: 5,000 offices over 100,000 generated road edges.

Run by hand: `python -m tests.benchmarks.cost [OFFICES] [EDGES]`. Roads are a
grid of streets with wobbly lines, of which a tenth is missing, cut into a line
for each block, as map data has them; offices and access points stand at random
beside them. Times and peak memory of the whole process are printed as Markdown.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.model.connect import AccessPoint, Candidate, Sourced, UnitCosts
from gis_service.network.connect import connection_plan
from gis_service.network.roads import road_graph

WEST, SOUTH = 34.5, -1.0
BLOCK = 0.0018
"""Degrees: blocks of 200 m."""
COSTS = UnitCosts(
    Sourced(150_000, "benchmark"), Sourced(1_400_000, "benchmark"), Sourced(6.5, "benchmark"),
    Sourced(1.2, "benchmark"),
)


def generated_roads(edges: int, seed: int = 1) -> NDArray[np.object_]:
    """About so many blocks of streets, each a line of its own with five vertices."""
    dice = np.random.default_rng(seed)
    side = int(np.sqrt(edges / 0.9 / 2)) + 1
    corner = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).astype(float)
    corner = corner * BLOCK + dice.normal(0, BLOCK / 8, corner.shape) + (WEST, SOUTH)
    pairs = np.concatenate([
        np.stack([corner[:, :-1], corner[:, 1:]], axis=2).reshape(-1, 2, 2),
        np.stack([corner[:-1], corner[1:]], axis=2).reshape(-1, 2, 2),
    ])
    pairs = pairs[dice.random(len(pairs)) < 0.9][:edges]
    share = np.linspace(0, 1, 5)[None, :, None]
    lines = pairs[:, :1] * (1 - share) + pairs[:, 1:] * share
    lines[:, 1:-1] += dice.normal(0, BLOCK / 30, lines[:, 1:-1].shape)
    made: NDArray[np.object_] = shapely.linestrings(lines)
    return made


def main(offices: int = 5_000, edges: int = 100_000, nodes: int = 500) -> None:
    dice = np.random.default_rng(2)
    lines = generated_roads(edges)
    west, south, east, north = shapely.total_bounds(lines)
    lon = dice.uniform(west, east, offices + nodes)
    lat = dice.uniform(south, north, offices + nodes)
    people = dice.lognormal(6, 1, offices).astype(int) + 1
    candidates = [
        Candidate(f"o{i:05}", "", float(lon[i]), float(lat[i]), int(people[i]))
        for i in range(offices)
    ]
    access_points = [
        AccessPoint(f"n{i:05}", "", float(lon[i]), float(lat[i]))
        for i in range(offices, offices + nodes)
    ]
    print(f"{offices:,} offices, {nodes} access points, {len(lines):,} road edges\n")
    print("| step | seconds | trench km | singly km | ratio | offices | MKES |")
    print("|---|---|---|---|---|---|---|")
    begun = time.perf_counter()
    roads = road_graph(lines)
    print(f"| roads as a graph | {time.perf_counter() - begun:.1f} | | | | | |")
    whole = None
    questions = {
        "all offices": {}, "half the budget": {"budget_kes": 0.5},
        "a tenth of it": {"budget_kes": 0.1}, "one office": {"offices": candidates[:1]},
        "straight lines": {"roads": None},
    }
    for title, options in questions.items():
        budget = options.get("budget_kes")
        begun = time.perf_counter()
        plan = connection_plan(
            options.get("offices", candidates), access_points, options.get("roads", roads), COSTS,
            budget_kes=None if budget is None else budget * whole,
        )
        took = time.perf_counter() - begun
        whole = whole or plan.cost_kes
        print(
            f"| {title} | {took:.1f} | {plan.trench_m / 1000:,.1f} | {plan.singly_m / 1000:,.1f} "
            f"| {plan.trench_m / plan.singly_m:.3f} | {len(plan.connected):,} "
            f"| {plan.cost_kes / 1e6:,.1f} |"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of the process: {peak:,.0f} MB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
