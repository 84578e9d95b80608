"""Single items that questions about the network name: scenarios, equipment, routes of links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Subquery,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.store.once import once
from gis_service.store.readable import readable
from gis_service.store.reading import Prepared

SCENARIO_CHANGES = ("adds", "removes", "removes_nodes")
"""What a scenario does, in the order in which the graph takes it."""


def scenario_statement(id_: UUID) -> Select[Any]:
    """The row of a scenario: `SCENARIO_CHANGES`, each an array of ids or null."""
    source = _read("scenarios")
    return select(*(source.c[name] for name in SCENARIO_CHANGES)).where(source.c.id == id_)


def equipment_statement(id_: UUID) -> Select[Any]:
    """The row of a piece of equipment: the `node` or `office` where it stands."""
    source = _read("equipment")
    return select(source.c.node, source.c.office).where(source.c.id == id_)


def routes_statement(ids: Iterable[UUID]) -> Select[Any]:
    """A row for each fibre link: `id` and `route`, its line as WKB."""
    return _routes(_array(ids))


@once
def prepared_routes() -> Prepared:
    """The same for the links `ids`."""
    return Prepared(_routes(bindparam("ids", (), ARRAY(UUID_TYPE(as_uuid=True)))))


def _routes(ids: ColumnElement[Any]) -> Select[Any]:
    source = _read("fibre_links")
    return select(source.c.id, func.ST_AsBinary(source.c.geom).label("route")).where(
        source.c.id == any_(ids)
    )


def fibre_statement(ids: Iterable[UUID]) -> Select[Any]:
    """A row with the `id` of each link that is of fibre, or of which nobody says what it is."""
    source = _read("fibre_links")
    return select(source.c.id).where(
        source.c.id == any_(_array(ids)),
        or_(
            func.coalesce(func.cardinality(source.c.medium), 0) == 0,
            literal("fibre") == any_(source.c.medium),
        ),
    )


def _read(collection: str) -> Subquery:
    return readable(REGISTRY[collection], Audience.PLANNER)


def _array(ids: Iterable[UUID]) -> Any:
    return literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True)))
