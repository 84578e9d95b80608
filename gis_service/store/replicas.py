"""
Replicas, which PostgreSQL keeps by streaming its log to them, and which of them may be asked.

The rule: a replica answers only when it has replayed all that this process has
heard of. A position in the log (LSN) is a floor that only rises: each time the
versions of collections are read on the primary, and with each change made here,
it rises to the primary's position. What a cache takes from a replica is
therefore never older than a change that the process knew of when it asked, as if
it had asked the primary. A reader who brings a position of his own, because he
changed something elsewhere, raises the floor for his request.

The same reader is led to the same replica by every process, and a replica's
state moves forward only. One that did not answer, stayed behind or cancelled a
question is left out, and comes back when it has all that the primary had by then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zlib import crc32

import asyncpg
from sqlalchemy import URL

from gis_service.store.pools import UNREACHABLE, WRITING, Pools, PoolSettings, connect_arguments
from gis_service.store.roles import Login

LOOKS_EVERY_S = 0.5
ANSWERS_WITHIN_S = 2.0
RETRIES_S = 1.0
_SOONEST_S = 0.005
"""A replica that lacks something is looked at after this, then after twice as long, and so on."""

_STATE = """
SELECT pg_is_in_recovery() AS copies, pg_last_wal_replay_lsn() AS replayed,
    (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
    (SELECT system_identifier FROM pg_control_system()) AS system
"""
STAND = """
SELECT pg_current_wal_flush_lsn() AS position,
    (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
    (SELECT system_identifier FROM pg_control_system()) AS system
"""
"""How far the primary's log is safe on its disk, and which log it is."""

ELSEWHERE = (
    *UNREACHABLE,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DatabaseDroppedError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
"""What a replica says that the primary would not: above all that replaying cancelled a question."""

log = logging.getLogger("gis_service.replicas")


@dataclass(slots=True)
class Asking:
    """
    A request that only reads.

    Parameters
    ----------
    reader
        Who asks.
    least
        Position in the log that the server must have replayed.
    elsewhere
        Whether it turned out that a replica cannot answer it.
    """

    reader: str
    least: int = 0
    elsewhere: bool = False


ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)
"""What is asked without it is asked of the primary."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the primary's log stood; `at` in seconds of the monotonic clock."""

    position: int
    timeline: int
    system: int
    at: float


class Replica:
    """One replica as this process sees it."""

    def __init__(
        self, name: str, urls: Mapping[Login, URL], settings: PoolSettings
    ) -> None:
        self.name = name
        self.url = urls[Login.PUBLIC]
        self.pools = Pools(
            {login: url for login, url in urls.items() if login not in WRITING}, settings
        )
        self.replayed = 0
        self.returns_at: int | None = None
        """Position that it needs to come back; None as long as it is not known."""
        self.lag_s = 0.0
        self.fault: str | None = "It was not looked at yet."
        self.wake = asyncio.Event()


class Replicas:
    """
    All replicas, and how far each is.

    Parameters
    ----------
    lag_s
        One that is further behind is left out.
    stands
        Asks the primary where its log stands.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        stands: Callable[[], Awaitable[tuple[int, int, int]]],
        *,
        lag_s: float,
    ) -> None:
        self.all = tuple(replicas)
        self._stands = stands
        self._most_lag_s = lag_s
        self._known: deque[Stand] = deque()
        self.floor = 0
        self.heard = False
        """Whether changes are heard of; else only the primary knows what is new."""
        self._primary_answers = True
        self.failures = 0
        self.answered = dict.fromkeys(("primary", *(each.name for each in self.all)), 0)
        """Questions answered since the start, by server."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        urls: Sequence[Mapping[Login, URL]],
        stands: Callable[[], Awaitable[tuple[int, int, int]]],
        settings: PoolSettings,
        *,
        lag_s: float,
    ) -> AsyncIterator[Replicas]:
        """Follow the servers until the end."""
        async with AsyncExitStack() as stack:
            replicas = [
                Replica(f"replica {number}", each, settings)
                for number, each in enumerate(urls, 1)
            ]
            for replica in replicas:
                await replica.pools.open()
                stack.push_async_callback(replica.pools.close)
            found = cls(replicas, stands, lag_s=lag_s)
            following = [asyncio.create_task(found._follow_primary())]
            following += [asyncio.create_task(found._follow(each)) for each in replicas]
            try:
                yield found
            finally:
                for task in following:
                    task.cancel()
                await asyncio.gather(*following, return_exceptions=True)

    def chosen(self, asking: Asking) -> Replica | None:
        """The replica for a request; None when the primary has to answer it."""
        if asking.elsewhere or not (self.heard or not self._primary_answers):
            return None
        least = max(self.floor, asking.least)
        fit = [each for each in self.all if each.fault is None and each.replayed >= least]
        if not fit:
            return None
        return max(fit, key=lambda each: crc32(f"{asking.reader} {each.name}".encode()))

    def needs(self, position: int) -> None:
        """Ask from now on only those who have replayed so far."""
        if position > self.floor:
            self.floor = position
            for replica in self.all:
                replica.wake.set()

    async def stand(self) -> int:
        """
        The primary's position now, which becomes the floor.

        Raises
        ------
        Unavailable
            The primary does not answer.
        """
        position, _, _ = await self._stands()
        self.needs(position)
        return position

    def forget(self) -> None:
        """The primary may be another server now, whose log begins anew."""
        self.floor = 0
        self._known.clear()
        for replica in self.all:
            self._leave_out(replica, "It was not looked at yet.")

    def failed(self, replica: Replica, error: BaseException) -> None:
        """A question to a replica came to nothing."""
        self.failures += 1
        if isinstance(error, UNREACHABLE):
            self._leave_out(replica, "It does not answer.")
        elif isinstance(error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError):
            self._leave_out(replica, "It cancelled a question, to follow the primary.")
        else:
            log.warning("%s cannot answer a question: %r", replica.name, error)

    def _leave_out(self, replica: Replica, why: str) -> None:
        if replica.fault is None:
            log.warning("%s is left out: %s", replica.name, why)
        replica.fault, replica.returns_at = why, None

    def _note(self, stand: Stand) -> None:
        self._known.append(stand)
        while len(self._known) > 1 and stand.at - self._known[0].at > 2 * self._most_lag_s + 60:
            self._known.popleft()

    async def _follow_primary(self) -> None:
        while True:
            try:
                position, timeline, system = await self._stands()
                self._note(Stand(position, timeline, system, time.monotonic()))
                self._primary_answers = True
            except Exception as error:
                self._primary_answers = False
                log.info("where the primary stands is not known: %r", error)
            await asyncio.sleep(LOOKS_EVERY_S)

    async def _follow(self, replica: Replica) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    **connect_arguments(replica.url), timeout=ANSWERS_WITHIN_S,
                    server_settings={"application_name": "gis-service follower"},
                    statement_cache_size=0,
                )
                try:
                    await self._stay(replica, connection)
                finally:
                    connection.terminate()
            except Exception as error:  # whatever it is, it is looked at again
                self._leave_out(replica, "It does not answer.")
                log.info("%s: %r", replica.name, error)
                await replica.pools.cut()
            await asyncio.sleep(RETRIES_S)

    async def _stay(self, replica: Replica, connection: asyncpg.Connection) -> None:
        pause = _SOONEST_S
        while True:
            async with connection.transaction(readonly=True):
                state = await connection.fetchrow(_STATE, timeout=ANSWERS_WITHIN_S)
            self._see(replica, state)
            replica.wake.clear()
            lacking = replica.fault is None and replica.replayed < self.floor
            pause = min(2 * pause, LOOKS_EVERY_S) if lacking else _SOONEST_S
            try:
                async with asyncio.timeout(pause if lacking else LOOKS_EVERY_S):
                    await replica.wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_SOONEST_S)

    def _see(self, replica: Replica, state: asyncpg.Record) -> None:
        """Judge a replica by what it says of itself."""
        if not self._known:
            return
        newest = self._known[-1]
        fault = None
        if not state["copies"]:
            fault = "It is no replica (any more)."
        elif state["system"] != newest.system or state["timeline"] != newest.timeline:
            fault = "It does not follow this primary, or not yet after a promotion."
        else:
            replica.replayed = state["replayed"] or 0
            replica.lag_s = self._lag_s(replica.replayed)
            if replica.lag_s > self._most_lag_s:
                fault = f"It is {replica.lag_s:.0f} s behind."
        if fault is not None:
            self._leave_out(replica, fault)
        elif replica.fault is not None:
            if replica.returns_at is None:
                replica.returns_at = max(newest.position, self.floor)
            if replica.replayed >= replica.returns_at:
                log.info("%s answers", replica.name)
                replica.fault = replica.returns_at = None

    def _lag_s(self, replayed: int) -> float:
        """How long the primary has been further than a position, as far as it was looked at."""
        beyond = [stand.at for stand in self._known if stand.position > replayed]
        return self._known[-1].at - beyond[0] if beyond else 0.0


def position_of(lsn: str) -> int:
    """A position in the log as a number; PostgreSQL writes it as two in hexadecimal."""
    high, _, low = lsn.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def lsn_of(position: int) -> str:
    """A position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
