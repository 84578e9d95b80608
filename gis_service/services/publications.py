"""Publishing deliberately: look at what the public sees, withhold or release, write it down."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from gis_service.errors import InvalidParameter, NotAllowed, UnknownKey
from gis_service.model.audience import PUBLIC, Principal, visible_collection
from gis_service.model.edits import Edit
from gis_service.model.fields import Collection
from gis_service.model.publications import CollectionChanges, Publication, Row
from gis_service.model.rights import Operation, publishes
from gis_service.services.editing import Editing
from gis_service.store import publications as store
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

LONGEST_NOTE = 300
SHORTEST_WORDS = 2


class Publications:
    """Tells what the public sees, for who may decide on it."""

    def __init__(self, reader: Reader, editing: Editing) -> None:
        self._reader = reader
        self._editing = editing

    async def latest(self) -> Publication | None:
        """The last publication, as anybody may know it; None when there was none."""
        return await store.latest(self._reader, Login.PUBLIC)

    async def changes(self, principal: Principal) -> tuple[CollectionChanges, ...]:
        """What has changed in the public's eyes since; raises `NotAllowed`, `UnknownKey`."""
        _require(principal)
        async with self._reader.moment(Login.of(principal.audience)) as moment:
            return await store.changes(moment)

    async def withheld(self, principal: Principal) -> tuple[Row, ...]:
        """Rows of public collections that only staff see; first those from the field."""
        _require(principal)
        rows = await self._reader.rows(store.withheld(), Login.of(principal.audience))
        return tuple(map(store.row_of, rows))

    async def named_like(
        self, collection_id: str, words: str, principal: Principal
    ) -> tuple[Row, ...]:
        """
        The first rows of a public collection whose name or identifier holds some words.

        Raises
        ------
        UnknownCollection
            The public sees nothing of it.
        """
        _require(principal)
        collection = _public(collection_id)
        words = words.strip()
        if len(words) < SHORTEST_WORDS:
            return ()
        statement = store.named_like(collection, words)
        rows = await self._reader.rows(statement, Login.of(principal.audience))
        return tuple(map(store.row_of, rows))

    async def show(
        self, collection_id: str, id_: UUID, principal: Principal, *, public: bool, request_id: str
    ) -> None:
        """
        Let the public see a row, as far as its rule goes, or withhold it.

        Raises
        ------
        NotAllowed, UnknownKey, UnknownCollection, NotFound
        """
        _require(principal)
        patch = {"properties": {"visibility": "public" if public else "staff"}}
        edit = Edit(Operation.UPDATE, _public(collection_id), id_, patch)

        def work(connection: Connection) -> None:
            made = self._editing.opened(connection, principal, [edit])
            made.make(edit)
            made.finish()

        await self._editing.transact(work, principal, request_id=request_id)

    async def publish(self, note: str, principal: Principal, *, request_id: str) -> int:
        """
        Write down that what the public sees now is published; the answer is its number.

        Raises
        ------
        NotAllowed, UnknownKey
        InvalidParameter
            The note is too long.
        """
        _require(principal)
        note = note.strip()
        if len(note) > LONGEST_NOTE:
            raise InvalidParameter("note", note, f"it has at most {LONGEST_NOTE} characters")
        return await self._editing.transact(
            lambda connection: store.publish(connection, note or None, principal.person_id),
            principal, request_id=request_id,
        )


def _public(collection_id: str) -> Collection:
    return visible_collection(collection_id, PUBLIC.audience)


def _require(principal: Principal) -> None:
    if principal.scope is not None:
        raise NotAllowed("Publishing is for planners of the whole installation.")
    if publishes(principal.audience):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed("Publishing is for planners.")
