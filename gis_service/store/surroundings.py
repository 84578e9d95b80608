"""What a database knows of the place where rows of a file should lie."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import Connection, func, select

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.places import OFFICES, WARDS
from gis_service.model.declarations.plant import NETWORK_NODES
from gis_service.store.tables import table

MOST_KNOWN = 5_000
"""Items of each collection whose distance is measured."""
_KNOWN_BY = (NETWORK_NODES, OFFICES)

Shapes = np.ndarray[Any, np.dtype[np.object_]]


def known_wards(connection: Connection) -> tuple[Shapes, tuple[str, ...]]:
    """Outlines of the wards in WGS84, and the name of each."""
    stored = table(WARDS)
    rows = connection.execute(
        select(stored.c.name, func.ST_AsBinary(stored.c.geom)).order_by(stored.c.code)
    ).all()
    return _shapes([row[1] for row in rows]), tuple(row[0] for row in rows)


def known_points(connection: Connection, network: UUID | None) -> Shapes:
    """Points of nodes and offices of a network, or of all, in WGS84; some if there are many."""
    found: list[Any] = []
    for collection in _KNOWN_BY:
        stored = table(REGISTRY[collection.id])
        statement = select(func.ST_AsBinary(stored.c.geom)).order_by(stored.c.id).limit(MOST_KNOWN)
        if network is not None:
            statement = statement.where(stored.c.network_id == network)
        found += connection.scalars(statement)
    return _shapes(found)


def _shapes(binaries: list[Any]) -> Shapes:
    made: Shapes = shapely.from_wkb(np.array([bytes(each) for each in binaries], dtype=object))
    return made
