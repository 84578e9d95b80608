"""One moment of the database for several processes: an exported snapshot of PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from gis_service.errors import InvalidInput
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login

_NAME = re.compile(r"[0-9A-F]+(-[0-9A-F]+)*")


async def shared(moment: Moment) -> str:
    """
    A name by which others see the database as `moment` does, while that lasts.

    PostgreSQL lets any login of the same database use it, on the same server.
    """
    (row,) = await moment.rows(select(func.pg_export_snapshot()))
    return str(row[0])


@asynccontextmanager
async def moment_shared(reader: Reader, login: Login, name: str) -> AsyncIterator[Moment]:
    """
    The moment of `shared`.

    Raises
    ------
    InvalidInput
        It is over, or was another server's.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput("This is no name of a moment of the database.")
    async with (
        reader.connection(login) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # PostgreSQL takes no bound value here; the name was looked at above.
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        yield Moment(connection)
