"""How triggers tell what a statement changed: parts of PL/pgSQL around `internal.touch`."""

from __future__ import annotations

TOUCH_LIMIT = 500
"""A change of more items than this is told of as a change of the whole collection."""


def boxes_of(places: str | None) -> str:
    """
    West, south, east and north of geometries, one after the other in one array.

    Parameters
    ----------
    places
        SELECT with a column `geom`; None where items have no geometry.
    """
    if places is None:
        return "'{}'::double precision[]"
    return (
        "ARRAY(SELECT unnest(ARRAY["
        "ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) "
        f"FROM ({places}) place WHERE NOT ST_IsEmpty(geom))"
    )
