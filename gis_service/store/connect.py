"""Reading what it takes to plan connections: offices, access points, roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Select, func, or_, select

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.connect import AccessPoint, Candidate
from gis_service.store.changes import Version, version_of
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.versions import versions_table

_READER = Audience.PLANNER


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Which offices are meant: all that fit what is given.

    Parameters
    ----------
    network
        Access points are of this one too.
    office
        This one, whether it is connected or not, and of whatever theme and ward.
    ward
        Code of a ward.
    """

    network: UUID | None = None
    office: UUID | None = None
    theme: str | None = None
    ward: str | None = None


@dataclass(frozen=True, slots=True)
class OfficesRead:
    """Offices without a connection, and how many there are of which it is unknown."""

    candidates: tuple[Candidate, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class AccessPointsRead:
    """Operational access points with room, and how many are full or may be."""

    open: tuple[AccessPoint, ...]
    full: int
    unknown: int


async def read_offices(moment: Moment, asked: Asked) -> OfficesRead:
    """Offices that are reported unconnected, or the one that is asked for."""
    rows = await moment.rows(_offices(asked))
    candidates = tuple(
        Candidate(str(row["id"]), row["name"], row["lon"], row["lat"], row["beneficiaries"])
        for row in rows
        if asked.office is not None or row["connection"] == "unconnected"
    )
    return OfficesRead(candidates, len(rows) - len(candidates))


async def read_access_points(moment: Moment, network: UUID | None) -> AccessPointsRead:
    """Operational access points, of one network or of all."""
    nodes = readable(REGISTRY["network_nodes"], _READER)
    rows = await moment.rows(
        _of_network(
            select(nodes.c.id, nodes.c.name, nodes.c.spare_capacity, *_place(nodes))
            .where(nodes.c.access_point, nodes.c.status == "operational")
            .order_by(nodes.c.id),
            nodes, network,
        )
    )
    room = [row["spare_capacity"] for row in rows]
    return AccessPointsRead(
        tuple(
            AccessPoint(str(row["id"]), row["name"], row["lon"], row["lat"])
            for row in rows
            if row["spare_capacity"]
        ),
        full=room.count(False),
        unknown=room.count(None),
    )


async def read_roads(moment: Moment) -> tuple[Version, NDArray[np.object_]]:
    """The roads as LineStrings in degrees, by id; and the version that they are."""
    roads = readable(REGISTRY["roads"], _READER)
    version = await moment.rows(road_version_statement())
    rows = await moment.rows(
        select(func.ST_AsBinary(roads.c.geom).label("geom")).order_by(roads.c.id)
    )
    lines: NDArray[np.object_] = np.array(
        shapely.from_wkb([row["geom"] for row in rows]), dtype=object
    )
    return version_of(version[0]), lines


def road_version_statement() -> Select[Any]:
    """A row with the version of the roads."""
    versions = versions_table(staff=True)
    return select(versions).where(versions.c.collection == "roads")


def _offices(asked: Asked) -> Select[Any]:
    offices = readable(REGISTRY["offices"], _READER)
    if asked.office is not None:
        conditions = [offices.c.id == asked.office]
    else:
        conditions = [or_(offices.c.connection.is_(None), offices.c.connection != "connected")]
        if asked.theme is not None:
            conditions.append(offices.c.theme == asked.theme)
        if asked.ward is not None:
            conditions.append(offices.c.ward == asked.ward)
    return _of_network(
        select(
            offices.c.id, offices.c.name, offices.c.connection, offices.c.beneficiaries,
            *_place(offices),
        )
        .where(*conditions)
        .order_by(offices.c.id),
        offices, asked.network,
    )


def _of_network(statement: Select[Any], source: Any, network: UUID | None) -> Select[Any]:
    return statement if network is None else statement.where(source.c.network == network)


def _place(source: Any) -> tuple[Any, Any]:
    return func.ST_X(source.c.geom).label("lon"), func.ST_Y(source.c.geom).label("lat")
