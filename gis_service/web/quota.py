"""How often one address may do something in an hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

from gis_service.model.citizen_reports import TooManyReports

WITHIN_S = 3600.0
MOST_ADDRESSES = 4096


class Quota:
    """
    What each address did in the last hour.

    Surplus addresses are forgotten, the oldest first, so memory stays bounded;
    each worker counts for itself.

    Parameters
    ----------
    most
        So often within an hour; 0 sets no limit.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._at: dict[str, list[float]] = {}

    def take(self, address: str) -> None:
        """Count once; raises `TooManyReports` when an address did it too often."""
        if not self._most:
            return
        now = self._clock()
        times = [at for at in self._at.pop(address, ()) if at > now - WITHIN_S]
        if len(times) >= self._most:
            self._at[address] = times
            raise TooManyReports(max(1, ceil(times[0] + WITHIN_S - now)))
        while len(self._at) >= MOST_ADDRESSES:
            del self._at[next(iter(self._at))]
        self._at[address] = [*times, now]
