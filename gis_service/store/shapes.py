"""
What shapes the database takes, whoever writes them.

A login's password may open plain SQL, which nothing of ours checks beforehand.
"""

from __future__ import annotations

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, GeometryType
from gis_service.settings import MOST_VERTICES
from gis_service.store.tables import SCHEMA


def shape_rule(collection: Collection) -> str:
    """Name of the constraint on a collection's polygons."""
    return f"{collection.id}_geom_check"


def statements() -> list[str]:
    """
    Constraints on polygons; points and lines are always valid.

    They hold for what is written from now on (NOT VALID): another version of GEOS
    may judge a polygon otherwise, and a backup that holds it must go back. A few
    microseconds for a plain polygon, a quarter of a second for one of 20,000 vertices.
    """
    return [
        f"ALTER TABLE {SCHEMA}.{each.id} ADD CONSTRAINT {shape_rule(each)} CHECK "
        f"(CASE WHEN ST_NPoints(geom) > {MOST_VERTICES} THEN false ELSE ST_IsValid(geom) END) "
        "NOT VALID"
        for each in REGISTRY.values() if each.geometry is GeometryType.MULTI_POLYGON
    ]
