"""Which nodes stand together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis_service.network.graph import Indices, Numbers, Pairs

SITE_M = 20.0
"""
Nodes stand together when no more metres lie between them.

The rule is ours: a cabinet, the pole beside it and the house that holds both
lose power and are dug up together. It counts from one node to the next, so a
row of poles as near to each other as this would be one site.
"""

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY2 = 0.006_694_379_990_14


def sites_of(position: Numbers, *, within_m: float = SITE_M) -> tuple[Indices, int]:
    """
    The site of each node.

    Parameters
    ----------
    position
        Longitude and latitude in degrees of WGS84, a row for each node.

    Returns
    -------
    tuple
        For each node the index of its site, -1 where it stands by itself, and
        how many sites there are. Sites are numbered by their first node.
    """
    none: NDArray[np.int32] = np.full(len(position), -1, dtype=np.int32)
    one, other = near_pairs(position, within_m=within_m).T
    if not len(one):
        return none, 0
    shape = (len(position), len(position))
    beside = coo_matrix((np.ones(len(one)), (one, other)), shape=shape)
    _, group = connected_components(beside, directed=False)
    together = np.zeros(len(position), dtype=bool)
    together[one] = together[other] = True
    nodes = np.flatnonzero(together)
    _, first, number = np.unique(group[nodes], return_index=True, return_inverse=True)
    by_first_node = np.argsort(np.argsort(first))
    none[nodes] = by_first_node[number]
    return none, len(first)


def near_pairs(position: Numbers, *, within_m: float = SITE_M) -> Pairs:
    """The nodes between which no more metres lie, two in a row; positions as of `sites_of`."""
    placed = np.flatnonzero(np.isfinite(position).all(axis=1))
    tree = cKDTree(_on_spheroid(position[placed]))
    pairs: Pairs = placed[tree.query_pairs(within_m, output_type="ndarray")].astype(np.int32)
    return pairs


def pairs_of(one: Indices, other: Indices) -> Pairs:
    """Pairs of nodes in order, each once; those with one that is not there (-1) are left out."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    two = (low >= 0) & (low < high)
    return np.unique(np.column_stack([low[two], high[two]]).astype(np.int32), axis=0)


def joined_sites(site: Indices, pairs: Pairs) -> tuple[Indices, int]:
    """
    Sites when the nodes of each pair stand together too.

    Parameters
    ----------
    site
        As of `sites_of`.

    Returns
    -------
    tuple
        As of `sites_of`.
    """
    nodes = np.arange(len(site), dtype=np.int32)
    leader = nodes.copy()
    placed = np.flatnonzero(site >= 0)
    _, first, number = np.unique(site[placed], return_index=True, return_inverse=True)
    leader[placed] = placed[first][number]
    one = np.concatenate([nodes, pairs[:, 0]])
    other = np.concatenate([leader, pairs[:, 1]])
    beside = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(site), len(site)))
    _, group = connected_components(beside, directed=False)
    together = np.bincount(group)[group] > 1
    _, first, number = np.unique(group[together], return_index=True, return_inverse=True)
    found: NDArray[np.int32] = np.full(len(site), -1, dtype=np.int32)
    found[together] = np.argsort(np.argsort(first))[number]
    return found, len(first)


def _on_spheroid(position: Numbers) -> Numbers:
    """Metres from the middle of the earth; over short ways, chords are distances."""
    lon, lat = np.radians(position).T
    normal = _EQUATOR_M / np.sqrt(1 - _ECCENTRICITY2 * np.sin(lat) ** 2)
    return np.column_stack([
        normal * np.cos(lat) * np.cos(lon),
        normal * np.cos(lat) * np.sin(lon),
        normal * (1 - _ECCENTRICITY2) * np.sin(lat),
    ])
