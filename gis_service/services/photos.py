"""Photos from the field: made anew, kept once, shown to staff."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gis_service.errors import Busy, Conflict, InvalidParameter, NotFound
from gis_service.formats.pictures import MADE_AS, made_anew
from gis_service.model.audience import Principal
from gis_service.model.collections import REGISTRY
from gis_service.services.editing import Editing
from gis_service.store import attachments
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

AT_ONCE = 2
MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo that is kept; `is_new` says whether this request brought it."""

    id: UUID
    sha256: str
    media_type: str
    size: int
    taken_at: datetime | None
    is_new: bool


class Photos:
    """Takes and gives photos."""

    def __init__(self, reader: Reader, editing: Editing) -> None:
        self._reader = reader
        self._editing = editing
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def keep(
        self,
        principal: Principal,
        id_: UUID,
        content: bytes,
        *,
        collection: str,
        item: UUID,
        taken_at: datetime | None,
        operation: UUID | None,
        request_id: str,
    ) -> KeptPhoto:
        """
        Keep a photo of an item, which may come later than its photo.

        Sent again it is kept once: the id and the hash of what was sent tell.

        Raises
        ------
        InvalidInput, InvalidParameter
            It is no photo, or of no collection.
        Conflict
            Another photo has this id.
        """
        if collection not in REGISTRY:
            raise InvalidParameter("collection", collection, "there is no such collection")
        sent = hashlib.sha256(content).hexdigest()
        login = Login.of(principal.audience)
        known = await self._reader.row(attachments.known(id_), login)
        if known is None:
            picture = await self._made(content)
            row = {
                "id": id_, "collection": collection, "item_id": item, "sent_sha256": sent,
                "sha256": hashlib.sha256(picture).hexdigest(), "media_type": MADE_AS,
                "bytes": len(picture), "content": picture, "taken_at": taken_at,
                "operation_id": operation,
                "person_id": None if principal.person_id is None else UUID(principal.person_id),
            }

            def work(connection: Connection) -> bool:
                return connection.scalar(attachments.keep(row)) is not None

            is_new = await self._editing.transact(work, principal, request_id=request_id)
            known = await self._reader.row(attachments.known(id_), login)
            assert known is not None  # noqa: S101 - no photo is ever taken away
        else:
            is_new = False
        if known["sent_sha256"] != sent or known["item_id"] != item:
            raise Conflict("Another photo was sent under this id before. Send it under a new one.")
        return _kept(known, is_new=is_new)

    async def content(self, principal: Principal, id_: UUID) -> tuple[bytes, str, str]:
        """
        The bytes of a photo, their media type and hash.

        Raises
        ------
        NotFound
            There is none.
        """
        row = await self._reader.row(attachments.content(id_), Login.of(principal.audience))
        if row is None:
            raise NotFound(f"There is no photo {id_}.")
        return bytes(row["content"]), row["media_type"], row["sha256"]

    async def of_items(self, principal: Principal, ids: list[UUID]) -> list[Any]:
        """What is known of the photos of some items, the newest first."""
        return await self._reader.rows(
            attachments.of_items(ids), Login.of(principal.audience)
        )

    async def _made(self, content: bytes) -> bytes:
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._slots:
                return (await asyncio.to_thread(made_anew, content)).content
        finally:
            self._waiting -= 1


def _kept(row: Any, *, is_new: bool) -> KeptPhoto:
    return KeptPhoto(
        row["id"], row["sha256"], row["media_type"], row["bytes"], row["taken_at"], is_new
    )
