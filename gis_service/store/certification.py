"""What devices and inspections want, with the place where each stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.certification import Certifications, CertifiedDevice, OpenInspection, Ward
from gis_service.model.declarations.operations import EQUIPMENT, WORK_LOG
from gis_service.model.declarations.places import OFFICES, WARDS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES
from gis_service.model.plant import Position
from gis_service.store.derived import day_of, today, with_certification
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.tables import table

Statement = Select[*tuple[Any, ...]]

STANDING = ("installed", "inService", "underRepair")
"""Lifecycles of what is there to be certified."""


async def read_certifications(
    moment: Moment, audience: Audience, *, within_days: int
) -> Certifications:
    """
    Every device that is installed with its certification, and the open inspections.

    Parameters
    ----------
    within_days
        See `with_certification`.
    """
    devices = await moment.rows(_devices(audience, within_days=within_days))
    inspections = await moment.rows(_inspections(audience))
    ((day,),) = await moment.rows(select(today()))
    return Certifications(
        today=day,
        within_days=within_days,
        devices=tuple(map(_device, devices)),
        inspections=tuple(map(_inspection, inspections)),
    )


def _devices(audience: Audience, *, within_days: int) -> Statement:
    equipment = table(EQUIPMENT)
    source, values = with_certification(equipment, within_days=within_days)
    nodes = readable(NETWORK_NODES, audience).alias("standing_node")
    offices = readable(OFFICES, audience).alias("standing_office")
    place = func.coalesce(nodes.c.geom, offices.c.geom, type_=NullType())
    ward = _ward_of(place, audience)
    state = values["certification"]
    due_on = case(
        (state == "never", equipment.c.installed_on),
        (state == "failed", values["certified_on"]),
        else_=values["certification_due_on"],
    )
    return (
        select(
            equipment.c.id, equipment.c.asset_tag, equipment.c.category, equipment.c.installed_on,
            state.label("state"), due_on.label("due_on"),
            values["certified_on"].label("certified_on"),
            nodes.c.id.label("node_id"), nodes.c.name.label("node_name"),
            offices.c.id.label("office_id"), offices.c.name.label("office_name"),
            *_position(place), *_named(ward),
        )
        .select_from(
            source.outerjoin(nodes, nodes.c.id == equipment.c.node)
            .outerjoin(offices, offices.c.id == equipment.c.office)
            .outerjoin(ward, true())
        )
        .where(equipment.c.lifecycle.in_(STANDING))
        .order_by(equipment.c.id)
    )


def _device(row: Any) -> CertifiedDevice:
    place = None
    for collection, kind in ((NETWORK_NODES.id, "node"), (OFFICES.id, "office")):
        if place is None and row[f"{kind}_id"] is not None:
            place = (collection, str(row[f"{kind}_id"]), row[f"{kind}_name"])
    return CertifiedDevice(
        id=str(row["id"]),
        asset_tag=row["asset_tag"],
        category=row["category"],
        state=row["state"],
        due_on=row["due_on"],
        certified_on=row["certified_on"],
        installed_on=row["installed_on"],
        place=place,
        ward=_ward(row),
        position=_place(row),
    )


def _inspections(audience: Audience) -> Statement:
    """
    The things with an open inspection.

    Of the inspections and finished repairs of a thing the latest counts. What
    is retired or taken out of use is left out.
    """
    log = readable(WORK_LOG, audience)
    equipment = readable(EQUIPMENT, audience).alias("inspected_device")
    nodes = readable(NETWORK_NODES, audience).alias("inspected_node")
    links = readable(FIBRE_LINKS, audience).alias("inspected_link")
    stands_at = readable(NETWORK_NODES, audience).alias("stands_at")
    stands_in = readable(OFFICES, audience).alias("stands_in")
    asset = func.coalesce(log.c.equipment, log.c.node, log.c.link)
    latest = (
        select(log)
        .ext(distinct_on(asset))
        .where(asset.is_not(None))
        .where(or_(
            log.c.kind == "inspection", (log.c.kind == "repair") & (log.c.result == "done")
        ))
        .order_by(asset, log.c.occurred_at.desc(), log.c.id)
        .subquery("latest_look")
    )
    middle = func.ST_LineInterpolatePoint(links.c.geom, literal_column("0.5"), type_=NullType())
    place = func.coalesce(
        nodes.c.geom, middle, stands_at.c.geom, stands_in.c.geom, type_=NullType()
    )
    ward = _ward_of(place, audience)
    return (
        select(
            latest.c.equipment, latest.c.node, latest.c.link, latest.c.result, latest.c.notes,
            day_of(latest.c.occurred_at).label("inspected_on"),
            func.coalesce(equipment.c.asset_tag, nodes.c.name, links.c.name).label("name"),
            *_position(place), *_named(ward),
        )
        .select_from(
            latest.outerjoin(equipment, equipment.c.id == latest.c.equipment)
            .outerjoin(nodes, nodes.c.id == latest.c.node)
            .outerjoin(links, links.c.id == latest.c.link)
            .outerjoin(stands_at, stands_at.c.id == equipment.c.node)
            .outerjoin(stands_in, stands_in.c.id == equipment.c.office)
            .outerjoin(ward, true())
        )
        .where(latest.c.kind == "inspection", latest.c.result.in_(("failed", "notDone")))
        .where(or_(equipment.c.id.is_(None), equipment.c.lifecycle.in_(STANDING)))
        .where(func.coalesce(nodes.c.status, links.c.status, "").is_distinct_from("decommissioned"))
        .order_by(latest.c.occurred_at, latest.c.id)
    )


def _inspection(row: Any) -> OpenInspection:
    collection, id_ = next(
        (collection, row[kind])
        for collection, kind in (
            (EQUIPMENT.id, "equipment"), (NETWORK_NODES.id, "node"), (FIBRE_LINKS.id, "link")
        )
        if row[kind] is not None
    )
    return OpenInspection(
        collection=collection,
        id=str(id_),
        name=row["name"],
        inspected_on=row["inspected_on"],
        result=row["result"],
        notes=row["notes"],
        ward=_ward(row),
        position=_place(row),
    )


def _ward_of(place: ColumnElement[Any], audience: Audience) -> LateralFromClause:
    """The ward of a place, by the rule of `gis.ward_of`: public ones, the first code."""
    wards = readable(WARDS, audience).alias("around")
    return (
        select(wards.c.id, wards.c.code, wards.c.name)
        .where(wards.c.visibility == "public", func.ST_Intersects(wards.c.geom, place))
        .order_by(wards.c.code)
        .limit(1)
        .lateral("ward_there")
    )


def _named(ward: LateralFromClause) -> list[ColumnElement[Any]]:
    return [ward.c[name].label(f"ward_{name}") for name in ("id", "code", "name")]


def _position(place: ColumnElement[Any]) -> tuple[ColumnElement[float], ColumnElement[float]]:
    return func.ST_X(place).label("lon"), func.ST_Y(place).label("lat")


def _place(row: Any) -> Position | None:
    return None if row["lon"] is None else (row["lon"], row["lat"])


def _ward(row: Any) -> Ward | None:
    if row["ward_id"] is None:
        return None
    return Ward(str(row["ward_id"]), row["ward_code"], row["ward_name"])
