"""
Answering requests: statements are composed, run under the reader's login, and read-only.

Every question runs under the login of its reader's audience, so that what a
reader may not see is out of reach even of a wrong statement.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import orjson
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import Executable

from gis_service.errors import InvalidInput, Unavailable
from gis_service.store.pools import UNREACHABLE, WRITING, Pools, PoolSettings
from gis_service.store.replicas import ASKING, ELSEWHERE, STAND, Replica, Replicas
from gis_service.store.roles import Login

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


class ReplicaFailed(Unavailable):
    """A replica was asked and could not answer; the primary can."""

    def __init__(self) -> None:
        super().__init__("The database does not answer at the moment.")


class Moment:
    """A connection inside a transaction that sees the database as it was when it began."""

    def __init__(self, connection: Any, *, pooled: bool = False) -> None:
        self._connection = connection
        self._pooled = pooled

    async def rows(self, statement: Executable) -> list[Any]:
        """All rows of a statement."""
        sql, values = compiled(statement)
        return list(await self._connection.fetch(sql, *values))

    async def portions(self, statement: Executable, size: int) -> AsyncIterator[list[Any]]:
        """The rows of a statement, so many at a time."""
        sql, values = compiled(statement)
        if self._pooled:  # where nothing prepared may be left behind
            await self._connection.execute(f"DECLARE portions CURSOR FOR {sql}", *values)
            while rows := await self._connection.fetch(f"FETCH {size} FROM portions"):
                yield rows
            await self._connection.execute("CLOSE portions")
            return
        cursor = await self._connection.cursor(sql, *values)
        while rows := await cursor.fetch(size):
            yield rows


class Prepared:
    """A statement that is compiled once, which takes milliseconds, and run with many values."""

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(  # type: ignore[attr-defined]
            dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
        )
        self.sql = str(compiled)
        self._defaults: dict[str, Any] = dict(compiled.params)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values by name in the order of the statement, where absent those it came with."""
        return [values.get(name, self._defaults[name]) for name in self._names]


class Reader:
    """
    Runs composed statements and returns their rows.

    Parameters
    ----------
    primary
        The server that knows all.
    replicas
        Others that requests which only read are led to; None for none.
    """

    def __init__(self, primary: Pools, replicas: Replicas | None = None) -> None:
        self._primary = primary
        self.replicas = replicas

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        urls: Mapping[Login, URL],
        *,
        pool_size: int,
        max_waiting: int = 200,
        statement_timeout_s: float,
        pooled: bool = False,
        replicas: Sequence[Mapping[Login, URL]] = (),
        replica_lag_s: float = 5.0,
    ) -> AsyncIterator[Reader]:
        """
        A reader with the logins of `urls`; its connections close at the end.

        Parameters
        ----------
        pool_size, max_waiting, statement_timeout_s, pooled
            As in `PoolSettings`; a pooler stands before the primary only.
        replicas
            Where each replica is, by login.
        replica_lag_s
            Seconds behind the primary beyond which a replica is left out.
        """
        settings = PoolSettings(pool_size, max_waiting, statement_timeout_s, pooled)
        primary = Pools(urls, settings)
        await primary.open()
        try:
            reader = cls(primary)
            if not replicas:
                yield reader
                return
            direct = replace(settings, pooled=False)
            async with Replicas.open(
                replicas, reader._stands, direct, lag_s=replica_lag_s
            ) as found:
                yield cls(primary, found)
        finally:
            await primary.close()

    @property
    def inside(self) -> Mapping[Login, int]:
        """Questions of each login that the primary is asked or that wait for it now."""
        return self._primary.inside

    def of_primary(self) -> Reader:
        """The same for what no replica is asked."""
        return Reader(self._primary)

    async def renew(self) -> None:
        """Open every connection anew before its next use: the address may lead elsewhere now."""
        await self._primary.renew()

    async def rows(self, statement: Executable, login: Login) -> list[Any]:
        """
        All rows of a statement, run under a login.

        Raises
        ------
        Unavailable
            The database does not answer, or not in time.
        InvalidInput
            The database refuses a value that passed our own checks.
        """
        return await self._fetch(*compiled(statement), login)

    async def row(self, statement: Executable, login: Login) -> Any | None:
        """The first row of a statement, or None."""
        rows = await self.rows(statement, login)
        return rows[0] if rows else None

    async def prepared_rows(
        self, statement: Prepared, values: Mapping[str, Any], login: Login
    ) -> list[Any]:
        """All rows of a statement that was compiled before."""
        return await self._fetch(statement.sql, statement.arguments(values), login)

    async def prepared_row(
        self, statement: Prepared, values: Mapping[str, Any], login: Login
    ) -> Any | None:
        """The first row of a statement that was compiled before, or None."""
        rows = await self.prepared_rows(statement, values, login)
        return rows[0] if rows else None

    async def planned_rows(self, statement: Executable, login: Login) -> int:
        """How many rows PostgreSQL expects of a statement, which is not run."""
        sql, values = compiled(statement)
        rows = await self._fetch(f"EXPLAIN (FORMAT JSON) {sql}", values, login)
        planned: int = orjson.loads(rows[0][0])[0]["Plan"]["Plan Rows"]
        return planned

    async def _fetch(self, sql: str, values: list[Any], login: Login) -> list[Any]:
        try:
            async with self.connection(login) as connection:
                return list(await connection.fetch(sql, *values))
        except ReplicaFailed:
            async with self.connection(login, at_primary=True) as connection:
                return list(await connection.fetch(sql, *values))

    @asynccontextmanager
    async def moment(self, login: Login) -> AsyncIterator[Moment]:
        """
        Several statements that all see the database at one moment.

        Raises
        ------
        Unavailable, InvalidInput
            As for `rows`.
        """
        async with self.connection(login, moment=True) as connection:
            yield Moment(connection, pooled=self._primary.pooled)

    @asynccontextmanager
    async def connection(
        self, login: Login, *, moment: bool = False, at_primary: bool = False
    ) -> AsyncIterator[Any]:
        """
        A connection of a login's pool; its failures become our errors, as in `rows`.

        Parameters
        ----------
        moment
            As in `Pools.connection`.
        at_primary
            Whether no replica will do.

        Raises
        ------
        Busy
            Too many wait for one.
        ReplicaFailed
            A replica was asked and could not answer.
        """
        replica = None if at_primary else self._replica(login)
        pools = self._primary if replica is None else replica.pools
        try:
            async with pools.connection(login, moment=moment) as connection:
                yield connection
            if self.replicas is not None:
                self.replicas.answered["primary" if replica is None else replica.name] += 1
        except asyncpg.QueryCanceledError:
            raise Unavailable(
                "The question took too long to answer. Ask for a smaller area or fewer items."
            ) from None
        except asyncpg.DataError as error:
            raise InvalidInput("A value in the question is outside what can be stored.") from error
        except ELSEWHERE as error:
            if replica is None or self.replicas is None:
                if isinstance(error, UNREACHABLE):
                    raise Unavailable("The database does not answer at the moment.") from error
                raise
            self.replicas.failed(replica, error)
            raise ReplicaFailed from error

    def _replica(self, login: Login) -> Replica | None:
        asking = ASKING.get()
        if self.replicas is None or asking is None or login in WRITING:
            return None
        return self.replicas.chosen(asking)

    async def _stands(self) -> tuple[int, int, int]:
        async with self.connection(Login.PUBLIC, at_primary=True) as connection:
            row = await connection.fetchrow(STAND)
        return row["position"], row["timeline"], row["system"]


def compiled(statement: Executable) -> tuple[str, list[Any]]:
    """SQL with places for values, and the values, as asyncpg takes them."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]
