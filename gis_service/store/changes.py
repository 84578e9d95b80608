"""
What this process knows of changes: each collection's version, and what changed lately.

A connection of its own listens, because PostgreSQL notifies neither through a
pooler nor from a replica. While it is open, no version known here is older than
the last commit that was heard of; when it breaks, nothing is known until it is
open again and everything was read anew. A database that was restored counts
numbers again that were counted before: then, and whenever something may have
been missed, a new epoch begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    Label,
    Select,
    Table,
    Text,
    and_,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import OID

from gis_service.errors import GisError
from gis_service.store.pools import UNREACHABLE, connect_arguments
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.versions import (
    CHANNEL,
    KEPT_CHANGES,
    changes_table,
    versions_table,
)

HEARTBEAT_S = 5.0
"""
After so long a silence it is asked whether the connection still lives, and whether
the tables were put in the place of others, which nobody notifies.
"""
RETRY_S = 0.5

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees of WGS84."""

log = logging.getLogger("gis_service.changes")


@dataclass(frozen=True, slots=True)
class Version:
    """
    A collection's version for an audience.

    Parameters
    ----------
    stamp
        Names this state of the collection even after the database was restored
        from a copy and counts the same numbers again.
    """

    number: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one version changed; None for items and boxes means: possibly everything."""

    version: int
    items: tuple[UUID, ...] | None
    boxes: tuple[Box, ...] | None


@dataclass(frozen=True, slots=True)
class _Lineage:
    """
    Which table of versions was read.

    Parameters
    ----------
    database, place
        Numbers of the database and of the table's file, new for a new table.
    key
        Number of its primary key; a restore makes it when all tables are filled.
    """

    database: int
    place: int
    key: int


@dataclass(slots=True)
class _Known:
    version: Version
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=KEPT_CHANGES))


class Changes:
    """Versions and latest changes of all collections, for the public and for staff."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader.of_primary()
        self._replicas = reader.replicas
        self._known: dict[tuple[str, bool], _Known] = {}
        self._lineages: dict[bool, _Lineage] = {}
        self._epoch = 0
        self._live = False
        self._heard = asyncio.Event()
        self._reading = asyncio.Lock()
        self._followers: list[Changes] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, reader: Reader, url: URL) -> AsyncIterator[Changes]:
        """
        Listen until the end.

        Parameters
        ----------
        url
            The primary's own address, of any login: the connection that listens
            reads nothing.
        """
        changes = cls(reader)
        task = asyncio.create_task(changes._listen(url))
        try:
            yield changes
        finally:
            await ended(task)

    @asynccontextmanager
    async def followed_by(self, reader: Reader) -> AsyncIterator[Changes]:
        """
        What another reader sees of the same changes, heard of by the same connection.

        Until the next is heard of, it knows nothing.
        """
        follower = Changes(reader)
        self._followers.append(follower)
        self._heard.set()
        try:
            yield follower
        finally:
            self._followers.remove(follower)

    @property
    def is_live(self) -> bool:
        """Whether what is known here is kept fresh."""
        return self._live

    @property
    def epoch(self) -> int:
        """
        Moves when versions may have been counted anew.

        What was read before it moved cannot be compared with later versions,
        and neither may what a reading that began before it found.
        """
        return self._epoch

    def version(self, collection: str, *, staff: bool) -> Version | None:
        """The version now; None when it is not known."""
        known = self._known.get((collection, staff))
        return known.version if self._live and known is not None else None

    def since(self, collection: str, number: int, *, staff: bool) -> tuple[Change, ...] | None:
        """What changed after a version, the oldest first; None when that is not known."""
        known = self._known.get((collection, staff))
        if not self._live or known is None:
            return None
        missed = known.version.number - number
        if missed < 0 or missed > len(known.changes):
            return None
        return tuple(known.changes)[len(known.changes) - missed:]

    def boxes_since(self, collection: str, number: int, *, staff: bool) -> list[Box] | None:
        """Where something changed after a version; None means: possibly everywhere."""
        changes = self.since(collection, number, staff=staff)
        if changes is None or any(change.boxes is None for change in changes):
            return None
        return [box for change in changes for box in change.boxes or ()]

    async def refresh(self) -> None:
        """Read what was committed until now; after it, a change of our own is known."""
        async with self._reading:
            found = {}
            for staff in (False, True):
                login = Login.TECHNICIAN if staff else Login.PUBLIC
                known = {c: k.version.number for (c, s), k in self._known.items() if s is staff}
                found[staff] = await self._reader.rows(_news(known, staff=staff), login)
            if self._replicas is not None:  # before any of it is known
                await self._replicas.stand()
            for staff, rows in found.items():
                self._take(rows, staff)

    def _take(self, rows: Sequence[Any], staff: bool) -> None:
        if any(row["key"] is None for row in rows):  # a restore is not done yet
            rows = ()
        found = _by_collection(rows)
        lineages = {_Lineage(row["database"], row["place"], row["key"]) for row in rows}
        same = lineages == {self._lineages.get(staff)}
        known = {name: k for (name, s), k in self._known.items() if s is staff}
        if known and not (same and all(_continues(k, found.get(n)) for n, k in known.items())):
            self._forget(staff)
        if len(lineages) == 1:
            [self._lineages[staff]] = lineages
        for name, each in found.items():
            self._follow((name, staff), each)

    def _forget(self, staff: bool) -> None:
        """Begin a new epoch, in which nothing of an audience is known yet."""
        self._epoch += 1
        self._known = {key: k for key, k in self._known.items() if key[1] is not staff}

    def _follow(self, key: tuple[str, bool], found: list[Any]) -> None:
        version = version_of(found[0])
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Known(version)
            return
        if known.version == version:
            return
        changes = [_change(row) for row in found if row["changed"] is not None]
        expected = range(known.version.number + 1, version.number + 1)
        if [change.version for change in changes] != list(expected):
            known.changes.clear()
        known.changes.extend(changes)
        known.version = version

    async def _listen(self, url: URL) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    **connect_arguments(url), timeout=5,
                    server_settings={"application_name": "gis-service listener"},
                )
                try:
                    await self._stay(connection)
                finally:
                    for each in (self, *self._followers):
                        each._hear(False)
                    connection.terminate()
            except (*UNREACHABLE, asyncpg.PostgresError, GisError) as error:
                log.warning("changes of the database are not heard at the moment: %r", error)
            await asyncio.sleep(RETRY_S)

    async def _stay(self, connection: asyncpg.Connection) -> None:
        connection.add_termination_listener(lambda _connection: self._heard.set())
        await connection.add_listener(CHANNEL, lambda *_heard: self._heard.set())
        if self._replicas is not None:
            self._replicas.forget()
        for each in (self, *self._followers):
            await each._reader.renew()
            for staff in (False, True):
                each._forget(staff)
        self._heard.set()
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._heard.wait()
            except TimeoutError:
                await connection.fetchval("SELECT 1", timeout=2)
            if connection.is_closed():
                return
            self._heard.clear()
            await self.refresh()
            self._hear(True)
            for each in tuple(self._followers):
                await each._keep_up()

    async def _keep_up(self) -> None:
        """As a follower: what goes wrong here is nobody else's concern."""
        try:
            await self.refresh()
            self._hear(True)
        except (*UNREACHABLE, asyncpg.PostgresError, GisError) as error:
            self._hear(False)
            log.warning("changes within a scope are not read at the moment: %r", error)

    def _hear(self, live: bool) -> None:
        self._live = live
        if self._replicas is not None:
            self._replicas.heard = live


def _news(known: dict[str, int], *, staff: bool) -> Select[Any]:
    """Each collection's version, in a row for each change after the known version."""
    versions, changes = versions_table(staff=staff), changes_table(staff=staff)
    behind = func.unnest(
        literal(list(known), ARRAY(Text)), literal(list(known.values()), ARRAY(BigInteger))
    ).table_valued(
        column("collection", Text), column("version", BigInteger), name="behind"
    ).render_derived()
    joined = versions.outerjoin(
        behind, behind.c.collection == versions.c.collection
    ).outerjoin(
        changes,
        and_(changes.c.collection == behind.c.collection, changes.c.version > behind.c.version),
    )
    return (
        select(
            versions.c.collection,
            versions.c.version,
            versions.c.changed_at,
            *_lineage(versions),
            changes.c.version.label("changed"),
            changes.c["items"],
            changes.c.boxes,
        )
        .select_from(joined)
        .order_by(versions.c.collection, changes.c.version)
    )


def _lineage(versions: Table) -> Iterator[Label[Any]]:
    """Columns that tell one table of versions from another that takes its place."""
    database: Select[Any] = select(column("oid")).select_from(table("pg_database"))
    yield database.where(column("datname") == func.current_database()).scalar_subquery().label(
        "database"
    )
    yield func.pg_relation_filenode(literal_column(f"{versions.fullname}.tableoid")).label("place")
    yield cast(func.to_regclass(f"{versions.fullname}_pkey"), OID).label("key")


def _continues(known: _Known, found: list[Any] | None) -> bool:
    """Whether what is found is the known version or can have come after it."""
    if found is None:
        return False
    version = version_of(found[0])
    return version == known.version or version.number > known.version.number


def version_of(row: Any) -> Version:
    """The version in a row of the table of versions."""
    moment = int(row["changed_at"].timestamp() * 1_000_000)
    return Version(row["version"], f"{row['version']:x}.{moment:x}")


def _by_collection(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["collection"], []).append(row)
    return found


def _change(row: Any) -> Change:
    numbers = row["boxes"]
    return Change(
        version=row["changed"],
        items=None if row["items"] is None else tuple(row["items"]),
        boxes=None if numbers is None else tuple(
            (numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3])
            for i in range(0, len(numbers), 4)
        ),
    )


async def ended(task: asyncio.Task[None]) -> None:
    """End a task that runs for ever; a cancellation may be lost to what ends at the same time."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
