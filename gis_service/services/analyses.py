"""Running processes: who may, how many at a time, and which service answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from gis_service.errors import Busy, InvalidParameter, NoSuchProcess
from gis_service.model.audience import Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Field, Language
from gis_service.model.processes import Process, visible_processes
from gis_service.store.labels import called_statement
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

Document = dict[str, Any]
Handler = Callable[[Mapping[str, Any], Principal, Language], Awaitable[Document]]
"""Answers a process from its inputs, as `ogc.process_inputs.parse_inputs` types them."""

AT_ONCE = 2
MOST_WAITING = 20


class Analyses:
    """
    The processes, each answered by a service.

    A few run at a time, since each may take a processor for seconds; some wait,
    and more are told to come back.
    """

    def __init__(self, reader: Reader, handlers: Mapping[str, Handler]) -> None:
        self._reader = reader
        self._handlers = handlers
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def known(self, principal: Principal) -> tuple[Process, ...]:
        """The processes that the reader may run."""
        visible = visible_processes(principal.audience)
        return tuple(process for process in visible if process.id in self._handlers)

    def process(self, id_: str, principal: Principal) -> Process:
        """
        One process.

        Raises
        ------
        NoSuchProcess
            There is none, or the reader may not run it: the two look alike.
        """
        known = {process.id: process for process in self.known(principal)}
        if id_ not in known:
            raise NoSuchProcess(id_, known=known)
        return known[id_]

    async def run(
        self,
        process: Process,
        inputs: Mapping[str, Any],
        principal: Principal,
        language: Language,
    ) -> Document:
        """
        A process's answer.

        Parameters
        ----------
        inputs
            An item may be named by its id, by its key, or by what people call it.

        Raises
        ------
        InvalidParameter
            No item, or more than one, is called so.
        Busy
            Too many wait for theirs.
        GisError
            The question has no answer; the message says why.
        """
        self.process(process.id, principal)
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            meant = await self._resolved(process, inputs, principal)
            return await self._handlers[process.id](meant, principal, language)
        finally:
            self._slots.release()

    async def _resolved(
        self, process: Process, inputs: Mapping[str, Any], principal: Principal
    ) -> dict[str, Any]:
        """The inputs with ids where items were named otherwise."""
        meant = dict(inputs)
        for each in process.inputs:
            field, value = each.field, inputs.get(each.name)
            if not isinstance(field, Field) or field.references is None or not value:
                continue
            several = isinstance(value, tuple)
            ids = await self._ids(field, value if several else (value,), principal)
            meant[each.name] = ids if several else ids[0]
        return meant

    async def _ids(
        self, field: Field, named: tuple[UUID | str, ...], principal: Principal
    ) -> tuple[UUID, ...]:
        texts = [each for each in named if isinstance(each, str)]
        if not texts:
            return tuple(each for each in named if isinstance(each, UUID))
        collection = REGISTRY[field.references or ""]
        statement = called_statement(collection, texts, principal.audience)
        rows = await self._reader.rows(statement, Login.of(principal.audience))
        found = [each if isinstance(each, UUID) else _only(field, each, rows) for each in named]
        return tuple(dict.fromkeys(found))


def _only(field: Field, text: str, rows: list[Any]) -> UUID:
    """The one item that a text means: by its key, or else by what people call it."""
    found = [row for row in rows if row["text"] == text]
    ids = {row["id"] for row in found if row["key"]} or {row["id"] for row in found}
    title = REGISTRY[field.references or ""].title.en.lower()
    if not ids:
        raise InvalidParameter(field.name, text, f"there is no such item among the {title}")
    if len(ids) > 1:
        rule = f"{len(ids)} of the {title} are called so; give an id or a key"
        raise InvalidParameter(field.name, text, rule)
    return UUID(str(ids.pop()))
