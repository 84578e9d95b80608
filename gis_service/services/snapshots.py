"""Collections kept in memory while they are asked for, each at its newest version."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from gis_service.errors import GisError
from gis_service.model.audience import Audience
from gis_service.model.fields import Collection
from gis_service.store.changes import Changes
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.snapshot import Snapshot, TooLarge, can_be_held, taken

ASKED_BEFORE = 3
"""A collection is taken into memory when it is asked for so many times within `RECENT_S`."""
RECENT_S = 60.0
REST_S = 0.25
"""A collection that changes all the time is read anew only so often; meanwhile the database
answers."""
TOO_LARGE_S = 600.0
"""After this a collection that was too large is tried again."""

log = logging.getLogger("gis_service.snapshots")

Key = tuple[str, bool]


@dataclass(slots=True)
class _Held:
    snapshot: Snapshot | None = None
    asked: int = 0
    asked_since: float = 0.0
    used_at: float = 0.0
    not_before: float = 0.0
    task: asyncio.Task[None] | None = None


class Snapshots:
    """
    Gives a collection from memory, if it is there and as new as the last change.

    Parameters
    ----------
    most_bytes
        All collections together may hold so many bytes of text; those that were
        not asked for the longest give way. 0 keeps nothing.
    clock
        Seconds that never run backwards.
    """

    def __init__(
        self,
        reader: Reader,
        changes: Changes,
        *,
        most_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._changes = changes
        self._most_bytes = most_bytes
        self._clock = clock
        self._epoch = changes.epoch
        self._held: dict[Key, _Held] = {}

    def newest(self, collection: Collection, audience: Audience) -> Snapshot | None:
        """
        The collection as it is now; None when the database has to be asked.

        What is not here, or is no longer the newest, is fetched meanwhile.
        """
        if self._epoch != self._changes.epoch:
            self._epoch = self._changes.epoch
            self._held = {}
        key = (collection.id, audience.is_staff)
        version = self._changes.version(collection.id, staff=audience.is_staff)
        if version is None or not self._most_bytes:
            return None
        held = self._held.setdefault(key, _Held())
        held.used_at = self._clock()
        if held.snapshot is not None and held.snapshot.version == version:
            return held.snapshot
        self._want(held, collection, audience)
        return None

    async def settle(self) -> None:
        """Wait until nothing is being fetched."""
        await asyncio.gather(*(h.task for h in self._held.values() if h.task is not None))

    def _want(self, held: _Held, collection: Collection, audience: Audience) -> None:
        now = self._clock()
        if held.task is not None or now < held.not_before:
            return
        if held.snapshot is None:
            if now - held.asked_since > RECENT_S:
                held.asked, held.asked_since = 0, now
            held.asked += 1
            if held.asked < ASKED_BEFORE or not can_be_held(collection, audience):
                return
        held.task = asyncio.create_task(self._fetch(held, collection, audience))

    async def _fetch(self, held: _Held, collection: Collection, audience: Audience) -> None:
        login = Login.TECHNICIAN if audience.is_staff else Login.PUBLIC
        try:
            async with self._reader.moment(login) as moment:
                held.snapshot = await taken(
                    moment, collection, audience, held.snapshot, most_bytes=self._most_bytes
                )
            held.not_before = self._clock() + REST_S
            self._make_room(held)
        except TooLarge:
            held.snapshot = None
            held.not_before = self._clock() + TOO_LARGE_S
            log.info("%s is too large to be kept in memory", collection.id)
        except GisError as error:
            held.not_before = self._clock() + REST_S
            log.warning("%s was not taken into memory: %s", collection.id, error)
        finally:
            held.task = None

    @property
    def kept_bytes(self) -> int:
        """Bytes of the collections in memory."""
        return sum(h.snapshot.size for h in self._held.values() if h.snapshot is not None)

    def _make_room(self, newest: _Held) -> None:
        by_use = sorted(self._held.values(), key=lambda held: held.used_at, reverse=True)
        room = self._most_bytes - (newest.snapshot.size if newest.snapshot else 0)
        for held in by_use:
            if held is newest or held.snapshot is None:
                continue
            room -= held.snapshot.size
            if room < 0:
                held.snapshot = None
                held.not_before = self._clock() + RECENT_S
