"""
Staging and upsert: rows go by COPY into a temporary table, and from there set-wise.

Everything happens in the caller's transaction, so a load arrives whole or not
at all, and a dry run is the same load rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pandas as pd
from psycopg2.errors import LockNotAvailable
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Connection,
    FromClause,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Uuid as UuidType

from gis_service.errors import Conflict
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.reports import RowFault
from gis_service.store.copying import copy_rows, holds_uuids
from gis_service.store.tables import table

LOCK_WAIT_S = 30
ROW = "row_number"
EXTRA = "extra"
VISIBILITY = "visibility"
GONE = "decommissioned"
"""The status of what a load that syncs does not find in its file any more."""
_SAMPLED = 10
"""Of statistics: enough to plan a join, for a tenth of the rows that are looked at by default."""
_DROPPED = 50_000
"""Row numbers in one statement."""
_BY_PARTS: Mapping[str, Any] = {"execution_options": {"yield_per": 5_000}}
_REFERENCE_TYPES = {FieldType.REFERENCE, FieldType.REFERENCES}

@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows of a load by what became of them."""

    inserted: int
    updated: int
    unchanged: int


def lock_for_load(connection: Connection, collection: Collection, network: UUID | None) -> None:
    """
    Keep other loads of the same collection and network waiting until this one ends.

    Raises
    ------
    Conflict
        Another load holds it for longer than anyone likes to wait.
    """
    name = f"load:{collection.id}:{network or ''}"
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'"))
    try:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Conflict(
                f"Another load of {collection.title.en.lower()} has been running for more than "
                f"{LOCK_WAIT_S} seconds. Try again when it has ended; nothing was changed."
            ) from None
        raise


Elsewhere = Mapping[str, Mapping[str, UUID]]
"""Ids of items of other networks by the identifiers that name them, by collection."""


Alike = Callable[[ColumnElement[Any]], ColumnElement[Any]]


class StagedRows:
    """
    The rows of one load in a temporary table, and what is to become of each.

    Parameters
    ----------
    columns
        Fields, `extra` and `geom` where there are any.
    network
        The network that the rows belong to; None for collections without.
    elsewhere
        Items of other networks that the rows may name too.
    alike
        What of `extra` is compared, where two of the same meaning may be written differently.
    beside
        Whether another load is staged in the same transaction.
    """

    def __init__(
        self,
        connection: Connection,
        collection: Collection,
        columns: Iterable[str],
        *,
        network: UUID | None,
        elsewhere: Elsewhere | None = None,
        alike: Alike | None = None,
        beside: bool = False,
    ) -> None:
        self._connection = connection
        self._collection = collection
        self._network = network
        self._elsewhere = elsewhere or {}
        self._alike = alike or (lambda extra: extra)
        self._target = table(collection)
        self._suffix = "_beside" if beside else ""
        self._columns = tuple(str(name) for name in columns)
        fields = (collection.by_name.get(name) for name in self._columns)
        self._references = tuple(
            f for f in fields if f is not None and f.type in _REFERENCE_TYPES
        )
        self._named_by_id: set[str] = set()
        metadata = self._metadata = MetaData()
        self._staged = self._staging_table(metadata)
        self._decided = self._decision_table(metadata)
        metadata.create_all(connection)

    def copy(self, frame: pd.DataFrame, progress: Callable[[int], None] | None = None) -> None:
        """
        Add rows that passed validation.

        Parameters
        ----------
        frame
            Indexed by row number, columns by field; references as the text that names them.
        progress
            Called with the rows of it that are done.
        """
        self._named_by_id |= {f.name for f in self._references if holds_uuids(frame[f.name])}
        copy_rows(
            self._connection, self._staged, frame[list(self._columns)], progress=progress
        )

    def analyze(self) -> None:
        """
        Statistics of what is joined on, once all rows are there.

        Those of geometries would take longer than the load.
        """
        names = (self._collection.key, *(f.name for f in self._references))
        quoted = self._connection.dialect.identifier_preparer.quote
        columns = ", ".join(quoted(name) for name in (ROW, *names))
        self._connection.execute(text(f"SET LOCAL default_statistics_target = {_SAMPLED}"))
        self._connection.execute(text(f"ANALYZE {self._staged.name} ({columns})"))
        self._connection.execute(text("SET LOCAL default_statistics_target TO DEFAULT"))

    def unknown_references(self) -> Iterator[RowFault]:
        """Faults of rows that name an item that is not there."""
        for field in self._references:
            for row, name in self._connection.execute(self._without_target(field), **_BY_PARTS):
                yield RowFault(
                    row, field.name, "unknown-reference", str(name)[:120],
                    f"There is no item {str(name)[:80]!r} among the "
                    f"{REGISTRY[field.references or ''].title.en.lower()}"
                    f"{' of this network' if self._networked(field) else ''}.",
                )

    def __len__(self) -> int:
        return int(self._connection.scalar(select(func.count()).select_from(self._staged)) or 0)

    def count_new(self) -> int:
        """How many rows are not in the database yet."""
        found = select(func.count()).select_from(self._staged).where(self._is_new())
        return int(self._connection.scalar(found) or 0)

    def new_rows(self) -> Iterator[int]:
        """Numbers of the rows that are not in the database yet."""
        number = self._staged.c[ROW]
        found = select(number).where(self._is_new()).order_by(number)
        return iter(self._connection.scalars(found, **_BY_PARTS))

    def _is_new(self) -> ColumnElement[bool]:
        return ~exists().where(self._same_item(self._target)).correlate(self._staged)

    def lacks(self, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether no row has a key."""
        return ~exists().where(self._staged.c[self._collection.key] == key)

    def drop(self, rows: Sequence[int]) -> None:
        """Leave rows out of the load."""
        for begin in range(0, len(rows), _DROPPED):
            some = list(rows[begin : begin + _DROPPED])
            self._connection.execute(
                delete(self._staged).where(self._staged.c[ROW] == func.any(some))
            )

    def drop_all(self) -> None:
        """Leave every row out of the load."""
        self._connection.execute(delete(self._staged))

    def upsert(self) -> Outcome:
        """Insert what is new and update what differs; rows that are equal are not touched."""
        self._decide()
        outcome = self._counted()
        self._write(outcome)
        return outcome

    def decisions(self) -> Iterator[tuple[int, bool, bool]]:
        """Of each row of `upsert`: its number, whether it is new, whether it differs."""
        chosen = select(
            self._decided.c[ROW], self._decided.c.item.is_(None),
            func.coalesce(self._decided.c.differs, text("false")),
        ).order_by(self._decided.c[ROW])
        found = self._connection.execute(chosen, **_BY_PARTS)
        for row, new, differs in found:
            yield int(row), bool(new), bool(differs)

    def close(self) -> None:
        """Make room for the rows of another collection in the same transaction."""
        self._metadata.drop_all(self._connection)

    def absent(self) -> list[str]:
        """Keys of the network's items that are not in the load and not decommissioned yet."""
        key = self._target.c[self._collection.key]
        return list(
            self._connection.scalars(select(key).where(self._is_absent()).order_by(key))
        )

    def decommission(self) -> None:
        """Mark the items of `absent` as decommissioned."""
        version = self._target.c.version + 1
        self._connection.execute(
            update(self._target)
            .values(status=GONE, version=version, updated_at=func.now())
            .where(self._is_absent())
        )

    def marked(self) -> list[tuple[str, str]]:
        """Keys and names of the items that `decommission` has marked in this transaction."""
        key, name = (self._target.c[each] for each in (
            self._collection.key, self._collection.label
        ))
        if "status" not in self._target.c:
            return []
        rows = self._connection.execute(
            select(key, func.coalesce(name, ""))
            .where(
                self._target.c.network_id == self._network,
                self.lacks(key),
                self._target.c.status == GONE,
                self._target.c.updated_at == func.now(),
            )
            .order_by(key)
        )
        return [(str(one), str(other)) for one, other in rows]

    def _is_absent(self) -> ColumnElement[bool]:
        return and_(
            self._target.c.network_id == self._network,
            self.lacks(self._target.c[self._collection.key]),
            self._target.c.status != GONE,
        )

    def _staging_table(self, metadata: MetaData) -> Table:
        columns: list[Column[Any]] = [Column(ROW, Integer, nullable=False)]
        for name in self._columns:
            field = self._collection.by_name.get(name)
            if field is not None and field.type is FieldType.REFERENCE:
                columns.append(Column(name, Text))
            elif field is not None and field.type is FieldType.REFERENCES:
                columns.append(Column(name, ARRAY(Text)))
            else:
                columns.append(Column(name, self._target.c[name].type))
        return Table(
            f"staged_rows{self._suffix}", metadata, *columns,
            prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
        )

    def _decision_table(self, metadata: MetaData) -> Table:
        """Per row: the item that it is, whether it differs, and the ids of what it names."""
        return Table(
            f"decided_rows{self._suffix}", metadata,
            Column(ROW, Integer, primary_key=True),
            Column("item", UuidType(as_uuid=True)),
            Column("differs", Boolean),
            *(Column(f.name, self._target.c[f.name].type) for f in self._references),
            prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
        )

    def _networked(self, field: Field) -> bool:
        return REGISTRY[field.references or ""].networked and self._network is not None

    def _same_item(self, stored: FromClause) -> ColumnElement[bool]:
        key = self._collection.key
        same = stored.c[key] == self._staged.c[key]
        return and_(same, stored.c.network_id == self._network) if self._network else same

    def _without_target(self, field: Field) -> Select[Any]:
        if field.type is FieldType.REFERENCE:
            name: ColumnElement[Any] = self._staged.c[field.name]
            rows: FromClause = self._staged
        else:
            each = _unnested(self._staged.c[field.name], "value")
            rows = self._staged.join(each, true())
            name = each.c.value
        known = self._keys_of(field)
        return (
            select(self._staged.c[ROW], name)
            .select_from(rows)
            .where(name.is_not(None), ~exists().where(known.c.name == name))
            .order_by(self._staged.c[ROW])
        )

    def _keys_of(self, field: Field) -> Any:
        """Every text that names an item which the field may name, and the item's id."""
        collection = REGISTRY[field.references or ""]
        stored = table(collection)
        mine = (
            stored.c.network_id == self._network if self._networked(field) else true()
        )
        by_key = select(stored.c[collection.key].label("name"), stored.c.id).where(mine)
        if others := self._elsewhere.get(collection.id):
            listed = func.unnest(
                literal(list(others), ARRAY(Text)),
                literal(list(others.values()), ARRAY(UuidType(as_uuid=True))),
            ).table_valued("name", "id").render_derived("others")
            return by_key.union_all(select(listed)).subquery(f"{field.name}_names")
        if field.name not in self._named_by_id:
            return by_key.subquery(f"{field.name}_names")
        other = stored.alias()
        same_text = other.c[collection.key] == cast(stored.c.id, Text)
        if self._networked(field):
            same_text = and_(same_text, other.c.network_id == self._network)
        by_id = select(cast(stored.c.id, Text), stored.c.id).where(
            mine, ~exists().where(same_text)
        )
        return by_key.union_all(by_id).subquery(f"{field.name}_names")

    def _decide(self) -> None:
        staged, target = self._staged, self._target
        resolved: dict[str, ColumnElement[Any]] = {}
        rows: FromClause = staged
        for field in self._references:
            names = self._keys_of(field)
            if field.type is FieldType.REFERENCE:
                rows = rows.outerjoin(names, names.c.name == staged.c[field.name])
                resolved[field.name] = names.c.id
            else:
                resolved[field.name] = self._resolved_list(field, names)
        rows = rows.outerjoin(target, self._same_item(target))
        differs = and_(target.c.id.is_not(None), self._differs(resolved))
        self._connection.execute(
            insert(self._decided).from_select(
                [ROW, "item", "differs", *resolved],
                select(staged.c[ROW], target.c.id, differs, *resolved.values()).select_from(rows),
            )
        )
        self._connection.execute(text(f"ANALYZE {self._decided.name}"))

    def _counted(self) -> Outcome:
        counts = self._connection.execute(
            select(
                func.count().filter(self._decided.c.item.is_(None)),
                func.count().filter(self._decided.c.differs),
                func.count(),
            )
        ).one()
        inserted, updated, staged = (int(n) for n in counts)
        return Outcome(inserted, updated, staged - inserted - updated)

    def _write(self, outcome: Outcome) -> None:
        if outcome.inserted:
            self._connection.execute(self._insertion())
        if outcome.updated:
            self._connection.execute(self._update())

    def _resolved_list(self, field: Field, names: Any) -> ColumnElement[Any]:
        """Ids in the order of their names; NULL for NULL."""
        listed = self._staged.c[field.name]
        each = _unnested(listed, "value", with_ordinality="place")
        ids = (
            select(func.array_agg(aggregate_order_by(names.c.id, each.c.place)))
            .select_from(each.join(names, names.c.name == each.c.value))
            .scalar_subquery()
        )
        return case((listed.is_not(None), ids), else_=null())

    def _differs(self, resolved: dict[str, ColumnElement[Any]]) -> ColumnElement[bool]:
        stored: list[ColumnElement[Any]] = []
        staged: list[ColumnElement[Any]] = []
        for name in self._columns:
            if name in {self._collection.key, EXTRA}:
                continue
            stored.append(self._target.c[name])
            value = resolved.get(name, self._staged.c[name])
            staged.append(self._kept_if_empty(name, value))
        if EXTRA in self._columns:
            stored.append(self._alike(self._target.c[EXTRA]))
            staged.append(self._alike(self._merged_extra()))
        if not stored:
            return literal(False)
        return tuple_(*stored).is_distinct_from(tuple_(*staged))

    def _merged_extra(self) -> ColumnElement[Any]:
        """What the item had and the file is silent about stays."""
        before = func.coalesce(self._target.c[EXTRA], literal({}, JSONB))
        return before.op("||", return_type=JSONB())(self._staged.c[EXTRA])

    def _kept_if_empty(self, name: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """An empty cell does not say who may see a row, so that stays as it was."""
        return func.coalesce(value, self._target.c[name]) if name == VISIBILITY else value

    def _value(self, name: str) -> ColumnElement[Any]:
        is_reference = any(f.name == name for f in self._references)
        return (self._decided if is_reference else self._staged).c[name]

    def _insertion(self) -> Any:
        network = {"network_id": literal(self._network)} if self._network else {}
        values = {name: self._value(name) for name in self._columns} | network
        if VISIBILITY in values:
            values[VISIBILITY] = func.coalesce(values[VISIBILITY], "public")
        return insert(self._target).from_select(
            list(values),
            select(*values.values())
            .join_from(self._staged, self._decided, self._staged.c[ROW] == self._decided.c[ROW])
            .where(self._decided.c.item.is_(None))
            .order_by(self._staged.c[ROW]),
        )

    def _update(self) -> Any:
        values = {
            name: self._kept_if_empty(name, self._value(name))
            for name in self._columns
            if name != self._collection.key
        }
        if EXTRA in values:
            values[EXTRA] = self._merged_extra()
        return (
            update(self._target)
            .values(values | {"version": self._target.c.version + 1, "updated_at": func.now()})
            .where(
                self._target.c.id == self._decided.c.item,
                self._decided.c.differs,
                self._staged.c[ROW] == self._decided.c[ROW],
            )
        )


def _unnested(listed: ColumnElement[Any], *names: str, **options: str) -> Any:
    """The elements of an array as rows."""
    return func.unnest(listed).table_valued(*names, **options).alias("each").render_derived()
