"""
Connections for answering requests: a pool for each login, read-only, with time limits.

Every question runs under the login of its reader's audience, so that what a
reader may not see is out of reach even of a wrong statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import Executable

from gis_service.errors import Busy, InvalidInput, Unavailable
from gis_service.store.roles import Login

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]
UNREACHABLE: tuple[type[Exception], ...] = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)
"""
How a database that does not answer makes itself known.

The last is what asyncpg says of a connection that breaks between two of its steps.
"""
CLOSED_WITHIN_S = 10.0


class Moment:
    """A connection inside a transaction that sees the database as it was when it began."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, statement: Executable) -> list[Any]:
        """All rows of a statement."""
        sql, values = compiled(statement)
        return list(await self._connection.fetch(sql, *values))

    async def portions(self, statement: Executable, size: int) -> AsyncIterator[list[Any]]:
        """The rows of a statement, so many at a time."""
        sql, values = compiled(statement)
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
    most
        Questions of one login that are asked or wait at a time; others are told
        to come back.
    statement_timeout_s
        The database gives a statement up after this; the client a little later.
    """

    def __init__(
        self, pools: Mapping[Login, asyncpg.Pool], *, most: int, statement_timeout_s: float
    ) -> None:
        self._pools = pools
        self._most = most
        self._inside = dict.fromkeys(pools, 0)
        self._timeout_s = statement_timeout_s

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        urls: Mapping[Login, URL],
        *,
        pool_size: int,
        max_waiting: int = 200,
        statement_timeout_s: float,
    ) -> AsyncIterator[Reader]:
        """
        A reader with the logins of `urls`; its connections close at the end.

        Parameters
        ----------
        pool_size, max_waiting
            Connections of each login, and how many questions may wait for one.
        """
        async with AsyncExitStack() as stack:
            pools = {
                login: await stack.enter_async_context(
                    _open(_pool(
                        url, login, size=pool_size, statement_timeout_s=statement_timeout_s
                    ))
                )
                for login, url in urls.items()
            }
            yield cls(
                pools, most=pool_size + max_waiting, statement_timeout_s=statement_timeout_s
            )

    @property
    def inside(self) -> Mapping[Login, int]:
        """Questions of each login that are asked or wait now."""
        return self._inside

    async def renew(self) -> None:
        """Open every connection anew before its next use: the address may lead elsewhere now."""
        for pool in self._pools.values():
            await pool.expire_connections()

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

    async def prepared_row(
        self, statement: Prepared, values: Mapping[str, Any], login: Login
    ) -> Any | None:
        """The first row of a statement that was compiled before, or None."""
        rows = await self._fetch(statement.sql, statement.arguments(values), login)
        return rows[0] if rows else None

    async def planned_rows(self, statement: Executable, login: Login) -> int:
        """How many rows PostgreSQL expects of a statement, which is not run."""
        sql, values = compiled(statement)
        rows = await self._fetch(f"EXPLAIN (FORMAT JSON) {sql}", values, login)
        planned: int = orjson.loads(rows[0][0])[0]["Plan"]["Plan Rows"]
        return planned

    async def _fetch(self, sql: str, values: list[Any], login: Login) -> list[Any]:
        async with self.connection(login) as connection:
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
        async with (
            self.connection(login) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Moment(connection)

    @asynccontextmanager
    async def connection(self, login: Login) -> AsyncIterator[Any]:
        """
        A connection of a login's pool; its failures become our errors, as in `rows`.

        Raises
        ------
        Busy
            Too many wait for one.
        """
        if self._inside[login] >= self._most:
            raise Busy
        self._inside[login] += 1
        try:
            async with self._pools[login].acquire(timeout=self._timeout_s) as connection:
                try:
                    yield connection
                except TimeoutError:
                    connection.terminate()  # else its pool waits for it as long again
                    raise
        except asyncpg.QueryCanceledError:
            raise Unavailable(
                "The question took too long to answer. Ask for a smaller area or fewer items."
            ) from None
        except UNREACHABLE as error:
            raise Unavailable("The database does not answer at the moment.") from error
        except asyncpg.DataError as error:
            raise InvalidInput("A value in the question is outside what can be stored.") from error
        finally:
            self._inside[login] -= 1


@asynccontextmanager
async def _open(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Pool]:
    """A pool until its end; a connection that nobody gave back does not hold that up for ever."""
    await pool
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), CLOSED_WITHIN_S)
        except TimeoutError:
            pool.terminate()


def _pool(url: URL, login: Login, *, size: int, statement_timeout_s: float) -> asyncpg.Pool:
    read_only = "off" if login in (Login.GATE, Login.REPORTER) else "on"
    return asyncpg.create_pool(
        **connect_arguments(url),
        min_size=0,
        max_size=size,
        timeout=5,
        command_timeout=statement_timeout_s + 2,
        max_inactive_connection_lifetime=300,
        server_settings={
            "application_name": f"gis-service {login.value}",
            "statement_timeout": str(int(statement_timeout_s * 1000)),
            "default_transaction_read_only": read_only,
            "timezone": "UTC",
            "jit": "off",
            # Answers are short: starting processes for each takes longer than it saves.
            "max_parallel_workers_per_gather": "0",
            # A plan made for any values expects few rows: a dense tile's took 37 s.
            "plan_cache_mode": "force_custom_plan",
        },
    )


def compiled(statement: Executable) -> tuple[str, list[Any]]:
    """SQL with places for values, and the values, as asyncpg takes them."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


def connect_arguments(url: URL) -> dict[str, Any]:
    """What asyncpg is told to reach a database."""
    query = dict(url.query)
    host = url.host or query.get("host")
    arguments: dict[str, Any] = {
        "host": host,
        "port": url.port or int(str(query.get("port") or 5432)),
        "user": url.username,
        "password": url.password,
        "database": url.database,
    }
    if "sslmode" in query:
        arguments["ssl"] = query["sslmode"]
    return {name: value for name, value in arguments.items() if value is not None}
