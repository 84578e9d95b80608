"""Where the nodes of a network stand."""

from __future__ import annotations

from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Text, cast, func, select

from gis_service.model.collections import REGISTRY
from gis_service.store.tables import table
from gis_service.validation.snapping import NodePlaces


def node_places(connection: Connection, network: UUID) -> NodePlaces:
    """The nodes of a network, by id: what names them, and where they stand."""
    nodes = table(REGISTRY["network_nodes"])
    rows = connection.execute(
        select(
            nodes.c.external_id, cast(nodes.c.id, Text), func.ST_X(nodes.c.geom),
            func.ST_Y(nodes.c.geom),
        )
        .where(nodes.c.network_id == network, nodes.c.geom.is_not(None))
        .order_by(nodes.c.id)
    ).all()
    keys, ids, lon, lat = zip(*rows, strict=True) if rows else ((), (), (), ())
    return NodePlaces(
        np.array(keys, dtype=object),
        np.array(ids, dtype=object),
        np.column_stack([np.array(lon, np.float64), np.array(lat, np.float64)]),
    )
