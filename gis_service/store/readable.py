"""What each audience reads of a collection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, select

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection
from gis_service.store import derived
from gis_service.store.once import once
from gis_service.store.published import published_table
from gis_service.store.tables import TILE_GEOM, table


@once
def readable(
    collection: Collection, audience: Audience, *, for_tiles: bool = False
) -> Subquery:
    """
    `id`, the audience's visible fields, `geom` and `search_text` of a collection.

    The public reads the public projection, staff the rows themselves.

    Parameters
    ----------
    for_tiles
        Whether the geometry in Web Mercator is there too.
    """
    helpers = ("geom", "search_text", *((TILE_GEOM,) if for_tiles else ()))
    if not audience.is_staff:
        shown = [c for c in published_table(collection).c if for_tiles or c.name != TILE_GEOM]
        return select(*shown).subquery(collection.id)
    stored = table(collection)
    source: FromClause = stored
    computed: dict[str, ColumnElement[Any]] = {}
    if any(derived.is_read(field) for field in collection.fields):
        source, computed = derived.with_certification(stored)
    columns: list[ColumnElement[Any]] = [stored.c.id.label("id")]
    for field in visible_fields(collection, audience):
        name = "network_id" if field.name == "network" else field.name
        value = computed.get(field.name)
        columns.append((stored.c[name] if value is None else value).label(field.name))
    columns += [stored.c[name] for name in helpers if name in stored.c]
    return select(*columns).select_from(source).subquery(collection.id)
