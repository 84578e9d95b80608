"""Commands of our own that run beside the service, and end when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

ENDS_WITHIN_S = 20.0


def run_beside(
    arguments: tuple[str, ...], settings: Mapping[str, str], stopping: threading.Event
) -> int:
    """
    Run a command of ours as a process of its own; the status it ended with.

    Parameters
    ----------
    arguments
        Those after `gis`.
    settings
        Environment variables beside ours.
    stopping
        Ends the command when it is set; the status is then 0.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "gis_service", *arguments],
        env=os.environ | settings, stdin=subprocess.DEVNULL, start_new_session=True,
    )
    while (status := ended(process, 0.5)) is None:
        if stopping.is_set():
            process.terminate()
            if ended(process, ENDS_WITHIN_S) is None:
                process.kill()
                process.wait()
            return 0
    return status


def ended(process: subprocess.Popen[bytes], within_s: float) -> int | None:
    """The status of a process that ends within so many seconds, else None."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(within_s)
    return None
