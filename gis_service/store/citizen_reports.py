"""Taking citizens' reports in, telling how they stand, and settling them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Insert,
    Select,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from gis_service.errors import Busy, Conflict, NotFound
from gis_service.model.audience import Audience
from gis_service.model.citizen_reports import (
    Beside,
    Followed,
    Kind,
    NewReport,
    Received,
    ReportState,
)
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Language
from gis_service.model.personal_data import UNSETTLED_DAYS
from gis_service.model.reference_numbers import new_reference
from gis_service.store.plain import storable
from gis_service.store.readable import readable
from gis_service.store.reading import Reader, compiled
from gis_service.store.report_tables import REPORTS
from gis_service.store.roles import Login
from gis_service.store.tables import SRID

SAME_WITHIN = text("interval '10 minutes'")
MOST_WAITING = 5_000
"""So many reports may wait for staff; more would be a flood, and are told to come back."""
NEAR_METRES = 1_500.0
_TRIES = 5
_R = REPORTS.c


async def take_in(reader: Reader, report: NewReport) -> str:
    """
    Keep a report, and give its reference number; one that is sent twice has one.

    Raises
    ------
    Busy
        Too many reports wait for staff.
    """
    fingerprint = _fingerprint(report)
    lock = int.from_bytes(fingerprint[:8], signed=True)
    async with reader.connection(Login.REPORTER) as connection, connection.transaction():
        async def row(statement: Any) -> Any:
            sql, values = compiled(statement)
            return await connection.fetchrow(sql, *values)

        await row(select(func.pg_advisory_xact_lock(lock)))
        known = await row(
            select(_R.reference).where(
                _R.fingerprint == fingerprint, _R.received_at > func.now() - SAME_WITHIN
            ).limit(1)
        )
        if known is not None:
            return str(known["reference"])
        waiting = await row(
            select(func.count()).select_from(
                select(_R.reference).where(*_is(ReportState.RECEIVED))
                .limit(MOST_WAITING).subquery()
            )
        )
        if waiting[0] >= MOST_WAITING:
            raise Busy
        for _ in range(_TRIES):
            made = await row(_insertion(new_reference(), report, fingerprint))
            if made is not None:
                return str(made["reference"])
    raise Busy


def _insertion(reference: str, report: NewReport, fingerprint: bytes) -> Insert:
    lon, lat = report.position or (None, None)
    return (
        insert(REPORTS)
        .values(
            reference=reference, kind=report.kind.value, description=storable(report.description),
            place=storable(report.place), ward=report.ward, lon=lon, lat=lat,
            uncertainty_m=report.uncertainty_m, contact=storable(report.contact),
            language=report.language, fingerprint=fingerprint,
        )
        .on_conflict_do_nothing(index_elements=[_R.reference])
        .returning(_R.reference)
    )


def _fingerprint(report: NewReport) -> bytes:
    told = [
        report.kind.value, report.description, report.place, report.ward, report.position,
        report.contact,
    ]
    return hashlib.sha256(orjson.dumps(storable(told))).digest()


async def follow(reader: Reader, references: Sequence[str]) -> tuple[Followed, ...]:
    """How reports stand, in the order in which they came; unknown numbers are left out."""
    rows = await reader.rows(
        _told().where(_R.reference.in_(list(references))).order_by(_R.received_at, _R.reference),
        Login.REPORTER,
    )
    return tuple(_followed(row) for row in rows)


async def accepted(
    reader: Reader,
    *,
    state: ReportState | None,
    kind: Kind | None,
    since: datetime | None,
    until: datetime | None,
    most: int,
) -> tuple[Followed, ...]:
    """The newest reports that staff have accepted: that there are others is nobody's concern."""
    statement = _told().where(_R.accepted_at.is_not(None))
    if state is not None:
        statement = statement.where(*_is(state))
    if kind is not None:
        statement = statement.where(_R.kind == kind.value)
    if since is not None:
        statement = statement.where(_R.received_at >= since)
    if until is not None:
        statement = statement.where(_R.received_at <= until)
    rows = await reader.rows(
        statement.order_by(_R.received_at.desc(), _R.reference).limit(most), Login.REPORTER
    )
    return tuple(_followed(row) for row in rows)


async def received(
    reader: Reader, audience: Audience, *, state: ReportState, most: int
) -> tuple[tuple[Received, ...], dict[ReportState, int]]:
    """The reports in a state, those that wait longest first, and how many are in each state."""
    latest = func.coalesce(_R.refused_at, _R.mended_at, _R.accepted_at)
    order = _R.received_at if state is ReportState.RECEIVED else latest.desc()
    counts: Any = select(
        *(func.count().filter(and_(*_is(each))).label(each.value) for each in ReportState)
    )
    async with reader.moment(Login.of(audience)) as moment:
        rows = await moment.rows(
            select(REPORTS).where(*_is(state)).order_by(order, _R.reference).limit(most)
        )
        (counted,) = await moment.rows(counts)
    return (
        tuple(_received(row) for row in rows),
        {each: int(counted[each.value]) for each in ReportState},
    )


async def one_received(reader: Reader, audience: Audience, reference: str) -> Received | None:
    """A report with all that it says; None when there is none."""
    row = await reader.row(
        select(REPORTS).where(_R.reference == reference), Login.of(audience)
    )
    return None if row is None else _received(row)


async def beside(
    reader: Reader, audience: Audience, report: NewReport, *, each: int = 6
) -> tuple[Beside, ...]:
    """Open faults, offices, nodes and links near a report: by its place, else in its ward."""
    found: list[Beside] = []
    async with reader.moment(Login.of(audience)) as moment:
        for name in ("faults", "offices", "network_nodes", "fibre_links"):
            if (statement := _near(name, audience, report)) is not None:
                rows = await moment.rows(statement.limit(each if report.position else 40))
                found += [
                    Beside(name, str(row["id"]), str(row["name"]), row["distance_m"])
                    for row in rows
                ]
    return tuple(found)


def _near(name: str, audience: Audience, report: NewReport) -> Select[Any] | None:
    collection = REGISTRY[name]
    source = readable(collection, audience)
    label = source.c[collection.label]
    columns: list[ColumnElement[Any]] = [source.c.id, label.label("name")]
    conditions = [source.c.cleared_at.is_(None)] if name == "faults" else []
    if report.position is not None:
        place = func.ST_SetSRID(func.ST_MakePoint(*report.position), SRID)
        distance = func.ST_DistanceSphere(source.c.geom, place)
        return (
            select(*columns, distance.label("distance_m"))
            .where(*conditions, distance <= NEAR_METRES)
            .order_by(distance, source.c.id)
        )
    if report.ward is None or "ward" not in source.c:
        return None
    return (
        select(*columns, cast(literal(None), Double).label("distance_m"))
        .where(*conditions, source.c.ward == report.ward)
        .order_by(label, source.c.id)
    )


def ward_point(code: str) -> Select[Any]:
    """`lon`, `lat` of a place inside a ward, and metres from there to its farthest corner."""
    wards = readable(REGISTRY["wards"], Audience.PLANNER)
    at = func.ST_PointOnSurface(wards.c.geom)
    inside = select(wards.c.geom, at.label("at")).where(wards.c.code == code).subquery()
    corners = func.ST_DumpPoints(inside.c.geom).table_valued("path", "geom").lateral("corners")
    farthest = func.max(func.ST_DistanceSphere(inside.c.at, corners.c.geom))
    return select(
        func.ST_X(inside.c.at).label("lon"), func.ST_Y(inside.c.at).label("lat"),
        farthest.label("radius_m"),
    ).select_from(inside.join(corners, literal(True))).group_by(inside.c.at)


def settle(
    connection: Connection,
    reference: str,
    state: ReportState,
    *,
    person_id: str | None,
    answer: str | None = None,
    fault_id: UUID | None = None,
) -> None:
    """
    Accept or refuse a report that waits.

    Raises
    ------
    Conflict
        It does not wait any more.
    NotFound
        There is none.
    """
    values: dict[str, Any] = {
        "answer": storable(answer), "settled_by": None if person_id is None else UUID(person_id),
    }
    name = "accepted_at" if state is ReportState.ACCEPTED else "refused_at"
    values |= {name: func.now(), "fault_id": fault_id}
    changed = connection.execute(
        update(REPORTS)
        .where(_R.reference == reference, *_is(ReportState.RECEIVED))
        .values(values)
    )
    if not changed.rowcount:
        if connection.scalar(select(_R.reference).where(_R.reference == reference)) is None:
            raise NotFound(f"There is no report {reference}.")
        raise Conflict("Somebody has settled this report meanwhile; nothing was changed.")


def forget_old_contacts(connection: Connection, *, after_days: int) -> int:
    """Take the contacts of settled reports away, and very old ones; gives how many."""
    return connection.execute(
        update(REPORTS).where(outdated_contact(after_days)).values(contact=None)
    ).rowcount


def overdue_contacts(after_days: int) -> Select[Any]:
    """How many contacts should have been taken away by yesterday."""
    return select(func.count()).select_from(REPORTS).where(outdated_contact(after_days + 1))


def outdated_contact(after_days: int) -> ColumnElement[bool]:
    """Whether a report's contact has been kept for too long."""
    settled = func.coalesce(_R.refused_at, _R.mended_at)

    def ago(days: int) -> ColumnElement[Any]:
        return func.now() - func.make_interval(0, 0, 0, days)

    return and_(
        _R.contact.is_not(None),
        or_(settled < ago(after_days), _R.received_at < ago(UNSETTLED_DAYS)),
    )


def forget_contact(connection: Connection, reference: str) -> None:
    """Take a report's contact away at once."""
    connection.execute(update(REPORTS).where(_R.reference == reference).values(contact=None))


def _told() -> Select[Any]:
    return select(
        _R.reference, _R.kind, _R.received_at, _R.accepted_at, _R.refused_at, _R.mended_at,
        _R.answer,
    )


def _is(state: ReportState) -> tuple[ColumnElement[bool], ...]:
    """As `Followed.state` decides."""
    return {
        ReportState.RECEIVED: (_R.accepted_at.is_(None), _R.refused_at.is_(None)),
        ReportState.ACCEPTED: (_R.accepted_at.is_not(None), _R.mended_at.is_(None)),
        ReportState.MENDED: (_R.accepted_at.is_not(None), _R.mended_at.is_not(None)),
        ReportState.REFUSED: (_R.refused_at.is_not(None),),
    }[state]


def _followed(row: Any) -> Followed:
    return Followed(
        row["reference"], Kind(row["kind"]), row["received_at"], row["accepted_at"],
        row["refused_at"], row["mended_at"], row["answer"],
    )


def _received(row: Any) -> Received:
    language: Language = "sw" if row["language"] == "sw" else "en"
    position = None if row["lon"] is None else (row["lon"], row["lat"])
    report = NewReport(
        Kind(row["kind"]), row["description"], row["place"], row["ward"], position,
        row["uncertainty_m"], row["contact"], language,
    )
    fault = row["fault_id"]
    return Received(_followed(row), report, None if fault is None else str(fault))
