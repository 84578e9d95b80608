"""How many requests one caller may send."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from math import ceil

from starlette.types import Scope

from gis_service.errors import TooManyRequests
from gis_service.settings import Settings
from gis_service.web.callers import client_address, forwarded_for
from gis_service.web.principal import FOR_ALL, Identity

BURST_S = 10.0
"""Who was silent may send what is allowed in so many seconds at once."""
MOST_CALLERS = 10_000

_Peer = tuple[str, str]


class Buckets:
    """
    A bucket of tokens for each caller, filled at a steady rate.

    The callers who came first are forgotten beyond `MOST_CALLERS`, so memory
    stays bounded; each worker counts for itself.

    Parameters
    ----------
    per_s
        Requests per second that a caller may send for ever; 0 sets no limit.
    """

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._most = max(1.0, per_s * BURST_S)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """
        Take a token.

        Raises
        ------
        TooManyRequests
            There is none; it says after how many seconds there is one again.
        """
        if not self._per_s:
            return
        now = self._clock()
        known = self._left.get(caller)
        if known is None:
            while len(self._left) >= MOST_CALLERS:
                del self._left[next(iter(self._left))]
            left = self._most
        else:
            left = min(self._most, known[0] + (now - known[1]) * self._per_s)
        if left < 1:
            self._left[caller] = (left, now)
            raise TooManyRequests(max(1, ceil((1 - left) / self._per_s)))
        self._left[caller] = (left - 1, now)


class Limits:
    """
    Limits by key, and by address for who shows none.

    Who asks from this machine itself, and not through a proxy on it, has none.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = Buckets(settings.key_rate, clock)
        self._addresses = Buckets(settings.public_rate, clock)
        self._trusted = settings.trusted_networks
        self._callers: dict[_Peer, str | None] = {}

    def check(self, scope: Scope, identity: Identity) -> None:
        """
        Count a request of somebody who is known by now.

        Raises
        ------
        TooManyRequests
            There were too many.
        """
        key_id = identity.principal.key_id
        if key_id is not None:
            self._keys.take(key_id)
        elif not scope["path"].startswith(FOR_ALL):
            self.check_address(scope)

    def check_address(self, scope: Scope) -> None:
        """As `check`, for somebody who is not known."""
        caller = self._caller(scope)
        if caller is not None:
            self._addresses.take(caller)

    def _caller(self, scope: Scope) -> str | None:
        """Whose requests are counted together; None for this machine."""
        client = scope.get("client")
        peer = (client[0] if client else "", forwarded_for(scope))
        try:
            return self._callers[peer]
        except KeyError:
            pass
        if len(self._callers) >= MOST_CALLERS:
            self._callers.clear()
        here = not peer[1] and _is_here(peer[0])
        self._callers[peer] = caller = None if here else client_address(scope, self._trusted)
        return caller


def _is_here(host: str) -> bool:
    """Whether a peer is this machine; one without an IP address comes by a socket file."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
