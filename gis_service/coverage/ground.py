"""Where everything in the records is: what takes long to find, and stays while they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.coverage.places import (
    OUTSIDE,
    Indices,
    Pieces,
    PlacedPoints,
    Places,
    pieces_of_areas,
    pieces_of_lines,
    placed_points,
    places_of,
)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """
    Records that staff alone read, each indexed by id (text) with its fields.

    References hold ids; positions are in longitude and latitude.

    Parameters
    ----------
    joins
        Pairs of nodes that are one place: `node_a` and `node_b`.
    """

    nodes: gpd.GeoDataFrame
    links: pd.DataFrame
    faults: gpd.GeoDataFrame
    phases: pd.DataFrame
    population: gpd.GeoDataFrame
    equipment: pd.DataFrame
    joins: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"node_a": [], "node_b": []}, dtype=object)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What is recorded; `network` is None for a reader who may not know it."""

    wards: gpd.GeoDataFrame
    offices: gpd.GeoDataFrame
    network: Network | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """
    Where everything is: what depends on the records alone, and takes long to find.

    Parameters
    ----------
    office_node, link_ends
        Indices of nodes, -1 for none.
    fault_node, fault_link, fault_office
        Indices of what a fault broke, -1 for none; by equipment that of its place.
    fault_ward
        Where it lies itself, else what it broke.
    """

    places: Places
    offices: PlacedPoints
    node_ward: Indices
    office_node: Indices
    link_ends: tuple[Indices, Indices]
    routes: Pieces
    cells: Pieces
    fault_node: Indices
    fault_link: Indices
    fault_office: Indices
    fault_ward: Indices


def ground_of(records: Records) -> Ground:
    """Where everything in the records is; the links' lines are not needed after it."""
    places = places_of(records.wards, around=records.offices)
    offices = placed_points(places, records.offices.geometry.to_numpy())
    nothing: Indices = np.array([], dtype=np.intp)
    network = records.network
    if network is None:
        none = Pieces(nothing, nothing, np.array([]), np.array([], dtype=object))
        nowhere = np.full(len(records.offices), OUTSIDE, dtype=np.intp)
        return Ground(places, offices, nothing, nowhere, (nothing, nothing), none, none,
                      nothing, nothing, nothing, nothing)
    links, faults = network.links, network.faults
    routes = pieces_of_lines(
        places,
        links.geometry.to_numpy(),
        length_m=links["route_length_m"].to_numpy(dtype=np.float64, na_value=math.nan),
    )
    node, office = (
        np.where((direct := _indices(faults[name], of.index)) >= 0, direct,
                 _indices(faults["equipment"].map(network.equipment[name]), of.index))
        for name, of in (("node", network.nodes), ("office", records.offices))
    )
    link = _indices(faults["link"], links.index)
    nodes = placed_points(places, network.nodes.geometry.to_numpy(), edge_m=None)
    return Ground(
        places=places,
        offices=offices,
        node_ward=nodes.ward,
        office_node=_indices(records.offices["served_by"], network.nodes.index),
        link_ends=(
            _indices(links["start_node"], network.nodes.index),
            _indices(links["end_node"], network.nodes.index),
        ),
        routes=routes,
        cells=pieces_of_areas(places, network.population.geometry.to_numpy()),
        fault_node=node,
        fault_link=link,
        fault_office=office,
        fault_ward=_first(
            placed_points(places, faults.geometry.to_numpy(), edge_m=None).ward,
            at(offices.ward, office),
            at(nodes.ward, node),
            at(_main_ward(routes, len(links)), link),
        ),
    )


def _main_ward(pieces: Pieces, size: int) -> Indices:
    """The ward that holds most of each thing, to the metre; the lowest of equals."""
    ward = np.full(size, OUTSIDE, dtype=np.intp)
    order = np.lexsort((-pieces.ward, np.round(pieces.size)))
    ward[pieces.of[order]] = pieces.ward[order]
    return ward


def _first(*found: Indices) -> Indices:
    """The first that is known of each."""
    first = found[0]
    for other in found[1:]:
        first = np.where(first == OUTSIDE, other, first)
    return first


def at(values: NDArray[Any], index: Indices, *, absent: Any = OUTSIDE) -> NDArray[Any]:
    """The value at each index, `absent` where there is none."""
    if not len(values):
        return np.full(len(index), absent)
    return np.where(index >= 0, values[index], absent)


def _indices(ids: pd.Series, among: pd.Index) -> Indices:
    return np.asarray(among.get_indexer(pd.Index(ids)), dtype=np.intp)
