"""
The statements of the audit: history, loads, publications and acts as one list.

History has no index on who or when, which would slow every load. So the list
is read in windows of transactions: the newest thousand that fit the times, then
the thousand before. Within a window each history table is read through its
BRIN index on the transaction's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    UUID,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from gis_service.model.audit import (
    EDITED,
    LOADED,
    OWNER,
    PUBLISHED,
    AuditPage,
    AuditQuery,
    Entry,
    Place,
)
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.store.acts import ACTS
from gis_service.store.history import TRANSACTIONS, history_table
from gis_service.store.internal import LOADS, PEOPLE
from gis_service.store.publication_tables import PUBLICATION_NOTES, PUBLICATIONS

WINDOW = 1_000
"""Transactions of which the changes are summed at a time."""
_T = TRANSACTIONS.c


@dataclass(frozen=True, slots=True)
class _Window:
    """Transactions of a stretch of time; `floor` is None where it goes back to the beginning."""

    floor: datetime | None
    lowest: int
    highest: int


def audit_page(connection: Connection, query: AuditQuery) -> AuditPage:
    """
    The next entries of the list, within one window of transactions.

    There may be fewer than were asked for, even none, and more to come after them.
    """
    window = None if query.item is not None else _window(connection, query)
    listed = _listed(query, window)
    if listed is None:
        return AuditPage((), None)
    rows = connection.execute(listed.limit(query.limit + 1)).mappings().all()
    entries = tuple(Entry(**row) for row in rows[: query.limit])
    if len(rows) > query.limit:
        return AuditPage(entries, Place(entries[-1].at, entries[-1].key))
    if window is not None and window.floor is not None:
        return AuditPage(entries, Place(window.floor, ""))
    return AuditPage(entries, None)


def _window(connection: Connection, query: AuditQuery) -> _Window | None:
    """The newest transactions that the page may be about; None where there are none."""
    if query.kind is not None and query.kind not in (EDITED, LOADED):
        return None
    newest = (
        select(_T.committed_at, _T.transaction_id)
        .where(*_within(_T.committed_at, query))
        .order_by(_T.committed_at.desc())
        .limit(WINDOW)
        .subquery()
    )
    found = connection.execute(
        select(
            func.count(), func.min(newest.c.committed_at),
            func.min(newest.c.transaction_id), func.max(newest.c.transaction_id),
        )
    ).one()
    if not found[0]:
        return None
    return _Window(found[1] if found[0] == WINDOW else None, found[2], found[3])


def _within(at: ColumnElement[Any], query: AuditQuery) -> list[ColumnElement[bool]]:
    """That a time is one of those asked for, as far as a time alone tells."""
    conditions = []
    if query.since is not None:
        conditions.append(at >= query.since)
    if query.until is not None:
        conditions.append(at < query.until)
    if query.before is not None:
        conditions.append(at <= query.before.at)
    return conditions


def _listed(query: AuditQuery, window: _Window | None) -> Select[Any] | None:
    sources = list(_sources(query, window))
    if not sources:
        return None
    every = union_all(*sources).subquery("every")
    person, subject = PEOPLE.alias("person"), PEOPLE.alias("subject")
    conditions = _within(every.c.at, query)
    if window is not None and window.floor is not None:
        conditions.append(every.c.at >= window.floor)
    if query.before is not None:
        place = tuple_(literal(query.before.at), literal(query.before.key, Text))
        conditions.append(tuple_(every.c.at, every.c.key) < place)
    if query.person is not None:
        who = every.c.person_id
        conditions.append(who.is_(None) if query.person == OWNER else who == query.person)
    if query.kind is not None:
        conditions.append(every.c.kind == query.kind)
    return (
        select(*every.c, person.c.name.label("person"), subject.c.name.label("subject"))
        .select_from(
            every.outerjoin(person, person.c.id == every.c.person_id)
            .outerjoin(subject, subject.c.id == every.c.subject_id)
        )
        .where(*conditions)
        .order_by(every.c.at.desc(), every.c.key.desc())
    )


def _sources(query: AuditQuery, window: _Window | None) -> list[Select[Any]]:
    """The lists that may hold what is asked for, of the same columns."""
    found: list[Select[Any]] = []
    if window is not None or query.item is not None:
        found += [
            _changes(collection, query, window)
            for collection in REGISTRY.values()
            if query.collection in (None, collection.id)
        ]
    about_items = query.item is not None or query.collection is not None
    if query.kind in (None, LOADED) and query.item is None:
        found.append(_idle_loads(query))
    if query.kind in (None, PUBLISHED) and not about_items:
        found.append(_publications())
    if query.kind not in (EDITED, LOADED, PUBLISHED) and not about_items:
        found.append(_acts(query))
    return found


def _changes(
    collection: Collection, query: AuditQuery, window: _Window | None
) -> Select[Any]:
    """What each transaction did to a collection; that of a load says from which file."""
    kept = history_table(collection)
    loads = _loads_by_time().subquery()
    count = func.count()
    conditions = _within(_T.committed_at, query)
    if window is not None:
        conditions.append(kept.c.transaction_id.between(window.lowest, window.highest))
        if window.floor is not None:
            conditions.append(_T.committed_at >= window.floor)
    if query.item is not None:
        conditions.append(kept.c.id == query.item)
    joined = kept.join(
        TRANSACTIONS,
        and_(_T.transaction_id == kept.c.transaction_id, _T.began_at == kept.c.began_at),
    ).outerjoin(loads, loads.c.loaded_at == kept.c.began_at)
    told = case(
        (loads.c.id.is_(None), cast(literal("{}"), JSONB)),
        else_=func.jsonb_build_object("load", loads.c.id, "source", loads.c.source),
    )
    return (
        select(
            _T.committed_at.label("at"),
            (literal(f"{collection.id}.") + cast(kept.c.transaction_id, Text)).label("key"),
            case((loads.c.id.is_(None), EDITED), else_=LOADED).label("kind"),
            kept.c.person_id,
            kept.c.request_id,
            literal(collection.id, Text).label("collection"),
            cast(case((count == 1, func.min(cast(kept.c.id, Text)))), UUID).label("item_id"),
            *(
                count.filter(kept.c.operation == operation).label(name)
                for operation, name in (
                    ("insert", "inserted"), ("update", "updated"), ("delete", "deleted")
                )
            ),
            cast(null(), UUID).label("subject_id"),
            told.label("details"),
        )
        .select_from(joined)
        .where(*conditions)
        .group_by(
            _T.committed_at, kept.c.transaction_id, kept.c.person_id, kept.c.request_id,
            loads.c.id, loads.c.source,
        )
    )


def _loads_by_time() -> Select[Any]:
    """A load of each time: loads of one transaction have one time, and so has its history."""
    return (
        select(LOADS.c.loaded_at, LOADS.c.id, LOADS.c.source)
        .ext(distinct_on(LOADS.c.loaded_at))
        .order_by(LOADS.c.loaded_at, LOADS.c.id)
    )


def _idle_loads(query: AuditQuery) -> Select[Any]:
    """Loads that changed nothing, so that history does not tell of them."""
    changed = select(true()).where(_T.began_at == LOADS.c.loaded_at).exists()
    conditions = [~changed]
    if query.collection is not None:
        conditions.append(LOADS.c.collection == query.collection)
    return select(
        LOADS.c.loaded_at.label("at"),
        (literal("load.") + cast(LOADS.c.id, Text)).label("key"),
        literal(LOADED, Text).label("kind"),
        LOADS.c.person_id,
        cast(null(), Text).label("request_id"),
        LOADS.c.collection,
        *_no_items(),
        cast(null(), UUID).label("subject_id"),
        func.jsonb_build_object("load", LOADS.c.id, "source", LOADS.c.source).label("details"),
    ).where(*conditions)


def _publications() -> Select[Any]:
    return select(
        PUBLICATIONS.c.published_at.label("at"),
        (literal("publication.") + cast(PUBLICATIONS.c.number, Text)).label("key"),
        literal(PUBLISHED, Text).label("kind"),
        PUBLICATION_NOTES.c.person_id,
        cast(null(), Text).label("request_id"),
        cast(null(), Text).label("collection"),
        *_no_items(),
        cast(null(), UUID).label("subject_id"),
        func.jsonb_build_object(
            "number", PUBLICATIONS.c.number, "note", PUBLICATION_NOTES.c.note
        ).label("details"),
    ).select_from(
        PUBLICATIONS.join(PUBLICATION_NOTES, PUBLICATION_NOTES.c.number == PUBLICATIONS.c.number)
    )


def _acts(query: AuditQuery) -> Select[Any]:
    listed = select(
        ACTS.c.at,
        (literal("act.") + func.lpad(cast(ACTS.c.seq, Text), 19, "0")).label("key"),
        ACTS.c.kind,
        ACTS.c.person_id,
        ACTS.c.request_id,
        cast(null(), Text).label("collection"),
        *_no_items(),
        ACTS.c.subject_id,
        ACTS.c.details,
    )
    return listed.where(*_within(ACTS.c.at, query))


def _no_items() -> tuple[ColumnElement[Any], ...]:
    return (
        cast(null(), UUID).label("item_id"),
        *(literal(0, BigInteger).label(name) for name in ("inserted", "updated", "deleted")),
    )


def actors() -> Select[Any]:
    """Everyone whose name is known, by name: `id`, `name`."""
    return (
        select(PEOPLE.c.id, PEOPLE.c.name)
        .where(PEOPLE.c.name.is_not(None))
        .order_by(func.lower(PEOPLE.c.name), PEOPLE.c.id)
    )
