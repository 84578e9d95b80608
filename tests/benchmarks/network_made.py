"""Networks of any size for benchmarks, always the same for the same scale."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from gis_service.network.graph import (
    OPERATIONAL,
    STATUSES,
    Ids,
    Links,
    NetworkGraph,
    Nodes,
    Offices,
)

SCALES = {"S": (500, 2_000, 1_000), "M": (20_000, 50_000, 40_000), "L": (200_000, 500_000, 400_000)}
"""Nodes, offices, links; those of the benchmark of servers."""
WEST, SOUTH, EAST, NORTH = 34.55, -0.95, 35.00, -0.50
NEIGHBOURS = 6
GATEWAYS_PER_NODE = 1 / 2_000
OUT_OF_SERVICE = 0.03
IN_TRENCH = 0.2
LINKS_PER_TRENCH = 3
UNKNOWN = 0.1
WARDS = 45


def made(scale: str, *, seed: int = 5) -> NetworkGraph:
    """
    Nodes spread at random, each joined to those nearest to it.

    A fifth of the links lies in shared trenches, three neighbours by number in each;
    every tenth office serves nobody knows how many; 3 % are out of service.
    """
    nodes, offices, links = SCALES[scale]
    dice = np.random.default_rng(seed)
    place = np.column_stack([dice.uniform(WEST, EAST, nodes), dice.uniform(SOUTH, NORTH, nodes)])
    tree = cKDTree(place)
    start, end = _nearest(tree, place, links)
    gateway = np.zeros(nodes, dtype=bool)
    gateway[dice.choice(nodes, max(1, int(nodes * GATEWAYS_PER_NODE)), replace=False)] = True
    at = np.column_stack([dice.uniform(WEST, EAST, offices), dice.uniform(SOUTH, NORTH, offices)])
    people = dice.integers(20, 2_000, offices).astype(float)
    people[dice.random(offices) < UNKNOWN] = np.nan
    trenches = int(links * IN_TRENCH / LINKS_PER_TRENCH)
    trench = np.full(links, -1, dtype=np.int32)
    # Links that start at one node and are drawn one after the other lie side by side.
    first = dice.choice(links - LINKS_PER_TRENCH, trenches, replace=False)
    beside = np.lexsort((end, start))
    for step in range(LINKS_PER_TRENCH):
        trench[beside[first + step]] = np.arange(trenches)
    return NetworkGraph(
        Nodes(
            ids=_ids(dice, nodes), position=place, gateway=gateway,
            status=_status(dice, nodes), cut=np.zeros(nodes, dtype=bool),
            site=np.full(nodes, -1, dtype=np.int32),
        ),
        Links(
            ids=_ids(dice, links), start=start, end=end,
            status=_status(dice, links), cut=np.zeros(links, dtype=bool),
            route_length_m=np.hypot(*(place[start] - place[end]).T) * 111_320,
            fibre_length_m=np.full(links, np.nan), trench=trench,
        ),
        Offices(
            ids=_ids(dice, offices), position=at, node=tree.query(at)[1].astype(np.int32),
            cut=np.zeros(offices, dtype=bool), connection=np.zeros(offices, dtype=np.int8),
            theme=dice.integers(-1, 4, offices).astype(np.int8),
            ward=dice.integers(0, WARDS, offices).astype(np.int32), beneficiaries=people,
        ),
        trenches=tuple(f"T{i:06}" for i in range(trenches)),
        wards=tuple(f"{i:04}" for i in range(WARDS)),
    )


def _nearest(
    tree: cKDTree, place: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """So many pairs of neighbours, the nearest ranks first."""
    _, found = tree.query(place, k=NEIGHBOURS + 1)
    start = np.tile(np.arange(len(place)), NEIGHBOURS)
    end = found[:, 1:].T.ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    _, first = np.unique(low.astype(np.int64) * len(place) + high, return_index=True)
    chosen = np.sort(first)[:count]
    return low[chosen].astype(np.int32), high[chosen].astype(np.int32)


def _ids(dice: np.random.Generator, count: int) -> Ids:
    numbers = np.sort(dice.integers(0, 2**63, count, dtype=np.uint64))
    return np.array([
        f"{n >> 32:08x}-{n >> 16 & 0xFFFF:04x}-4{n >> 4 & 0xFFF:03x}-8000-{i:012x}"
        for i, n in enumerate(numbers.tolist())
    ], dtype="S36")


def _status(dice: np.random.Generator, count: int) -> np.ndarray:
    planned = dice.random(count) < OUT_OF_SERVICE
    return np.where(planned, STATUSES.index("planned"), OPERATIONAL).astype(np.int8)
