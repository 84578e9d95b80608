"""Refusing at once what would only wait, so that what is answered is answered soon."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import Scope, Send

from gis_service.web.problems import RETRY_AFTER_S
from gis_service.web.security import COMMON

TICK_S = 0.02
CALM_S = 0.05
OVERLOADED_AFTER_S = 1.0
MANY = 32
"""Requests at one time; with fewer it is the machine that is slow, and refusing would not help."""
PUBLIC_WAITS_S = 0.2
STAFF_WAITS_S = 0.5
_ALWAYS = ("/health/", "/static/")
"""Monitoring must hear of it, and a page that was let in must get its looks."""
_KNOWN = (b"authorization", b"cookie")
_WORDS = (
    "Too many are served at the moment. Try again in a few seconds. / "
    "Watu ni wengi kwa sasa. Jaribu tena baada ya sekunde chache."
)


class Pressure:
    """
    How long this process lets those wait who come next.

    A tick is due every 20 ms; as long as it is late, requests wait for the one thread
    that answers. Like CoDel (Nichols and Jacobson, Controlling Queue Delay, ACM Queue,
    2012) it minds only a queue that does not empty: when no tick was in time for a
    second and many requests are being answered, those that waited for 0.2 s, of staff
    0.5 s, are refused, which costs next to nothing, until the queue is short again.
    One long piece of work refuses nobody.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ticked = self._calm = clock()

    def tick(self) -> None:
        """Note that the thread came round; to be called every `TICK_S`."""
        now = self._clock()
        if now - self._ticked < TICK_S + CALM_S:
            self._calm = now
        self._ticked = now

    async def keep_ticking(self) -> None:
        """Tick until cancelled."""
        self._ticked = self._calm = self._clock()
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def refuses(self, scope: Scope, *, answering: int) -> bool:
        """
        Whether a request that is looked at now came to a queue that is too long.

        Parameters
        ----------
        answering
            Requests that are being answered, with this one.
        """
        if answering < MANY:
            return False
        now = self._clock()
        waited = now - self._ticked
        if waited < PUBLIC_WAITS_S or now - self._calm < OVERLOADED_AFTER_S:
            return False
        if scope["path"].startswith(_ALWAYS):
            return False
        is_known = any(name in _KNOWN for name, _ in scope["headers"])
        return not is_known or waited >= STAFF_WAITS_S


async def refuse(send: Send, request_id: str) -> None:
    """Answer 503 with Retry-After, without looking at the request."""
    document = {
        "type": "urn:gis-service:problem:busy",
        "title": HTTPStatus.SERVICE_UNAVAILABLE.phrase,
        "status": int(HTTPStatus.SERVICE_UNAVAILABLE),
        "detail": _WORDS,
        "instance": f"urn:uuid:{request_id}",
    }
    headers = COMMON | {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "retry-after": str(RETRY_AFTER_S),
        "x-request-id": request_id,
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 503, "headers": encoded})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
