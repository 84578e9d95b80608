"""People and their keys for the admin over HTTP, under a login of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from gis_service.errors import NotFound, Unavailable
from gis_service.model.audience import Actor, Audience, Principal
from gis_service.model.keys import IssuedKey, KeyRecord
from gis_service.model.rights import keeps_people
from gis_service.services import keys, people, personal_data
from gis_service.services.erasures import note_erasure
from gis_service.services.people import Mention, Person
from gis_service.services.personal_data import Taken
from gis_service.store.database import Database
from gis_service.store.edits import TryAgain, refusals

T = TypeVar("T")
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is wanted, with its checked values; `client` is by default the name."""

    role: Audience
    client: str | None = None
    ward: str | None = None
    expires_at: datetime | None = None


class PeopleDesk:
    """
    Makes people and keys known, and takes them away; every question carries who asks.

    Parameters
    ----------
    keeper
        The database under the login that keeps people.
    staff
        The same under the login of admins.
    listed
        Folders in which erasures are listed, for after a restore.
    """

    def __init__(
        self, keeper: Database, staff: Database, *, listed: tuple[Path, ...] = ()
    ) -> None:
        self._listed = listed
        self._keeper = keeper
        self._staff = staff
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def everyone(self, principal: Principal) -> tuple[list[Person], list[KeyRecord]]:
        """Everyone and every key, oldest first; raises `NotFound` as all here does."""
        return await self._kept(
            principal, lambda: (people.list_people(self._keeper), keys.list_keys(self._keeper))
        )

    async def one(
        self, principal: Principal, id_: UUID
    ) -> tuple[Person, list[KeyRecord], list[Mention]]:
        """A person, their keys, and how many rows carry their id."""

        def ask() -> tuple[Person, list[KeyRecord], list[Mention]]:
            person, mentions = people.show_person(self._keeper, id_)
            held = [key for key in keys.list_keys(self._keeper) if key.person_id == id_]
            return person, held, mentions

        return await self._kept(principal, ask)

    async def make(
        self,
        principal: Principal,
        wanted: NewKey,
        *,
        name: str,
        contact: str | None,
        request_id: str,
    ) -> IssuedKey:
        """
        A key for a person, who is made known when new.

        Raises
        ------
        InvalidParameter, Conflict
            As `create_key`.
        """
        actor = Actor(principal.person_id, request_id)
        return await self._kept(
            principal,
            lambda: keys.create_key(
                self._keeper, role=wanted.role, name=name, contact=contact, client=wanted.client,
                ward=wanted.ward, expires_at=wanted.expires_at, actor=actor,
            ),
        )

    async def replace(
        self, principal: Principal, id_: UUID, prefix: str, *, request_id: str
    ) -> IssuedKey:
        """A second key beside a person's key; raises as `rotate_key`."""
        actor = Actor(principal.person_id, request_id)

        def work() -> IssuedKey:
            self._held(id_, prefix)
            issued, _ = keys.rotate_key(self._keeper, f"gis_{prefix}", actor=actor)
            return issued

        return await self._kept(principal, work)

    async def revoke(
        self, principal: Principal, id_: UUID, prefix: str, *, request_id: str
    ) -> KeyRecord:
        """Revoke a person's key; raises as `revoke_key`."""
        actor = Actor(principal.person_id, request_id)

        def work() -> KeyRecord:
            self._held(id_, prefix)
            return keys.revoke_key(self._keeper, prefix, actor=actor, keep_admin=True)

        return await self._kept(principal, work)

    async def change(
        self,
        principal: Principal,
        id_: UUID,
        *,
        name: str,
        contact: str | None,
        request_id: str,
    ) -> None:
        """Correct a name and contact; raises as `change_person`."""
        actor = Actor(principal.person_id, request_id)
        await self._kept(
            principal,
            lambda: people.change_person(
                self._keeper, id_, name=name, contact=contact, actor=actor
            ),
        )

    async def erase(self, principal: Principal, id_: UUID, *, request_id: str) -> list[str]:
        """Erase a person; raises as `erase_person`."""
        actor = Actor(principal.person_id, request_id)

        def work() -> list[str]:
            revoked = people.erase_person(self._keeper, id_, actor=actor, keep_admin=True)
            note_erasure(self._listed, id_)
            return revoked

        return await self._kept(principal, work)

    async def export(self, principal: Principal, id_: UUID, *, request_id: str) -> Taken:
        """All that is kept of a person; raises as `export_person`."""
        actor = Actor(principal.person_id, request_id)
        return await self._kept(
            principal,
            lambda: personal_data.export_person(self._keeper, self._staff, id_, actor=actor),
        )

    async def export_contact(
        self, principal: Principal, contact: str, *, request_id: str
    ) -> Taken:
        """All that is kept with a contact; raises as `personal_data.export_contact`."""
        actor = Actor(principal.person_id, request_id)
        return await self._kept(
            principal, lambda: personal_data.export_contact(self._keeper, contact, actor=actor)
        )

    async def erase_contact(
        self, principal: Principal, contact: str, *, request_id: str
    ) -> dict[str, int]:
        """Erase a contact everywhere; raises as `personal_data.erase_contact`."""
        actor = Actor(principal.person_id, request_id)

        def work() -> dict[str, int]:
            changed = personal_data.erase_contact(self._keeper, contact, actor=actor)
            if changed:
                note_erasure(self._listed)
            return changed

        return await self._kept(principal, work)

    def _held(self, id_: UUID, prefix: str) -> None:
        """Raise `NotFound` unless the person has the key."""
        if not any(
            key.person_id == id_ and key.prefix == prefix
            for key in keys.list_keys(self._keeper)
        ):
            raise NotFound(f"This person has no key {prefix[:20]!r}.")

    async def _kept(self, principal: Principal, work: Callable[[], T]) -> T:
        if not keeps_people(principal.audience):
            raise NotFound("There is nothing here.")

        def run() -> T:
            try:
                with refusals():
                    return work()
            except TryAgain:
                raise Unavailable("Another change was in the way of this one.") from None

        async with self._room:
            return await asyncio.to_thread(run)
