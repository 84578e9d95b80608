"""
Connections that give up on a database that neither answers nor goes away.

PostgreSQL's own time limits say nothing when the network swallows their message,
or when the server's machine stands still; libpq then waits for ever. A thread
closes the socket under it, and libpq takes that for a server that has gone.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg2.extensions import connection as _Connection  # noqa: N812 - a class
from psycopg2.extensions import cursor as _Cursor  # noqa: N812

PING = "SELECT 1"
PING_S = 2.0
"""For the question whether a connection that was kept still lives."""
_LOOK_EVERY_S = 0.25


class _Watch:
    """One thread for all connections of the process, begun when it is first needed."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limiting(self, descriptor: int, seconds: float) -> Iterator[None]:
        with self._guard:
            self._until[descriptor] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="patience", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._guard:
                self._until.pop(descriptor, None)

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_S)
            now = time.monotonic()
            with self._guard:  # so that no descriptor is closed and used for another meanwhile
                for descriptor in [d for d, until in self._until.items() if until < now]:
                    del self._until[descriptor]
                    _shut_down(descriptor)


_watch = _Watch()


class PatientCursor(_Cursor):
    """A cursor of a `PatientConnection`."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
        """Run a statement for as long as its connection waits."""
        connection: PatientConnection = self.connection  # type: ignore[assignment]
        with connection.limited(PING_S if query == PING else connection.patience_s):
            super().execute(query, vars)


class PatientConnection(_Connection):
    """
    A connection that breaks when one of its statements is not answered in time.

    `patience_s` is that time in seconds; None is for ever, but for the question
    whether it still lives.
    """

    patience_s: float | None = None

    def cursor(self, *args: Any, **options: Any) -> Any:
        """A cursor that is watched."""
        return super().cursor(*args, **{"cursor_factory": PatientCursor, **options})

    def commit(self) -> None:
        """Commit; an error leaves open whether it was done."""
        with self.limited(self.patience_s):
            super().commit()

    def rollback(self) -> None:
        """Roll back."""
        with self.limited(self.patience_s):
            super().rollback()

    @contextmanager
    def limited(self, seconds: float | None) -> Iterator[None]:
        """Break the connection when the block takes longer."""
        if seconds is None or self.closed:
            yield
            return
        with _watch.limiting(self.fileno(), seconds):
            yield


def _shut_down(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as again:
        again.shutdown(socket.SHUT_RDWR)
