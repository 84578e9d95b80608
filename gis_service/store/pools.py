"""Connections to one server for answering requests: a pool for each login, with time limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import URL

from gis_service.errors import Busy
from gis_service.store.roles import Login

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
WRITING = frozenset({Login.GATE, Login.REPORTER})
"""Logins whose statements may change something, so that only the primary can answer them."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """
    How the pools of a server are made.

    Parameters
    ----------
    size, waiting
        Connections of each login, and how many questions may wait for one.
    statement_timeout_s
        The database gives a statement up after this; the client a little later.
    pooled
        Whether a pooler stands between that gives a server for one transaction
        only: nothing is then prepared or set beyond a transaction.
    """

    size: int
    waiting: int
    statement_timeout_s: float
    pooled: bool = False


class Pools:
    """The pools of one server, by login."""

    def __init__(self, urls: Mapping[Login, URL], settings: PoolSettings) -> None:
        self._urls = urls
        self._settings = settings
        self._pools: dict[Login, asyncpg.Pool] = {}
        self.inside = dict.fromkeys(urls, 0)
        """Questions of each login that are asked or wait now."""

    @property
    def pooled(self) -> bool:
        """Whether a pooler stands between."""
        return self._settings.pooled

    async def open(self) -> None:
        """Be ready; connections are made when they are needed."""
        for login, url in self._urls.items():
            self._pools[login] = await _pool(url, login, self._settings)

    async def close(self) -> None:
        """Close; a connection that nobody gave back does not hold that up for ever."""
        for pool in self._pools.values():
            try:
                await asyncio.wait_for(pool.close(), CLOSED_WITHIN_S)
            except TimeoutError:
                pool.terminate()

    async def cut(self) -> None:
        """Break every connection, whoever waits for it, and be ready anew."""
        for pool in self._pools.values():
            pool.terminate()
        await self.open()

    async def renew(self) -> None:
        """Open every connection anew before its next use: the address may lead elsewhere now."""
        for pool in self._pools.values():
            await pool.expire_connections()

    @asynccontextmanager
    async def connection(self, login: Login, *, moment: bool = False) -> AsyncIterator[Any]:
        """
        A connection of a login's pool.

        Parameters
        ----------
        moment
            Whether it is in a transaction that only reads, and sees the database
            as it was when that began.

        Raises
        ------
        Busy
            Too many wait for one.
        """
        if self.inside[login] >= self._settings.size + self._settings.waiting:
            raise Busy
        self.inside[login] += 1
        try:
            timeout = self._settings.statement_timeout_s
            async with self._pools[login].acquire(timeout=timeout) as connection:
                try:
                    if moment:
                        isolation, only_reads = "repeatable_read", True
                    elif self.pooled:
                        isolation, only_reads = "read_committed", login not in WRITING
                    else:
                        yield connection
                        return
                    async with connection.transaction(isolation=isolation, readonly=only_reads):
                        if self.pooled:
                            await connection.execute(_set_locally(login, self._settings))
                        yield connection
                except TimeoutError:
                    connection.terminate()  # else its pool waits for it as long again
                    raise
        finally:
            self.inside[login] -= 1


class _Unnamed(asyncpg.Connection):  # type: ignore[misc]
    """A connection through a pooler: it leaves nothing behind on a server."""

    def get_reset_query(self) -> str:
        return ""

    def _get_unique_id(self, prefix: str) -> str:
        """Names of different processes meet on one server."""
        return f"__{prefix}_{uuid4().hex}__"


async def _pool(url: URL, login: Login, settings: PoolSettings) -> asyncpg.Pool:
    if settings.pooled:
        how: dict[str, Any] = {
            "statement_cache_size": 0,
            "connection_class": _Unnamed,
            "server_settings": {"application_name": f"gis-service {login.value}"},
        }
    else:
        how = {"server_settings": {
            "application_name": f"gis-service {login.value}", **_limits(login, settings),
        }}
    return await asyncpg.create_pool(
        **connect_arguments(url),
        min_size=0,
        max_size=settings.size,
        timeout=5,
        command_timeout=settings.statement_timeout_s + 2,
        max_inactive_connection_lifetime=300,
        **how,
    )


def _limits(login: Login, settings: PoolSettings) -> dict[str, str]:
    return {
        "statement_timeout": str(int(settings.statement_timeout_s * 1000)),
        "default_transaction_read_only": "off" if login in WRITING else "on",
        "timezone": "UTC",
        "jit": "off",
        # Answers are short: starting processes for each takes longer than it saves.
        "max_parallel_workers_per_gather": "0",
        # A plan made for any values expects few rows: a dense tile's took 37 s.
        "plan_cache_mode": "force_custom_plan",
    }


def _set_locally(login: Login, settings: PoolSettings) -> str:
    """The same limits for one transaction, in one message; the transaction is read-only itself."""
    limits = _limits(login, settings)
    del limits["default_transaction_read_only"]
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in limits.items())


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
