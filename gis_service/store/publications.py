"""What the public sees, compared with what it saw when somebody last published."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Select,
    Subquery,
    Text,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from gis_service.model.field_operations import OperationKind, Outcome
from gis_service.model.fields import Collection
from gis_service.model.publications import CollectionChanges, Moved, Publication, Row
from gis_service.store.edits import TryAgain
from gis_service.store.internal import OPERATIONS
from gis_service.store.plain import storable
from gis_service.store.publication_tables import PUBLICATION_NOTES, PUBLICATIONS, PUBLISHED_ROWS
from gis_service.store.published import published_collections, published_table
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login
from gis_service.store.tables import table
from gis_service.store.versions import PUBLIC_VERSIONS
from gis_service.store.walked_routes import PROPOSED

MOST_ROWS = 100
_LOCK = func.hashtext("gis-service publications")


async def latest(reader: Reader, login: Login) -> Publication | None:
    """The last publication, and whether the public sees anything else by now."""
    last = (
        select(PUBLICATIONS).order_by(PUBLICATIONS.c.number.desc()).limit(1).subquery("last")
    )
    row = await reader.row(select(last, _versions().label("now")), login)
    if row is None:
        return None
    return Publication(row["number"], row["published_at"], row["versions"] != row["now"])


def _versions() -> Any:
    """The version of each public collection, as one JSON object."""
    versions = PUBLIC_VERSIONS.c
    return select(
        func.jsonb_object_agg(versions.collection, versions.version)
    ).scalar_subquery()


async def changes(moment: Moment) -> tuple[CollectionChanges, ...]:
    """What has changed since the last publication, by collection."""
    found = []
    for collection in published_collections():
        moved = _moved(collection).subquery("moved")
        rows = await moment.rows(
            select(moved).order_by(moved.c.moved, moved.c.name, moved.c.id).limit(MOST_ROWS)
        )
        counted = await moment.rows(
            select(moved.c.moved, func.count().label("count")).group_by(moved.c.moved)
        )
        ((shown,),) = await moment.rows(
            select(func.count()).select_from(published_table(collection))
        )
        counts = {each["moved"]: int(each["count"]) for each in counted}
        found.append(CollectionChanges(
            collection.id, int(shown), {each: counts.get(each.value, 0) for each in Moved},
            tuple(_row(collection, each) for each in rows),
        ))
    return tuple(found)


def _moved(collection: Collection) -> Select[Any]:
    """`id`, `moved`, `name` and `visibility` of rows that differ from those of the publication."""
    now = _now(collection).subquery("now")
    was = (
        select(PUBLISHED_ROWS.c.id, PUBLISHED_ROWS.c.digest)
        .where(PUBLISHED_ROWS.c.collection == collection.id)
        .subquery("was")
    )
    stored = table(collection)
    id_ = func.coalesce(now.c.id, was.c.id)
    moved = case(
        (was.c.id.is_(None), Moved.ADDED.value),
        (now.c.id.is_(None), Moved.WITHDRAWN.value),
        else_=Moved.CHANGED.value,
    )
    return (
        select(
            id_.label("id"), moved.label("moved"), stored.c[collection.label].label("name"),
            stored.c.visibility,
        )
        .select_from(
            now.join(was, now.c.id == was.c.id, full=True).outerjoin(stored, stored.c.id == id_)
        )
        .where(or_(was.c.id.is_(None), now.c.id.is_(None), now.c.digest != was.c.digest))
    )


def _now(collection: Collection) -> Select[Any]:
    """`id` and a digest of each row that the public sees."""
    shown = published_table(collection).alias("shown")
    whole = cast(literal_column("shown"), Text)
    digest: Any = func.sha256(func.convert_to(whole, "UTF8"))
    return select(shown.c.id, digest.label("digest"))


def withheld() -> Select[Any]:
    """
    Rows of public collections that only staff see, whatever else the public's rule says.

    Proposals are left out: to accept one is to decide about it.
    `added_at` is when a row came from the field; those stand first, the newest on top.
    """
    added_at = _added_at()
    rows = union_all(*(
        _named(collection).where(table(collection).c.visibility == "staff", *_decided(collection))
        for collection in published_collections()
    )).subquery("rows")
    return (
        select(rows, added_at.c.at.label("added_at"))
        .outerjoin(added_at, cast(rows.c.id, Text) == added_at.c.id)
        .order_by(added_at.c.at.desc().nulls_last(), rows.c.collection, rows.c.name, rows.c.id)
        .limit(MOST_ROWS)
    )


def _decided(collection: Collection) -> list[Any]:
    if "status" not in collection.by_name:
        return []
    return [table(collection).c.status.is_distinct_from(PROPOSED)]


def _added_at() -> Subquery:
    """`id` and `at` of items that were added in the field; walked routes wait elsewhere."""
    item = OPERATIONS.c.answer["item"]["id"].astext
    return (
        select(item.label("id"), func.min(OPERATIONS.c.received_at).label("at"))
        .where(
            OPERATIONS.c.content["kind"].astext == OperationKind.CREATE.value,
            OPERATIONS.c.outcome == Outcome.APPLIED.value,
        )
        .group_by(item)
        .subquery("added")
    )


def named_like(collection: Collection, words: str) -> Select[Any]:
    """Rows whose name or identifier holds some words."""
    stored = table(collection)
    label, key = stored.c[collection.label], stored.c[collection.key]
    return _named(collection).where(
        or_(label.icontains(words, autoescape=True), key.icontains(words, autoescape=True))
    ).order_by(label, stored.c.id).limit(MOST_ROWS)


def _named(collection: Collection) -> Select[Any]:
    stored = table(collection)
    name = cast(stored.c[collection.label], Text)
    return select(
        literal(collection.id).label("collection"), stored.c.id, name.label("name"),
        stored.c.visibility,
    )


def row_of(row: Any) -> Row:
    """A row of `withheld` or `named_like`."""
    return Row(
        row["collection"], str(row["id"]), row["name"] or str(row["id"]), row["visibility"],
        added_at=row.get("added_at"),
    )


def _row(collection: Collection, row: Any) -> Row:
    return Row(
        collection.id, str(row["id"]), row["name"] or str(row["id"]), row["visibility"],
        Moved(row["moved"]),
    )


def publish(connection: Connection, note: str | None, person_id: str | None) -> int:
    """
    Write down what the public sees now; the answer is the publication's number.

    Raises
    ------
    TryAgain
        It changed meanwhile.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    versions = connection.scalar(select(_versions()))
    counts: dict[str, dict[str, int]] = {}
    for collection in published_collections():
        moved = _moved(collection).subquery("moved")
        counting = select(moved.c.moved, func.count()).group_by(moved.c.moved)
        counts[collection.id] = {
            str(name): int(count) for name, count in connection.execute(counting)
        }
        connection.execute(
            delete(PUBLISHED_ROWS).where(PUBLISHED_ROWS.c.collection == collection.id)
        )
        now = _now(collection).subquery("now")
        connection.execute(insert(PUBLISHED_ROWS).from_select(
            ["collection", "id", "digest"],
            select(literal(collection.id), now.c.id, now.c.digest),
        ))
    if connection.scalar(select(_versions())) != versions:
        raise TryAgain
    number = int(connection.scalar(
        select(func.coalesce(func.max(PUBLICATIONS.c.number), 0) + 1)
    ) or 1)
    connection.execute(insert(PUBLICATIONS).values(number=number, versions=versions))
    connection.execute(insert(PUBLICATION_NOTES).values(
        number=number, note=storable(note), counts=counts,
        person_id=None if person_id is None else UUID(person_id),
    ))
    return number
