"""Coverage of one county: what a worker reads, and the sums that it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import URL

from gis_service.coverage.ground import Network, Records, ground_of
from gis_service.coverage.measures import GroupedSums, Situation, grouped_sums, of_theme
from gis_service.coverage.places import (
    OUTSIDE,
    Flags,
    Indices,
    Pieces,
    Places,
    degrees_of,
    placed_points,
    places_of,
)
from gis_service.coverage.situations import Reached, network_situation, standing_links
from gis_service.coverage.standing import Moment as Day
from gis_service.coverage.telling import quality_of
from gis_service.model.collections import REGISTRY
from gis_service.model.counties import county_of
from gis_service.model.coverage import Circumstances, Quality
from gis_service.model.indicators import Grouping
from gis_service.services.country.counties import HOMELESS
from gis_service.store.coverage import ALL, Portion, Wanted, frame_of, read_portion
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import moment_shared


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """
    What the coverage of every county needs.

    Parameters
    ----------
    moment
        Name of the moment of the database, of `store.shared_moments`.
    today
        The day of the records.
    theme
        Of whose offices alone is told.
    adds
        Ids of links that the scenario adds.
    nodes
        Ids of all nodes, ascending.
    node_on, reached
        As of `situations.Carried`.
    samples
        Ids of nodes: an access point of each technology, so that every part
        knows which there are.
    broken_offices
        Of each office with an open fault that cuts it, the fault.
    """

    moment: str
    wanted: Wanted
    circumstances: Circumstances
    today: date
    grouping: Grouping
    theme: str | None
    adds: tuple[str, ...]
    nodes: np.ndarray
    node_on: Flags
    reached: Reached | None
    samples: tuple[str, ...]
    broken_offices: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class PartCoverage:
    """The sums of a part, by the grouping and of all of it, and what stands in doubt."""

    groups: GroupedSums
    whole: GroupedSums
    quality: Quality


def part_coverage(
    county: str, common: Shared, *, address: URL, timeout_s: float
) -> PartCoverage:
    """
    The coverage of what lies in a county, read from the database.

    What lies across a border is cut at it. Of what touches a ward and sticks out of all,
    the rest counts where its lowest ward is.

    Parameters
    ----------
    county
        Of `model.counties`, or `HOMELESS`.
    address, timeout_s
        Of the login of the audience, and seconds that a statement may take.
    """
    records, places = asyncio.run(_read(county, common, address, timeout_s))
    moment = Day(common.circumstances.day, common.today)
    mine = _mine(county, places)
    ground = ground_of(records)
    network = records.network
    assert network is not None  # noqa: S101 - made just now
    standing = standing_links(
        records, ground, moment, plan=common.circumstances.plan, adds=common.adds
    )
    at = np.searchsorted(common.nodes, network.nodes.index.to_numpy().astype("S36"))
    reached = common.reached
    situation = network_situation(
        records, ground, moment,
        standing=standing, node_on=common.node_on[at],
        reached=reached and Reached(reached.lit[at], reached.redundant[at]),
        within_m=common.circumstances.within_m, measured=not moment.is_past,
    )
    link_ward = _lowest(places, gpd.GeoDataFrame(network.links))
    cell_ward = _lowest(places, network.population)
    quality = quality_of(
        situation, ground.offices, records.offices.index.to_numpy(),
        undated_links=int(np.count_nonzero(standing.undated & mine[link_ward])),
    )
    kept = _kept(
        situation, mine,
        routes=_counts_here(ground.routes, mine, link_ward),
        cells=_counts_here(ground.cells, mine, cell_ward),
    )
    if common.theme:
        kept = of_theme(kept, common.theme)
    return PartCoverage(
        grouped_sums(kept, common.grouping), grouped_sums(kept, Grouping.WHOLE), quality
    )


async def _read(
    county: str, common: Shared, address: URL, timeout_s: float
) -> tuple[Records, Places]:
    login = Login.of(common.wanted.audience)
    async with (
        Reader.open({login: address}, pool_size=1, statement_timeout_s=timeout_s) as reader,
        moment_shared(reader, login, common.moment) as moment,
    ):
        async def read(collection: str, portion: Portion) -> gpd.GeoDataFrame:
            rows = await read_portion(moment, common.wanted, collection, portion)
            return frame_of(REGISTRY[collection], rows)

        wards = await read("wards", ALL)
        places = places_of(wards)
        mine = _mine(county, places)
        own = places.areas[mine[:-1]]
        here = Portion(box=_box(own)) if len(own) else Portion(homeless=True)

        async def read_here(collection: str) -> gpd.GeoDataFrame:
            frame = await read(collection, here)
            return frame[_touches(places, frame, mine)]

        offices = await read_here("offices")
        offices = offices[mine[_lowest(places, offices)]]
        links = await read_here("fibre_links")
        cells = await read_here("population")
        shapes = np.concatenate([own, offices.geometry, cells.geometry])
        broken = [f for office in offices.index for f in common.broken_offices.get(office, ())]
        nodes = await _nodes(
            moment, common, shapes,
            margin=degrees_of(common.circumstances.within_m, places),
            named=[*offices["served_by"], *links["start_node"], *links["end_node"]],
        )
        network = Network(
            nodes=nodes,
            links=links,
            faults=await read("faults", Portion(ids=tuple(broken))),
            phases=await read("phases", ALL),
            population=cells,
            equipment=await read("equipment", Portion(nothing=True)),
        )
    return Records(wards, offices, network), places


async def _nodes(
    moment: Moment,
    common: Shared,
    shapes: np.ndarray,
    *,
    margin: float,
    named: Sequence[Any],
) -> gpd.GeoDataFrame:
    """Nodes around shapes, and those that are named."""
    rows: list[Any] = []
    if shapely.is_geometry(shapes).any():
        box = _box(shapes, margin=margin)
        rows = await read_portion(moment, common.wanted, "network_nodes", Portion(box=box))
    wanted = {id_ for id_ in named if isinstance(id_, str)} | set(common.samples)
    rest = tuple(sorted(wanted - {row["id"] for row in rows}))
    rows += await read_portion(moment, common.wanted, "network_nodes", Portion(ids=rest))
    return frame_of(REGISTRY["network_nodes"], sorted(rows, key=lambda row: row["id"]))


def _mine(county: str, places: Places) -> Flags:
    """Which wards are of the county; the last tells of what is outside all of them."""
    wards = zip(places.codes, places.constituencies, strict=True)
    return np.array([*(county_of(*ward) == county for ward in wards), county == HOMELESS])


def _lowest(places: Places, frame: gpd.GeoDataFrame) -> Indices:
    """The lowest ward that each item touches."""
    return placed_points(places, frame.geometry.to_numpy(), edge_m=None).ward


def _touches(places: Places, frame: gpd.GeoDataFrame, mine: Flags) -> Flags:
    """Which items touch a ward of the county; or none at all, where that is asked."""
    if mine[-1]:
        found: Flags = _lowest(places, frame) == OUTSIDE
        return found
    touches = np.zeros(len(frame), dtype=bool)
    tree = shapely.STRtree(frame.geometry.to_numpy())
    _, item = tree.query(places.areas[mine[:-1]], predicate="intersects")
    touches[item] = True
    return touches


def _counts_here(pieces: Pieces, mine: Flags, lowest: Indices) -> Flags:
    """Which pieces count in this part."""
    return mine[np.where(pieces.ward == OUTSIDE, lowest[pieces.of], pieces.ward)]


def _kept(situation: Situation, mine: Flags, *, routes: Flags, cells: Flags) -> Situation:
    """A situation without what other parts count; faults are told of the whole at once."""
    access, people = situation.access, situation.people
    if access is not None:
        here = mine[access.ward]
        access = replace(
            access, ward=access.ward[here], phase=access.phase[here],
            works=access.works[here], wifi=access.wifi[here],
        )
    if people is not None:
        near = {name: values[cells] for name, values in people.near.items()}
        people = replace(people, ward=people.ward[cells], people=people.people[cells], near=near)
    told = situation.routes
    if told is not None:
        told = replace(
            told, ward=told.ward[routes], phase=told.phase[routes],
            status=told.status[routes], length_m=told.length_m[routes],
        )
    return replace(situation, access=access, people=people, routes=told, faults=None)


def _box(shapes: np.ndarray, *, margin: float = 0.0) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return west - margin, south - margin, east + margin, north + margin
