"""The gate: which key or session stands behind a request."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from gis_service.errors import GisError, UnknownKey
from gis_service.model.audience import Audience, Principal
from gis_service.model.keys import KeyText, Session, StartedSession, new_token, sha256
from gis_service.store import keys
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

REMEMBERED_S = 3.0
"""How long an answer of the database is good for: a revoked key is refused after this."""
MOST_REMEMBERED = 4096

_NOTHING = bytes(32)

T = TypeVar("T")

log = logging.getLogger("gis_service.keys")


class _Remembered(Generic[T]):
    """Answers of the last seconds, by the hash of what was shown; never the secret itself."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[bytes, tuple[float, T]] = {}

    def get(self, sha: bytes) -> T | None:
        until, answer = self._kept.get(sha, (0.0, None))
        return answer if self._clock() < until else None

    def put(self, sha: bytes, answer: T, *, asked_at: float) -> None:
        """Keep an answer, counted from when it was asked for."""
        if len(self._kept) >= MOST_REMEMBERED:
            now = self._clock()
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
            while len(self._kept) >= MOST_REMEMBERED:
                del self._kept[next(iter(self._kept))]
        self._kept[sha] = (asked_at + REMEMBERED_S, answer)

    def drop(self, sha: bytes) -> None:
        self._kept.pop(sha, None)


class Gate:
    """
    Tells who shows a key or a session.

    Parameters
    ----------
    session_hours
        How long a browser stays logged in.
    clock
        Seconds that never run backwards.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        session_hours: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._session_s = session_hours * 3600
        self._clock = clock
        self._keys: _Remembered[Principal] = _Remembered(clock)
        self._sessions: _Remembered[Session] = _Remembered(clock)
        self._notes: set[asyncio.Task[None]] = set()

    async def holder(self, shown: str) -> Principal:
        """
        Who holds a key.

        Raises
        ------
        UnknownKey
            It opens nothing; why is told to nobody.
        Unavailable
            The database does not answer.
        """
        asked_at = self._clock()
        sha = sha256(shown)
        if known := self._keys.get(sha):
            return known
        key = KeyText.read(shown)
        offered = sha if key is None else key.sha256
        row = None if key is None else await self._row(keys.key_statement(key.prefix))
        expected = _NOTHING if row is None else bytes(row["secret_sha256"])
        if not hmac.compare_digest(offered, expected) or row is None:
            raise UnknownKey
        principal = _principal(row)
        self._keys.put(sha, principal, asked_at=asked_at)
        self._note_use(row)
        return principal

    async def session(self, token: str) -> Session | None:
        """The session of a token; None when it has ended or never was."""
        asked_at = self._clock()
        sha = sha256(token)
        if known := self._sessions.get(sha):
            return known
        row = await self._row(keys.session_statement(sha))
        if row is None:
            return None
        session = Session(_principal(row), client=row["client"], csrf_token=row["csrf_token"])
        self._sessions.put(sha, session, asked_at=asked_at)
        self._note_use(row)
        return session

    async def log_in(self, shown: str) -> StartedSession:
        """
        Start a session with a key.

        Raises
        ------
        UnknownKey
            The key opens nothing.
        """
        principal = await self.holder(shown)
        assert principal.key_id is not None  # noqa: S101 - who holds a key has its id
        token = new_token()
        row = await self._row(
            keys.start_session(
                UUID(principal.key_id),
                token_sha256=sha256(token),
                csrf_token=new_token(),
                lasts_s=self._session_s,
            )
        )
        if row is None or row["lasts_s"] <= 0:
            raise UnknownKey
        await self._row(keys.sweep_sessions())
        return StartedSession(token, lasts_s=row["lasts_s"])

    async def log_out(self, token: str) -> None:
        """End a session."""
        sha = sha256(token)
        self._sessions.drop(sha)
        await self._row(keys.end_session(sha))

    async def settle(self) -> None:
        """Wait for what is still being written."""
        await asyncio.gather(*self._notes, return_exceptions=True)

    async def _row(self, statement: Any) -> Any | None:
        return await self._reader.row(statement, Login.GATE)

    def _note_use(self, row: Any) -> None:
        """Write down the use of a key without keeping the request waiting."""
        if row["note_use"]:
            task = asyncio.create_task(self._noted(row["key_id"]))
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)

    async def _noted(self, key_id: UUID) -> None:
        try:
            await self._row(keys.note_use(key_id))
        except GisError as error:
            log.warning("the last use of the key %s was not written: %s", key_id, error)


def _principal(row: Any) -> Principal:
    return Principal(
        Audience(row["role"]),
        person_id=str(row["person_id"]),
        key_id=str(row["key_id"]),
        ward=row["ward"],
        scope=row["scope_id"],
    )
