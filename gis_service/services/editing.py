"""Changing items: checked by the rules of loading, in one transaction, under the editor's login."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection

from gis_service.errors import GisError, NotAllowed, Unavailable, UnknownKey
from gis_service.model.audience import Actor, Audience, Principal
from gis_service.model.edits import Answer, BatchRejected, Edit, Edited, Repeatable
from gis_service.model.fields import Collection
from gis_service.model.rights import Operation, rights
from gis_service.model.scopes import shared
from gis_service.services.edit_transaction import EditTransaction, Made
from gis_service.settings import Settings
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.edits import TryAgain, limit, refusals
from gis_service.store.idempotency import earlier_answer, keep_answer, sweep

T = TypeVar("T")

TRIES = 4
SWEPT_EVERY_S = 600.0
_WAITING_FOR_EACH = 8
"""Edits that may wait for each one that is being made; more are refused at once."""

_SERVER_S, _OWN_S = 0.8, 0.95
"""Shares of the statement timeout after which the server gives up, and where it is silent, we."""

_SEEN_WITHIN_S = 1.0
"""An answer waits no longer for this process to know of the change that it tells."""

log = logging.getLogger("gis_service.edits")

Answering = Callable[[Sequence[Edited]], Answer]


class Editing:
    """
    Makes edits, each request in one transaction: whole or not at all.

    Parameters
    ----------
    databases
        The database under the login of each audience, whose grants decide too.
    """

    def __init__(
        self, databases: Mapping[Audience, Database], settings: Settings, changes: Changes
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._changes = changes
        self._threads = ThreadPoolExecutor(settings.pool_size, thread_name_prefix="edit")
        self._room = threading.BoundedSemaphore(settings.pool_size * (1 + _WAITING_FOR_EACH))
        self._seeing: set[asyncio.Task[None]] = set()
        self._swept_at = float("-inf")

    async def run(
        self,
        edits: Sequence[Edit],
        principal: Principal,
        answering: Answering,
        *,
        request_id: str,
        repeatable: Repeatable | None = None,
    ) -> Answer:
        """
        Make all edits, and give the answer that tells of them.

        Parameters
        ----------
        answering
            Makes the answer, before the transaction ends: what cannot be told
            is not done.
        request_id
            What history writes beside the changes.
        repeatable
            Set when the request may be sent again: then it gets the same answer.

        Raises
        ------
        NotAllowed, UnknownKey
            The editor may not do one of them.
        EditRejected, NotFound, Conflict, PreconditionFailed
            The only edit cannot be made.
        BatchRejected
            Some of several cannot be made; the others were not made either.
        RepeatedKey
            The idempotency key was used for something else.
        Unavailable
            The database does not answer, or too many edits wait for it.
        """
        for edit in edits:
            allow(edit.operation, edit.collection, principal)

        def work(connection: Connection) -> Answer:
            known = repeatable and earlier_answer(connection, repeatable)
            if known:
                return known
            answer = answering(_carried_out(self.opened(connection, principal, edits), edits))
            if repeatable is not None:
                keep_answer(connection, repeatable, answer)
            return answer

        answer = await self.transact(work, principal, request_id=request_id)
        if repeatable is not None:
            await asyncio.to_thread(self._sweep, self._databases[principal.audience])
        return answer

    async def transact(
        self, work: Callable[[Connection], T], principal: Principal, *, request_id: str
    ) -> T:
        """
        Do some work in one transaction of an editor.

        Parameters
        ----------
        work
            Is begun anew when its transaction had to give way to another. It
            makes its edits by `opened`, which asks for no rights.

        Raises
        ------
        Unavailable
            The database does not answer, or too many edits wait for it.
        GisError
            Whatever the work raises; then nothing of it was done.
        """
        if not self._room.acquire(blocking=False):
            raise Unavailable("Too many changes are waiting to be made.")

        def run() -> T:
            try:
                return self._transacted(work, principal, request_id)
            finally:
                self._room.release()

        made = asyncio.get_running_loop().run_in_executor(self._threads, run)
        done = await asyncio.shield(made)
        # So that the editor's next question is answered with the edit in it; what is
        # done is told all the same, soon, when the database falls silent after it.
        seen = asyncio.create_task(self._seen())
        self._seeing.add(seen)
        seen.add_done_callback(self._seeing.discard)
        await asyncio.wait({seen}, timeout=_SEEN_WITHIN_S)
        return done

    async def _seen(self) -> None:
        with contextlib.suppress(GisError):
            await self._changes.refresh()

    def opened(
        self, connection: Connection, principal: Principal, edits: Sequence[Edit]
    ) -> EditTransaction:
        """What makes these edits on a connection that `transact` gave."""
        return EditTransaction(
            connection, principal, edits, max_vertices=self._settings.max_vertices
        )

    def close(self) -> None:
        """Let what is being made end, and take on nothing more."""
        self._threads.shutdown()

    def _transacted(
        self, work: Callable[[Connection], T], principal: Principal, request_id: str
    ) -> T:
        database = self._databases[principal.audience]
        actor = Actor(principal.person_id, request_id)
        for _ in range(TRIES):
            try:
                with (
                    refusals(),
                    database.begin(
                        actor, patience_s=self._settings.statement_timeout_s * _OWN_S
                    ) as connection,
                ):
                    limit(
                        connection,
                        statement_timeout_s=self._settings.statement_timeout_s * _SERVER_S,
                    )
                    return work(connection)
            except TryAgain:
                continue
        raise Unavailable("Other changes were in the way of this one.")

    def _sweep(self, database: Database) -> None:
        if time.monotonic() - self._swept_at < SWEPT_EVERY_S:
            return
        self._swept_at = time.monotonic()
        try:
            longest_s = self._settings.statement_timeout_s
            with refusals(), database.begin(patience_s=longest_s * _OWN_S) as connection:
                limit(connection, statement_timeout_s=longest_s * _SERVER_S)
                connection.execute(sweep())
        except (GisError, TryAgain) as error:
            log.warning("old answers were not taken away: %s", error)


def allow(operation: Operation, collection: Collection, principal: Principal) -> None:
    """
    Refuse what an editor may not do.

    Raises
    ------
    UnknownKey
        There is no key at all.
    NotAllowed
        The key is for less.
    """
    if principal.scope is not None and shared(collection):
        raise NotAllowed(
            f"Items of {collection.id} belong to the whole installation: your key is held to a "
            "scope, and only reads them."
        )
    if operation in rights(collection, principal.audience):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed(
        f"Your role, {principal.audience}, may not {operation} items of {collection.id}."
    )


def _carried_out(transaction: EditTransaction, edits: Sequence[Edit]) -> list[Edited]:
    made: list[Made] = []
    errors: dict[int, GisError] = {}
    for position, edit in enumerate(edits):
        try:
            with transaction.apart():
                made.append(transaction.make(edit))
        except GisError as error:
            if len(edits) == 1 or isinstance(error, Unavailable):
                raise
            errors[position] = error
    if errors:
        raise BatchRejected(errors, of=len(edits))
    transaction.finish()
    return [transaction.seen(each) for each in made]
