"""The network of one county, as a worker reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import URL

from gis_service.coverage.places import Flags, Places, degrees_of, placed_points, places_of
from gis_service.model.collections import REGISTRY
from gis_service.model.counties import county_of
from gis_service.network.graph import Numbers
from gis_service.network.parts import Part
from gis_service.network.sites import SITE_M, near_pairs
from gis_service.services.country.counties import HOMELESS
from gis_service.store.coverage import Portion, frame_of, read_portion
from gis_service.store.network_part import PLANNERS, read_nodes, read_part
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import moment_shared

_MARGIN_M = SITE_M + 1


def county_wards(
    ids: tuple[str, ...], moment: str, *, address: URL, timeout_s: float
) -> gpd.GeoDataFrame:
    """The wards of some ids, as of `Portion`; parameters as of `county_part`."""

    async def read() -> gpd.GeoDataFrame:
        async with (
            Reader.open(
                {Login.PLANNER: address}, pool_size=1, statement_timeout_s=timeout_s
            ) as reader,
            moment_shared(reader, Login.PLANNER, moment) as seen,
        ):
            rows = await read_portion(seen, PLANNERS, "wards", Portion(ids=ids))
        return frame_of(REGISTRY["wards"], rows)

    return asyncio.run(read())


def county_part(
    county: str,
    own: gpd.GeoDataFrame | None,
    around: Sequence[gpd.GeoDataFrame],
    *,
    moment: str,
    address: URL,
    timeout_s: float,
) -> Part:
    """
    The network of a county, read from the database.

    A node is in the county of its lowest ward, as everywhere.

    Parameters
    ----------
    county
        Of `model.counties`, or `HOMELESS` for the nodes that touch no ward.
    own, around
        Its wards, and those of the counties that it may meet.
    moment
        Name of the moment of the database, of `store.shared_moments`.
    address, timeout_s
        Of the planners' login, and seconds that a statement may take.
    """
    frames = [*([] if own is None else [own]), *around]
    wards = pd.concat(frames) if frames else frame_of(REGISTRY["wards"], [])
    return asyncio.run(_read(county, places_of(wards), moment, address, timeout_s))


async def _read(
    county: str, places: Places, moment: str, address: URL, timeout_s: float
) -> Part:
    of = [county_of(*ward) for ward in zip(places.codes, places.constituencies, strict=True)]
    mine = np.array([*(each == county for each in of), county == HOMELESS])
    portion = Portion(homeless=True) if mine[-1] else Portion(box=_box(places, mine[:-1]))
    async with (
        Reader.open(
            {Login.PLANNER: address}, pool_size=1, statement_timeout_s=timeout_s
        ) as reader,
        moment_shared(reader, Login.PLANNER, moment) as seen,
    ):
        nodes = await read_nodes(seen, portion)
        own = mine[placed_points(places, _points(nodes.position), edge_m=None).ward]
        near = near_pairs(nodes.position)
        return await read_part(seen, nodes, own, near[own[near].any(axis=1)])


def _points(position: Numbers) -> np.ndarray:
    """Points of positions; None where there is none."""
    points = np.full(len(position), None, dtype=object)
    known = np.isfinite(position).all(axis=1)
    points[known] = shapely.points(position[known])
    return points


def _box(places: Places, mine: Flags) -> tuple[float, float, float, float]:
    """Around wards, with room for nodes that stand together with one of theirs."""
    margin = degrees_of(_MARGIN_M, places)
    west, south, east, north = shapely.total_bounds(places.areas[mine]).tolist()
    return west - margin, south - margin, east + margin, north + margin
