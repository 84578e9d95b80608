"""
The counties as a frame of dask-geopandas, one partition each.

Its spatial partitions tell which counties meet, so that a worker needs the wards of
its own county and of those around it, and nobody the outlines of a country.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import shapely

from gis_service.model.collections import REGISTRY
from gis_service.model.counties import county_of
from gis_service.services.country.cluster import Cluster, dask_module
from gis_service.store.coverage import FIELDS, Portion, Wanted, frame_of, read_portion
from gis_service.store.reading import Moment

HOMELESS = ""
"""In place of a county: what touches no ward."""

WardReader = Callable[[tuple[str, ...], str], gpd.GeoDataFrame]
"""The wards of some ids, as of a moment of `store.shared_moments`, read in any process."""


@dataclass(frozen=True, slots=True, eq=False)
class Counties:
    """
    The counties, those with most wards first, and last what is outside of all.

    Parameters
    ----------
    wards
        Of each county the frame of its wards, kept at a worker; nothing for `HOMELESS`.
    around
        Those of the counties that it meets; of all for `HOMELESS`.
    """

    names: tuple[str, ...]
    wards: Sequence[Any]
    around: Sequence[Sequence[Any]]


async def ward_ids(moment: Moment, wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Ids of the wards of each county, the county with most of them first."""
    rows = await read_portion(moment, wanted, "wards", Portion(shapes_of=()))
    names = ("id", *FIELDS["wards"])
    id_, code, constituency = (names.index(each) for each in ("id", "code", "constituency"))
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[county_of(row[code], row[constituency] or "")].append(row[id_])
    most_first = sorted(found, key=lambda county: (-len(found[county]), county))
    return {county: tuple(found[county]) for county in most_first}


def counties_of(
    cluster: Cluster, ids: dict[str, tuple[str, ...]], read: WardReader, moment: str
) -> Counties:
    """The counties, read by the workers from `ward_ids`."""
    if not ids:
        return Counties((HOMELESS,), [None], [[]])
    dask_module("dask_geopandas")  # makes of frames with geometry its own
    frame = dask_module("dask.dataframe").from_map(
        read, list(ids.values()), moment=moment, meta=frame_of(REGISTRY["wards"], [])
    )
    frame, wards = cluster.partitions(frame)
    frame.calculate_spatial_partitions()
    boxes = shapely.envelope(frame.spatial_partitions.to_numpy())
    around: list[list[Any]] = [[] for _ in wards]
    for one, other in zip(*shapely.STRtree(boxes).query(boxes).tolist(), strict=True):
        if one != other:
            around[one].append(wards[other])
    return Counties((*ids, HOMELESS), [*wards, None], [*around, list(wards)])
