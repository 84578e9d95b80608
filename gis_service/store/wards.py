"""What stands in a ward and what is known of it, for a phone to take along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Subquery,
    Text,
    and_,
    any_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import NETWORK, Audience, visible_fields
from gis_service.model.collections import REGISTRY, SYSTEM_FIELDS
from gis_service.model.fields import Collection, FieldType
from gis_service.store.readable import readable
from gis_service.store.versions import versions_table

DECIMALS = 6
LINE_TOLERANCE_DEGREES = 0.00002
"""Some two metres: finer than a phone's map shows."""
OUTLINE_TOLERANCE_DEGREES = 0.0002
NEWEST = 5
"""Entries of the work log for each thing."""

_LEFT_OUT = {NETWORK.name, *(f.name for f in SYSTEM_FIELDS if f.name != "version")}

Statement = Select[Any]


def fields_taken(collection: Collection, audience: Audience) -> list[str]:
    """Names of the fields that a package may hold of a collection, in their order."""
    return [f.name for f in visible_fields(collection, audience) if f.name not in _LEFT_OUT]


def wards_statement(audience: Audience) -> Statement:
    """A row for each ward: `code`, `name`, `nodes`, `offices`, `equipment` and its box."""
    wards, nodes, offices, equipment = _read(
        audience, "wards", "network_nodes", "offices", "equipment"
    )
    here = and_(nodes.c.geom.op("&&")(wards.c.geom), func.ST_Covers(wards.c.geom, nodes.c.geom))
    in_nodes = select(nodes.c.id).where(here).correlate(wards)
    in_offices = select(offices.c.id).where(offices.c.ward == wards.c.code).correlate(wards)
    standing = or_(equipment.c.node.in_(in_nodes), equipment.c.office.in_(in_offices))
    corners = [
        made(func.Box3D(wards.c.geom)).label(name)
        for name, made in (
            ("west", func.ST_XMin), ("south", func.ST_YMin),
            ("east", func.ST_XMax), ("north", func.ST_YMax),
        )
    ]
    return select(
        wards.c.code,
        wards.c.name,
        select(func.count()).select_from(nodes).where(here).scalar_subquery().label("nodes"),
        select(func.count()).select_from(offices).where(offices.c.ward == wards.c.code)
        .scalar_subquery().label("offices"),
        select(func.count()).select_from(equipment).where(standing)
        .scalar_subquery().label("equipment"),
        *corners,
    ).order_by(wards.c.name, wards.c.code)


def ward_statement(code: str, audience: Audience) -> Statement:
    """The ward of a code: `code`, `name` and its simplified outline as GeoJSON text."""
    (wards,) = _read(audience, "wards")
    outline = func.ST_SimplifyPreserveTopology(wards.c.geom, OUTLINE_TOLERANCE_DEGREES)
    return select(
        wards.c.code, wards.c.name, func.ST_AsGeoJSON(outline, 5, type_=Text).label("geometry")
    ).where(wards.c.code == code)


def as_of_statement() -> Statement:
    """When any collection was changed last: `as_of`."""
    versions = versions_table(staff=True)
    return select(func.max(versions.c.changed_at).label("as_of"))


def nodes_statement(code: str, audience: Audience) -> Statement:
    """Nodes within the ward, and those that serve its offices."""
    nodes, wards, offices = _read(audience, "network_nodes", "wards", "offices")
    outline = select(wards.c.geom).where(wards.c.code == code).scalar_subquery()
    serving = select(offices.c.served_by).where(offices.c.ward == code)
    return _rows("network_nodes", nodes, audience).where(
        or_(func.ST_Covers(outline, nodes.c.geom), nodes.c.id.in_(serving))
    )


def offices_statement(code: str, audience: Audience) -> Statement:
    """Offices of the ward."""
    (offices,) = _read(audience, "offices")
    return _rows("offices", offices, audience).where(offices.c.ward == code)


def structures_statement(code: str, audience: Audience) -> Statement:
    """Structures within the ward."""
    structures, wards = _read(audience, "structures", "wards")
    outline = select(wards.c.geom).where(wards.c.code == code).scalar_subquery()
    return _rows("structures", structures, audience).where(
        func.ST_Covers(outline, structures.c.geom)
    )


def links_statement(
    code: str, audience: Audience, *, nodes: Sequence[UUID], links: Sequence[UUID]
) -> Statement:
    """Links that touch the ward or its nodes, and the `links` that are named."""
    source, wards = _read(audience, "fibre_links", "wards")
    outline = select(wards.c.geom).where(wards.c.code == code).scalar_subquery()
    ends = _array(nodes)
    return _rows("fibre_links", source, audience).where(
        or_(
            func.ST_Intersects(outline, source.c.geom),
            source.c.start_node == any_(ends),
            source.c.end_node == any_(ends),
            source.c.id == any_(_array(links)),
        )
    )


def equipment_statement(
    audience: Audience, *, nodes: Sequence[UUID], offices: Sequence[UUID]
) -> Statement:
    """What stands at these nodes and in these offices."""
    (source,) = _read(audience, "equipment")
    return _rows("equipment", source, audience).where(
        or_(source.c.node == any_(_array(nodes)), source.c.office == any_(_array(offices)))
    )


def faults_statement(code: str, audience: Audience, about: Sequence[UUID]) -> Statement:
    """Open faults of the ward and of these items."""
    (source,) = _read(audience, "faults")
    ids = _array(about)
    return _rows("faults", source, audience).where(
        source.c.cleared_at.is_(null()),
        or_(source.c.ward == code, *(source.c[n] == any_(ids) for n in _references("faults"))),
    )


def work_statement(audience: Audience, about: Sequence[UUID]) -> Statement:
    """The newest entries of the work log of each of these items."""
    (source,) = _read(audience, "work_log")
    names = _references("work_log")
    ids = _array(about)
    place = func.row_number().over(
        partition_by=func.coalesce(*(source.c[name] for name in names)),
        order_by=(source.c.occurred_at.desc(), source.c.id),
    ).label("place")
    ranked = (
        select(source, place)
        .where(or_(*(source.c[name] == any_(ids) for name in names)))
        .subquery("ranked")
    )
    return _rows("work_log", ranked, audience).where(ranked.c.place <= NEWEST)


def all_statement(id_: str, audience: Audience) -> Statement:
    """Every item of a collection."""
    (source,) = _read(audience, id_)
    return _rows(id_, source, audience)


def row_values(row: Any, names: Sequence[str], collection: Collection) -> list[Any]:
    """A row as a package has it: values as JSON has them, by `id`, fields and `geometry`."""
    values: list[Any] = [str(row["id"])]
    for name in names:
        field = collection.by_name.get(name)
        value = row[name]
        if field is not None and field.type is FieldType.OBJECT and value is not None:
            value = orjson.loads(value)
        values.append(_plain(value))
    if collection.geometry is not None:
        text = row["geometry"]
        values.append(None if text is None else orjson.loads(text)["coordinates"])
    return values


def _rows(id_: str, source: Subquery, audience: Audience) -> Statement:
    collection = REGISTRY[id_]
    columns: list[ColumnElement[Any]] = [source.c.id]
    columns += [source.c[name] for name in fields_taken(collection, audience)]
    if collection.geometry is not None:
        shape: ColumnElement[Any] = source.c.geom
        if id_ == "fibre_links":
            shape = func.ST_Simplify(shape, LINE_TOLERANCE_DEGREES, True)
        columns.append(func.ST_AsGeoJSON(shape, DECIMALS, type_=Text).label("geometry"))
    return select(*columns).order_by(source.c.id)


def _references(id_: str) -> list[str]:
    return [f.name for f in REGISTRY[id_].fields if f.type is FieldType.REFERENCE]


def _read(audience: Audience, *ids: str) -> list[Subquery]:
    return [readable(REGISTRY[id_], audience) for id_ in ids]


def _array(ids: Sequence[UUID]) -> Any:
    return cast(literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True))), ARRAY(UUID_TYPE(as_uuid=True)))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
