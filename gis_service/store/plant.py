"""What questions about cables read: links, their nodes and structures, their measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    any_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import UUID as UUID_TYPE

from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.audience import Audience
from gis_service.model.declarations.operations import MEASUREMENTS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.loss_budget import LossReading
from gis_service.model.plant import Plant, PlantLink, PlantNode, PlantStructure, Position
from gis_service.store.readable import readable
from gis_service.store.reading import Moment

Statement = Select[*tuple[Any, ...]]

OTDR = "otdr"
NOT_BUILT = ("proposed", "planned")
"""Statuses of what is on paper only."""


async def read_plant(moment: Moment, links: Sequence[UUID], audience: Audience) -> Plant:
    """
    Some links with all that stands along them.

    Structures of other links in the same trench are theirs too.

    Raises
    ------
    NotFound
        There is no link of one of the ids.
    InvalidParameter
        A link is known to hold no fibre.
    """
    rows = {str(row["id"]): row for row in await moment.rows(_links(links, audience))}
    for id_ in map(str, links):
        if id_ not in rows:
            raise NotFound(f"There is no fibre link {id_}.")
        medium = rows[id_]["medium"]
        if medium and "fibre" not in medium:
            raise InvalidParameter("links", id_, f"this link is of {', '.join(medium)}, not fibre")
    ends = {row[end] for row in rows.values() for end in ("start_node", "end_node")}
    trenches = {row["shared_trench"] for row in rows.values() if row["shared_trench"] is not None}
    nodes = await moment.rows(_nodes(ends, audience))
    traced = {row[0]: row[1] for row in await moment.rows(_traced(links, audience))}
    structures = await moment.rows(_structures(links, trenches, audience))
    return Plant(
        {id_: _link(row, structures, traced.get(row["id"])) for id_, row in rows.items()},
        {str(row["id"]): _node(row) for row in nodes},
    )


async def read_readings(
    moment: Moment, links: Sequence[UUID], node: UUID | None, audience: Audience
) -> list[LossReading]:
    """
    Measurements of some links, and of light received at a node.

    Returns
    -------
    list
        The earliest first.
    """
    source = readable(MEASUREMENTS, audience)
    c = source.c
    names = (
        "kind", "fibre", "wavelength_nm", "otdr_distance_m", "loss_db", "power_dbm", "measured_at",
    )
    here = [c.link == _one_of(links)]
    if node is not None:
        here.append((c.node == node) & c.power_dbm.is_not(None))
    statement = (
        select(c.id, c.link, c.node, *(c[name] for name in names))
        .where(or_(*here))
        .order_by(c.measured_at, c.id)
    )
    return [
        LossReading(
            id=str(row["id"]), link=_text(row["link"]), node=_text(row["node"]),
            **{name: row[name] for name in names},
        )
        for row in await moment.rows(statement)
    ]


def _links(ids: Sequence[UUID], audience: Audience) -> Statement:
    c = readable(FIBRE_LINKS, audience).c
    return select(
        c.id, c.name, c.start_node, c.end_node, c.medium, c.shared_trench, c.fibre_length_m,
        c.fibre_type, c.splices, c.connectors, c.network, _wkb(c.geom),
    ).where(c.id == _one_of(ids))


def _nodes(ids: Iterable[UUID], audience: Audience) -> Statement:
    c = readable(NETWORK_NODES, audience).c
    other = readable(FIBRE_LINKS, audience).alias("other").c
    ends = (
        select(func.count())
        .where(or_(other.start_node == c.id, other.end_node == c.id))
        .where(other.status.not_in(NOT_BUILT))
        .scalar_subquery()
    )
    return select(
        c.id, c.external_id, c.name, c.infrastructure, c.slack_m, c.accuracy_m,
        ends.label("cable_ends"), _wkb(c.geom),
    ).where(c.id == _one_of(tuple(ids)))


def _traced(ids: Sequence[UUID], audience: Audience) -> Statement:
    c = readable(MEASUREMENTS, audience).c
    return (
        select(c.link, func.max(c.otdr_distance_m))
        .where(c.link == _one_of(ids), c.kind == OTDR)
        .group_by(c.link)
    )


def _structures(ids: Sequence[UUID], trenches: Iterable[str], audience: Audience) -> Statement:
    c = readable(STRUCTURES, audience).c
    links = readable(FIBRE_LINKS, audience).alias("of").c
    trench = literal(list(trenches), ARRAY(Text))
    return (
        select(
            c.id, c.external_id, c.name, c.structure_type, c.link, c.position_m, c.slack_m,
            c.accuracy_m, links.shared_trench, _wkb(c.geom),
        )
        .join_from(c.id.table, links.id.table, links.id == c.link)
        .where(or_(c.link == _one_of(ids), links.shared_trench == any_(trench)))
        .order_by(c.id)
    )


def _one_of(ids: Sequence[UUID]) -> Any:
    return any_(literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True))))


def _wkb(geom: ColumnElement[Any]) -> ColumnElement[bytes]:
    return func.ST_AsBinary(geom, type_=LargeBinary).label("shape")


def _link(row: Any, structures: Iterable[Any], traced_length_m: float | None) -> PlantLink:
    id_, trench = row["id"], row["shared_trench"]
    return PlantLink(
        id=str(id_),
        name=row["name"],
        start_node=str(row["start_node"]),
        end_node=str(row["end_node"]),
        route=tuple((x, y) for x, y in shapely.from_wkb(row["shape"]).coords),
        fibre_length_m=row["fibre_length_m"],
        traced_length_m=traced_length_m,
        fibre_type=row["fibre_type"],
        splices=row["splices"],
        connectors=row["connectors"],
        structures=tuple(
            _structure(each)
            for each in structures
            if each["link"] == id_ or (trench is not None and each["shared_trench"] == trench)
        ),
        network=str(row["network"]),
    )


def _node(row: Any) -> PlantNode:
    return PlantNode(
        id=str(row["id"]),
        name=row["name"],
        position=_position(row["shape"]),
        infrastructure=row["infrastructure"],
        slack_m=row["slack_m"],
        accuracy_m=row["accuracy_m"],
        cable_ends=max(row["cable_ends"], 1),
        key=row["external_id"],
    )


def _structure(row: Any) -> PlantStructure:
    return PlantStructure(
        id=str(row["id"]),
        structure_type=row["structure_type"],
        position=_position(row["shape"]),
        link=str(row["link"]),
        name=row["name"],
        position_m=row["position_m"],
        slack_m=row["slack_m"],
        accuracy_m=row["accuracy_m"],
        key=row["external_id"],
    )


def _position(wkb: bytes) -> Position:
    point = shapely.from_wkb(wkb)
    return point.x, point.y


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
