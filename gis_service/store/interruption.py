"""Ctrl-C while PostgreSQL works: the statement is cancelled, not waited for."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError


@contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """
    Let Ctrl-C cancel what the connection is doing.

    A statement runs inside of libpq, where Python's handlers wait until it
    ends. The interpreter writes each signal to a wake-up socket at once, so a
    thread that listens there asks the server to cancel.

    Outside of the main thread, or when somebody else listens to signals (an
    event loop does), nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()
        yield
        return
    interrupted = threading.Event()
    driver: Any = connection.connection.driver_connection
    listener = threading.Thread(target=_listen, args=(ours, driver, interrupted), daemon=True)
    listener.start()
    try:
        yield
    except OperationalError as error:
        if interrupted.is_set() and isinstance(error.orig, QueryCanceled):
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.set_wakeup_fd(-1)
        theirs.close()
        listener.join()
        ours.close()


def _listen(signals: socket.socket, driver: Any, interrupted: threading.Event) -> None:
    while numbers := signals.recv(64):
        if signal.SIGINT in numbers:
            interrupted.set()
            driver.cancel()
