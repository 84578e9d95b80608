"""
Random changes of the public collections, for property tests of what triggers keep.

A small world: two networks in different UTM zones, a few places chosen so that
moves stay within a cell of the public grid, cross its edge, or fall into one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from geoalchemy2 import WKTElement
from hypothesis import strategies as st
from sqlalchemy import Connection, CursorResult, Update, delete, insert, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.store.published import (
    PUBLISHED,
    published_collections,
    published_table,
    redacted,
)
from gis_service.store.tables import SCHEMA, table

SLOTS = 3
"""Items of a collection that a sequence of changes can touch."""
EXTENT = {"west": 34.0, "south": -1.2, "east": 36.5, "north": -0.3}
NETWORKS = {1: 32736, 2: 32737}

# Near 34.77 E, 0.68 S in EPSG:32736 the cell runs about 100 m each way; the first
# three lie in one cell, a few metres apart, the others further off.
POINTS = (
    "POINT(34.77010 -0.68010)", "POINT(34.77012 -0.68011)", "POINT(34.77015 -0.68012)",
    "POINT(34.77110 -0.68010)", "POINT(34.78000 -0.69000)", "POINT(34.801234567 -0.701234567)",
)
LINES = (
    "LINESTRING(34.77010 -0.68010, 34.77012 -0.68011)",
    "LINESTRING(34.77010 -0.68010, 34.77015 -0.68012, 34.77011 -0.68010)",
    "LINESTRING(34.77010 -0.68010, 34.77110 -0.68010)",
    "LINESTRING(34.77011 -0.68011, 34.77111 -0.68011)",
    "LINESTRING(34.77010 -0.68010, 34.77110 -0.68010, 34.77010 -0.68010)",
    "LINESTRING(34.77010 -0.68010, 34.77500 -0.68500, 34.80000 -0.70000)",
)
AREAS = (
    "MULTIPOLYGON(((34.75 -0.70, 34.7705 -0.70, 34.7705 -0.66, 34.75 -0.66, 34.75 -0.70)))",
    "MULTIPOLYGON(((34.7705 -0.70, 34.79 -0.70, 34.79 -0.66, 34.7705 -0.66, 34.7705 -0.70)))",
    "MULTIPOLYGON(((34.76 -0.72, 34.85 -0.72, 34.85 -0.65, 34.76 -0.65, 34.76 -0.72)))",
)
NAMES = ("Nyanchwa", "Mwembe Tayari", "Ébène")


def item_id(collection: str, slot: int) -> UUID:
    """The id of an item: the same in every database."""
    return UUID(int=(list(REGISTRY).index(collection) + 1) << 64 | slot)


def network_id(number: int) -> UUID:
    return item_id("networks", 100 + number)


def _shape(wkt: str) -> WKTElement:
    return WKTElement(wkt, srid=4326)


_names = st.sampled_from(NAMES)
_visibility = st.sampled_from(("public", "public", "staff"))
_status = st.sampled_from(("operational", "operational", "planned"))
_network = st.sampled_from(sorted(NETWORKS)).map(network_id)
_number = st.sampled_from((None, 1.0, 2.5))
_point = st.sampled_from(POINTS).map(_shape)
_extra = st.sampled_from((None, {"a": 1}, {"a": 1.0}, {"a": None}))

VALUES: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "wards": {
        "name": _names, "population": st.sampled_from((None, 1, 2)),
        "geom": st.sampled_from(AREAS).map(_shape),
    },
    "roads": {
        "name": _names, "road_class": st.sampled_from((None, "A", "E")),
        "geom": st.sampled_from(LINES).map(_shape),
    },
    "network_nodes": {
        "network_id": _network, "name": _names, "status": _status, "slack_m": _number,
        "infrastructure": st.sampled_from((None, "cabinet", "wifiAccessPoint")),
        "geom": _point,
    },
    "fibre_links": {
        "network_id": _network, "name": st.none() | _names, "status": _status,
        "fibre_length_m": _number, "geom": st.sampled_from(LINES).map(_shape),
        "start_node": st.sampled_from(range(SLOTS)).map(lambda n: item_id("network_nodes", n)),
    },
    "offices": {
        "network_id": _network, "name": _names, "contact": st.none() | _names,
        "office_type": st.sampled_from(("ward", "health")), "geom": _point,
        "connection": st.sampled_from(("connected", "unconnected")),
    },
    "faults": {
        "network_id": _network, "summary": _names, "reporter": st.none() | _names,
        "started_at": st.sampled_from(("2026-01-01T00:00Z", "2026-02-01T00:00Z")),
        "cleared_at": st.sampled_from((None, None, "2026-03-01T00:00Z")),
        "geom": st.none() | _point,
    },
    "networks": {
        "name": _names, "synthetic": st.booleans(),
        "extent": st.just(EXTENT), "metric_srid": st.just(32736),
    },
}
COMMON = {"visibility": _visibility, "extra": _extra}


@dataclass(frozen=True)
class Change:
    """One statement on one collection."""

    verb: str
    collection: str
    slots: tuple[int, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    def run(self, connection: Connection) -> None:
        collection = REGISTRY[self.collection]
        stored = table(collection)
        mine = stored.c.id.in_([item_id(self.collection, n) for n in self.slots])
        if self.verb == "insert":
            rows = [self._row(collection, slot) for slot in self.slots]
            connection.execute(insert(stored).values(rows))
        elif self.verb == "delete":
            connection.execute(delete(stored).where(mine))
        else:
            connection.execute(self._update(collection).where(mine))

    def _row(self, collection: Collection, slot: int) -> dict[str, Any]:
        key = {collection.key: f"{self.collection}-{slot}"}
        ends = {"end_node": item_id("network_nodes", 0)} if collection.id == "fibre_links" else {}
        return {"id": item_id(collection.id, slot)} | key | ends | dict(self.values)

    def _update(self, collection: Collection) -> Update:
        stored = table(collection)
        if self.verb == "rekey":
            return update(stored).values({collection.key: stored.c[collection.key] + "x"})
        if self.verb == "renumber":
            return update(stored).values(id=text("gen_random_uuid()"))
        if self.verb == "nothing":
            return update(stored).values(visibility=stored.c.visibility)
        return update(stored).values(dict(self.values))


@st.composite
def changes(draw: st.DrawFn, collections: tuple[str, ...] = tuple(VALUES)) -> Change:
    """One statement: inserts, updates of few or many columns, changed keys, deletes."""
    collection = draw(st.sampled_from(collections))
    verb = draw(st.sampled_from(
        ("insert", "insert", "update", "update", "update", "delete", "rekey", "renumber", "nothing")
    ))
    slots = draw(st.sets(st.integers(0, SLOTS - 1), min_size=1))
    made = dict(VALUES[collection]) | COMMON
    if verb == "insert":
        values = draw(st.fixed_dictionaries(made))
    elif verb == "update":
        for fixed in ("extent", "metric_srid"):
            made.pop(fixed, None)
        names = draw(st.sets(st.sampled_from(sorted(made)), min_size=1, max_size=3))
        values = {name: draw(made[name]) for name in sorted(names)}
    else:
        values = {}
    return Change(verb, collection, tuple(sorted(slots)), values)


@dataclass(frozen=True)
class Transaction:
    """Statements together; `undone` of them, counted from the end, in a savepoint rolled back."""

    changes: tuple[Change, ...]
    ending: str
    undone: tuple[Change, ...] = ()


def transactions(collections: tuple[str, ...] = tuple(VALUES)) -> st.SearchStrategy[Transaction]:
    some = st.lists(changes(collections), min_size=1, max_size=4).map(tuple)
    none = st.just(())
    return st.builds(
        Transaction, some, st.sampled_from(("commit", "commit", "commit", "rollback")),
        none | none | some,
    )


def beginnings() -> st.SearchStrategy[Transaction]:
    """One transaction that fills every collection, so that what follows finds rows."""
    slots = tuple(range(SLOTS))
    inserts = [
        st.fixed_dictionaries(dict(made) | COMMON).map(
            lambda values, name=name: Change("insert", name, slots, values)
        )
        for name, made in VALUES.items()
    ]
    return st.tuples(*inserts).map(lambda some: Transaction(some, "commit"))


def prepare(connection: Connection) -> None:
    """The two networks that items belong to, and three nodes for links to start at."""
    networks = table(REGISTRY["networks"])
    for number, srid in NETWORKS.items():
        connection.execute(insert(networks).values(
            id=network_id(number), external_id=f"fixed-{number}", name=f"Network {number}",
            extent=EXTENT, metric_srid=srid, synthetic=True,
        ))


def clear(connection: Connection) -> None:
    """Take away everything but the two networks."""
    for name in reversed(tuple(VALUES)):
        stored = table(REGISTRY[name])
        kept = [network_id(number) for number in NETWORKS]
        connection.execute(delete(stored).where(stored.c.id.not_in(kept)))


def run(
    connection: Connection, transaction: Transaction, after_each: Callable[[], None]
) -> bool:
    """
    Run it on a connection without a transaction; whether it was committed.

    `after_each` is called after every statement that succeeded. A statement that
    breaks a rule, at once or at the end, rolls everything back.
    """
    begun = connection.begin()
    try:
        for change in transaction.changes:
            change.run(connection)
            after_each()
        if transaction.undone:
            nested = connection.begin_nested()
            try:
                for change in transaction.undone:
                    change.run(connection)
            except IntegrityError:
                pass
            nested.rollback()
        if transaction.ending == "rollback":
            begun.rollback()
            return False
        begun.commit()
    except IntegrityError:
        begun.rollback()
        return False
    return True


def _texts() -> Iterator[str]:
    for collection in published_collections():
        listed = ", ".join(
            c.name for c in published_table(collection).c
            if c.name not in {"search_text", "tile_geom"}
        )
        rule = redacted(collection, table(collection)).compile(
            dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
            compile_kwargs={"literal_binds": True},
        )
        sources = {
            "private": f"SELECT id, t::text AS row FROM {SCHEMA}.{collection.id} t",
            "public": f"SELECT id, ROW({listed})::text AS row FROM {PUBLISHED}.{collection.id}",
            "wanted": f"SELECT id, ROW({listed})::text AS row FROM ({rule}) wanted",
        }
        for name, source in sources.items():
            yield (
                f"SELECT '{name}' AS kind, '{collection.id}' AS collection, "
                f"coalesce((SELECT string_agg(row, E'\\n' ORDER BY id) FROM ({source}) s), '') "
                "AS content"
            )


CONTENT = " UNION ALL ".join(_texts())


def prepared(connection: Connection, name: str, statement: str) -> CursorResult[Any]:
    """A long statement that is asked again and again: planned once for each connection."""
    plain = connection.execution_options(no_parameters=True)
    if name not in connection.info:
        plain.exec_driver_sql(f"PREPARE {name} AS {statement}")
        connection.info[name] = statement
    return plain.exec_driver_sql(f"EXECUTE {name}")


def content(connection: Connection) -> dict[str, dict[str, str]]:
    """Rows as text by kind (private, public, wanted by the rule) and collection."""
    found: dict[str, dict[str, str]] = {"private": {}, "public": {}, "wanted": {}}
    for kind, collection, rows in prepared(connection, "content", CONTENT):
        found[kind][collection] = rows
    return found


def versions(connection: Connection) -> dict[str, dict[str, int]]:
    """Version of each collection, for the public and for staff."""
    found: dict[str, dict[str, int]] = {}
    for kind, schema in (("public", PUBLISHED), ("private", SCHEMA)):
        statement = text(f"SELECT collection, version FROM {schema}.collection_versions")
        found[kind] = {name: version for name, version in connection.execute(statement)}  # noqa: C416
    return found
