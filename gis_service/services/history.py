"""History's questions: what happened to an item, how things stood, what changed between."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gis_service.errors import InvalidInput, InvalidParameter, NotFound
from gis_service.model.audience import NETWORK
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.history import (
    Difference,
    FieldChange,
    ItemDifference,
    ItemHistory,
    ShapeChange,
    Version,
)
from gis_service.store import history
from gis_service.store.database import Database
from gis_service.store.internal import PEOPLE

NAIROBI = timezone(timedelta(hours=3), "EAT")
"""Kenya's time, the same all year."""
ERASED = "erased"
_NOT_SHOWN = {*history.OWN, "id", "geom", "version", "updated_at", "committed_at", "size",
              "moved_m"}
_UNITS = {GeometryType.LINE_STRING: "m", GeometryType.MULTI_POLYGON: "m²"}


def parse_time(text: str, *, now: datetime | None = None) -> datetime:
    """
    A time such as 2026-03-01T12:00, in Kenya's time where it names no zone; a day is its start.

    Raises
    ------
    InvalidParameter
        It is no time, or lies in the future.
    """
    try:
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=NAIROBI)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidParameter("time", text, "write it like 2026-03-01T12:00") from None
    if at > (now or datetime.now(UTC)):
        raise InvalidParameter("time", text, "it lies in the future")
    return at


def item_history(database: Database, collection_id: str, item: str) -> ItemHistory:
    """
    What happened to one item, also to one that is deleted.

    Parameters
    ----------
    item
        Its id, or the identifier that it has or had in files.

    Raises
    ------
    UnknownCollection, NotFound
        There is no such collection; there never was such an item.
    InvalidInput
        Several items had that identifier.
    """
    collection = REGISTRY[collection_id]
    with database.begin() as connection:
        id_ = _find(connection, collection, item)
        return history_of(connection, collection, id_, with_names=True)


def history_of(
    connection: Connection, collection: Collection, id_: UUID, *, with_names: bool
) -> ItemHistory:
    """
    What happened to the item with an id.

    Parameters
    ----------
    with_names
        Whether people are named beside their ids, which only some logins may do.

    Raises
    ------
    NotFound
        There never was such an item.
    """
    rows = connection.execute(history.versions_statement(collection, id_)).mappings().all()
    if not rows:
        raise NotFound(f"{collection.id} has no item {id_}, and never had.")
    people = {row["person_id"] for row in rows} if with_names else set()
    names = _names(connection, people) if people else {}
    versions = []
    before: Mapping[Any, Any] | None = None
    for number, row in enumerate(rows, 1):
        deleted = row["operation"] == "delete"
        versions.append(
            Version(
                number=number,
                operation=row["operation"],
                at=row["committed_at"],
                person_id=row["person_id"],
                person=names.get(row["person_id"]),
                request_id=row["request_id"],
                changes=() if deleted else _changes(before, row),
                shape=None if deleted else _shape(collection, before, row, row.get("moved_m")),
            )
        )
        before = None if deleted else row
    return ItemHistory(collection.id, id_, _label(collection, rows[-1]), tuple(versions))


def features_at(
    database: Database, collection_id: str, at: datetime
) -> Generator[tuple[dict[str, Any], str | None], None, None]:
    """Each item of a collection as it stood at a time: its properties and GeoJSON geometry."""
    collection = REGISTRY[collection_id]
    with database.begin() as connection:
        streamed = connection.execution_options(yield_per=500)
        for row in streamed.execute(history.features_as_of(collection, at)).mappings():
            properties = {n: plain(v) for n, v in row.items() if n != "geometry"}
            yield properties, row.get("geometry")


def difference(
    database: Database, collection_id: str, since: datetime, until: datetime
) -> Difference:
    """
    What a collection gained, changed and lost between two times.

    Raises
    ------
    InvalidParameter
        The second time is not after the first.
    """
    with database.begin() as connection:
        return difference_of(connection, REGISTRY[collection_id], since, until)


def difference_of(
    connection: Connection,
    collection: Collection,
    since: datetime,
    until: datetime,
    *,
    after: UUID | None = None,
    limit: int | None = None,
) -> Difference:
    """
    The same, of a collection whose name is known, or a page of it.

    Parameters
    ----------
    after, limit
        Only items whose id comes after this one, and only so many.
    """
    if until <= since:
        raise InvalidParameter("between", until.isoformat(), "the second time must be the later")
    added, changed, removed = [], [], []
    asked = history.difference(collection, since, until, after=after, limit=limit)
    rows = connection.execute(asked).mappings().all()
    for row in rows:
        old, new = _side(row, "old_"), _side(row, "new_")
        if old is None and new is not None:
            added.append(ItemDifference(row["id"], _label(collection, new)))
        elif new is None and old is not None:
            removed.append(ItemDifference(row["id"], _label(collection, old)))
        elif new is not None:
            item = ItemDifference(
                row["id"], _label(collection, new), _changes(old, new),
                _shape(collection, old, new, row.get("moved_m")),
            )
            if item.changes or item.shape:
                changed.append(item)
    return Difference(
        collection.id, since, until, tuple(added), tuple(changed), tuple(removed),
        last_id=rows[-1]["id"] if limit is not None and len(rows) == limit else None,
    )


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def _find(connection: Connection, collection: Collection, item: str) -> UUID:
    found: list[UUID] = list(connection.scalars(history.ids_of_key(collection, item)))
    with contextlib.suppress(ValueError):
        found = found or [UUID(item)]
    if len(found) > 1:
        listed = ", ".join(sorted(str(id_) for id_ in found))
        raise InvalidInput(f"Several {collection.id} had that identifier; name one: {listed}.")
    kept = history.history_table(collection)
    known = found and connection.scalar(select(kept.c.seq).where(kept.c.id == found[0]).limit(1))
    if not known:
        raise NotFound(f"There never was an item {item!r} in {collection.id}.")
    return found[0]


def _names(connection: Connection, ids: set[UUID | None]) -> dict[UUID | None, str]:
    """Names of people by id; a person without a name was erased."""
    wanted = [id_ for id_ in ids if id_ is not None]
    named: dict[UUID | None, str] = dict.fromkeys(wanted, ERASED)
    rows = connection.execute(select(PEOPLE.c.id, PEOPLE.c.name).where(PEOPLE.c.id.in_(wanted)))
    return named | {row.id: row.name for row in rows if row.name is not None}


def _changes(before: Mapping[Any, Any] | None, after: Mapping[Any, Any]) -> tuple[FieldChange, ...]:
    made = []
    for name, new in after.items():
        old = None if before is None else before[name]
        if name not in _NOT_SHOWN and old != new:
            shown = NETWORK.name if name == "network_id" else name
            made.append(FieldChange(shown, plain(old), plain(new)))
    return tuple(made)


def _shape(
    collection: Collection,
    before: Mapping[Any, Any] | None,
    after: Mapping[Any, Any],
    moved_m: float | None,
) -> ShapeChange | None:
    """Figures of a geometry that is new or differs; None where it stayed."""
    if collection.geometry is None:
        return None
    old = None if before is None else before["geom"]
    if old == after["geom"]:
        return None
    return ShapeChange(
        old=None if before is None else before.get("size"),
        new=after.get("size"),
        unit=_UNITS.get(collection.geometry, ""),
        moved_m=None if old is None else moved_m,
    )


def _side(row: Mapping[Any, Any], prefix: str) -> dict[str, Any] | None:
    side = {n.removeprefix(prefix): v for n, v in row.items() if n.startswith(prefix)}
    return None if side["id"] is None else side


def _label(collection: Collection, row: Mapping[Any, Any]) -> str:
    return str(row[collection.label] or row[collection.key])
