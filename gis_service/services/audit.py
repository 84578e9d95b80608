"""The audit for admins: who did what, a page at a time or the whole as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from gis_service.errors import NotFound
from gis_service.model.acts import Act, ActKind
from gis_service.model.audience import Actor, Principal
from gis_service.model.audit import AuditPage, AuditQuery, Entry
from gis_service.model.rights import keeps_people
from gis_service.services.editing import Editing
from gis_service.store import acts
from gis_service.store.audit import actors, audit_page
from gis_service.store.database import Database
from gis_service.store.edits import limit as limit_time
from gis_service.store.edits import refusals

T = TypeVar("T")
_AT_ONCE = 2
MOST_WINDOWS = 20
"""Windows of transactions that are looked through for one page."""
PORTION = 1_000


class Audit:
    """
    Tells what is written down; raises `NotFound` of whoever is no admin.

    Parameters
    ----------
    database
        Under the login of admins.
    """

    def __init__(
        self, database: Database, editing: Editing, *, statement_timeout_s: float
    ) -> None:
        self._database = database
        self._editing = editing
        self._timeout_s = statement_timeout_s
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def page(self, principal: Principal, query: AuditQuery) -> AuditPage:
        """Entries of a query, the newest first; `following` is set where there may be more."""
        found: list[Entry] = []
        for _ in range(MOST_WINDOWS):
            rest = replace(query, limit=query.limit - len(found))
            page = await self._asked(principal, partial(audit_page, query=rest))
            found += page.entries
            if page.following is None or len(found) >= query.limit:
                break
            query = replace(query, before=page.following)
        return AuditPage(tuple(found), page.following)

    async def portions(
        self, principal: Principal, query: AuditQuery
    ) -> AsyncIterator[tuple[Entry, ...]]:
        """All entries of a query up to now, so many at a time."""
        now = datetime.now(UTC)
        until = now if query.until is None else min(query.until, now)
        query = replace(query, until=until, limit=PORTION)
        while True:
            page = await self.page(principal, query)
            yield page.entries
            if page.following is None:
                return
            query = replace(query, before=page.following)

    async def people(self, principal: Principal) -> dict[UUID, str]:
        """Names by id, of those whom the audit can be asked about."""
        return await self._asked(
            principal, lambda c: {row.id: row.name for row in c.execute(actors())}
        )

    async def exported(self, principal: Principal, request_id: str, **what: str) -> None:
        """Write down that staff take data away; of the public nothing is kept."""
        if not principal.audience.is_staff:
            return
        actor = Actor(principal.person_id, request_id)
        act = Act(ActKind.DATA_EXPORTED, details=what)
        await self._editing.transact(
            lambda connection: acts.note(connection, act, actor), principal,
            request_id=request_id,
        )

    async def _asked(self, principal: Principal, question: Callable[[Connection], T]) -> T:
        if not keeps_people(principal.audience):
            raise NotFound("There is nothing here.")

        def ask() -> T:
            with refusals(), self._database.begin() as connection:
                limit_time(connection, statement_timeout_s=self._timeout_s)
                return question(connection)

        async with self._room:
            return await asyncio.to_thread(ask)
