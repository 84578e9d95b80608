"""`gis worker`: the process that does long work."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import threading
import time

import click

from gis_service.installation import addresses_of
from gis_service.logs import set_up
from gis_service.services.worker import Worker
from gis_service.settings import read_settings

_PR_SET_PDEATHSIG = 1

log = logging.getLogger("gis_service.worker")


@click.command()
@click.option("--parent", type=int, hidden=True, help="End with this process.")
@click.option("--until-idle", is_flag=True, help="End when no job waits.")
def worker(parent: int | None, until_idle: bool) -> None:
    """
    Do the long work that is queued; `gis up` and `gis serve` start one by themselves.

    Several may run beside one another. They need the service's GIS_HOME, where
    the files lie that are to be loaded, and a database that runs.

    \b
      ./gis worker
      ./gis worker --until-idle     for a timetable such as cron
    """
    if parent is not None:
        _end_with(parent)
    settings = read_settings()
    set_up(settings.log_format)
    with contextlib.suppress(KeyboardInterrupt):
        addresses = addresses_of(settings)
        Worker(
            settings, addresses.logins, within=lambda scope: addresses.of_scope(scope).logins
        ).run(until_idle=until_idle)


def _end_with(parent: int) -> None:
    """Get SIGTERM when `parent` ends, even if it was killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    """Where the kernel does not tell, or the parent ended before it was asked to."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
