"""Where the nodes of a network stand."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Text, cast, func, select

from gis_service.model.collections import REGISTRY
from gis_service.store.tables import table
from gis_service.validation.snapping import NodePlaces

_AT_ONCE = 10_000


def node_places(connection: Connection, network: UUID) -> NodePlaces:
    """The nodes of a network, by id: what names them, and where they stand."""
    nodes = table(REGISTRY["network_nodes"])
    found = connection.execute(
        select(
            nodes.c.external_id, cast(nodes.c.id, Text), func.ST_X(nodes.c.geom),
            func.ST_Y(nodes.c.geom),
        )
        .where(nodes.c.network_id == network, nodes.c.geom.is_not(None))
        .order_by(nodes.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    keys, ids, lonlat = [pa.array([], pa.string())], [pa.array([], pa.string())], [_NOWHERE]
    for rows in found.partitions():
        some, their_ids, lon, lat = zip(*rows, strict=True)
        keys.append(pa.array(some, pa.string()))
        ids.append(pa.array(their_ids, pa.string()))
        lonlat.append(np.column_stack([np.array(lon, np.float64), np.array(lat, np.float64)]))
    return NodePlaces(pa.concat_arrays(keys), pa.concat_arrays(ids), np.concatenate(lonlat))


_NOWHERE = np.empty((0, 2))
