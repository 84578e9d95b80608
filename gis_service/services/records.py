"""History as staff ask for it over HTTP, under the login of their role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, select

from gis_service.errors import NotFound
from gis_service.model.audience import Audience, Principal
from gis_service.model.fields import Collection
from gis_service.model.history import Difference, ItemHistory
from gis_service.model.rights import reads_names
from gis_service.services.history import difference_of, history_of
from gis_service.store.database import Database
from gis_service.store.edits import limit as limit_time
from gis_service.store.edits import refusals
from gis_service.store.items import feature_text
from gis_service.store.recorded import recorded_version

T = TypeVar("T")
_AT_ONCE = 4


class Records:
    """
    What can be asked of the past; every question carries who asks.

    Parameters
    ----------
    databases
        The database under the login of each audience.
    """

    def __init__(
        self, databases: Mapping[Audience, Database], *, statement_timeout_s: float
    ) -> None:
        self._databases = databases
        self._timeout_s = statement_timeout_s
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def versions(
        self, collection: Collection, id_: UUID, principal: Principal
    ) -> ItemHistory:
        """
        Every version of an item, also of one that was deleted; admins are told names.

        Raises
        ------
        NotFound
            There never was such an item.
        """
        named = reads_names(principal.audience)
        return await self._asked(
            principal, lambda c: history_of(c, collection, id_, with_names=named)
        )

    async def version(
        self, collection: Collection, id_: UUID, number: int, principal: Principal
    ) -> bytes:
        """
        An item as one of its versions had it: a finished GeoJSON feature.

        Raises
        ------
        NotFound
            It has no version of that number.
        """
        source = recorded_version(collection, principal.audience, id_, number)
        statement = select(feature_text(collection, principal.audience, source))
        text: str | None = await self._asked(principal, lambda c: c.scalar(statement))
        if text is None:
            raise NotFound(f"{collection.id} has no version {number} of an item {id_}.")
        return text.encode()

    async def difference(
        self,
        collection: Collection,
        since: datetime,
        until: datetime,
        principal: Principal,
        *,
        after: UUID | None,
        limit: int,
    ) -> Difference:
        """A page of what changed between two times; see `services.history.difference`."""
        return await self._asked(
            principal,
            lambda c: difference_of(c, collection, since, until, after=after, limit=limit),
        )

    async def _asked(self, principal: Principal, question: Callable[[Connection], T]) -> T:
        def ask() -> T:
            with refusals(), self._databases[principal.audience].begin() as connection:
                limit_time(connection, statement_timeout_s=self._timeout_s)
                return question(connection)

        async with self._room:
            return await asyncio.to_thread(ask)
