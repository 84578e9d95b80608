"""The row of a network that came as a package: what it keeps of it, its box, its metric CRS."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from gis_service.crs import utm_srid
from gis_service.formats.ofds_package import Json, Package, head_of
from gis_service.model.ofds import OfdsVersion
from gis_service.services.load_networks import network_extent
from gis_service.services.ofds_rows import Rows, dumped
from gis_service.store.ofds import KEPT
from gis_service.validation.geometry import KENYA, Extent

_SIDES = ("west", "south", "east", "north")
_MARGIN_DEGREES = 0.1
"""Around the positions of a network that lies outside Kenya."""


def kept_of(package: Package, network: Json, version: OfdsVersion, rows: Rows) -> Json:
    """What the network's row keeps: itself, and all that is no row."""
    kept: Json = {"version": version.id, "object": dumped(head_of(network))}
    around = package.document | {"networks": []}
    if len(around) > 1:
        kept["package"] = dumped(around)
    if rows.unplaced:
        kept["unplaced"] = [
            {"array": u.array, "position": u.position, "object": dumped(u.object)}
            for u in rows.unplaced
        ]
    return kept


def network_frame(
    network: Json, before: Any | None, key: str, *, kept: Json, extent: Extent | None
) -> pd.DataFrame:
    """The row of the network itself."""
    name = network.get("name")
    box, srid = _ground(before, extent)
    plain = name.strip()[:1000] if isinstance(name, str) and name.strip() else key
    if plain != name:
        kept = {**kept, "stored": {"name": plain}}
    values: dict[str, pa.Array] = {
        "external_id": pa.array([before.external_id if before else key], pa.string()),
        "name": pa.array([plain], pa.string()),
        "extent": pa.array([dumped(dict(zip(_SIDES, box, strict=True)))], pa.string()),
        "metric_srid": pa.array([srid], pa.int64()),
        "synthetic": pa.array([before.synthetic if before else False], pa.bool_()),
        "extra": pa.array([dumped({KEPT: kept})], pa.string()),
    }
    return pd.DataFrame(
        {n: pd.arrays.ArrowExtensionArray(pa.chunked_array([a])) for n, a in values.items()},
        index=pd.Index([1], name="row"),
    )


def _ground(before: Any | None, data: Extent | None) -> tuple[Extent, int]:
    """
    The box of a network and its metric CRS.

    A network in Kenya has the box of Kenya. The CRS of one that is there
    already stays, so that the public grid does not move.
    """
    if before is not None:
        old = network_extent(before.external_id, before.extent)
        return (_union(old, data) if data else old), before.metric_srid
    if data is None:
        return KENYA, utm_srid((KENYA[0] + KENYA[2]) / 2, (KENYA[1] + KENYA[3]) / 2)
    middle = ((data[0] + data[2]) / 2, (data[1] + data[3]) / 2)
    srid = utm_srid(*middle)
    if _union(KENYA, data) == KENYA:
        return KENYA, srid
    west, south, east, north = data
    return (
        max(-180.0, west - _MARGIN_DEGREES), max(-90.0, south - _MARGIN_DEGREES),
        min(180.0, east + _MARGIN_DEGREES), min(90.0, north + _MARGIN_DEGREES),
    ), srid


def _union(one: Extent, other: Extent) -> Extent:
    return (
        min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
    )
