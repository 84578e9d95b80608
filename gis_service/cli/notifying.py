"""What systemd is told of the service, and whether it keeps what is printed."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ADDRESS = "NOTIFY_SOCKET"
_LOOKS_EVERY_S = 0.2


@contextmanager
def systemd_told(answers: Callable[[], bool]) -> Iterator[None]:
    """
    Tell systemd when the service answers, and when the block ends.

    The protocol is that of sd_notify(3): datagrams to the socket that
    `NOTIFY_SOCKET` names. Without one, nothing is told.

    Parameters
    ----------
    answers
        Whether the service can do its work.
    """
    address = os.environ.pop(_ADDRESS, "")
    if not address:
        yield
        return
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(_LOOKS_EVERY_S):
            if answers():
                _tell(address, "READY=1\nSTATUS=Serving.")
                return

    watcher = threading.Thread(target=watch, name="systemd", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join()
        _tell(address, "STOPPING=1\nSTATUS=Ending.")


def printed_to_journal() -> bool:
    """
    Whether what is printed is kept in systemd's journal, where no key belongs.

    `JOURNAL_STREAM` holds device and inode of the stream, since the variable
    alone is passed on to programs that print elsewhere: systemd.exec(5).
    """
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    with suppress(OSError, ValueError):
        found = os.fstat(1)
        return (found.st_dev, found.st_ino) == (int(device), int(inode))
    return False


def _tell(address: str, state: str) -> None:
    # a name that begins with @ stands for one of Linux's abstract sockets
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect(name)
        client.send(state.encode())
