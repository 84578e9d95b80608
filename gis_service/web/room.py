"""
Letting in as many requests as the process can work at, and refusing what would wait long.

What is refused at once costs next to nothing, so that what is answered is answered soon.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from starlette.types import Scope, Send

from gis_service.web.problems import RETRY_AFTER_S
from gis_service.web.security import COMMON

_ALWAYS = ("/health/", "/static/")
"""Monitoring must hear of it, and a page that was let in must get its looks."""
_KNOWN = (b"authorization", b"x-api-key", b"cookie")
_READS = ("GET", "HEAD")
QUEUE = 4
"""So many times as many may wait as are worked at."""
LONGEST_WAIT_S = 2.0
OVERLOADED_AFTER_S = 1.0
OVERLOADED_WAIT_S = 0.2
STAFF_LONGER = 2.5
_WORDS = (
    "Too many are served at the moment. Try again in a few seconds. / "
    "Watu ni wengi kwa sasa. Jaribu tena baada ya sekunde chache."
)
_PAGE = (
    b'<!doctype html><html lang="en"><meta charset="utf-8">'
    b'<meta name="viewport" content="width=device-width">'
    b"<title>Too many are served at the moment</title>"
    b"<h1>Too many are served at the moment</h1>"
    b'<p>Please <a href="">try again</a> in a few seconds.</p>'
    b'<div lang="sw"><h2>Watu ni wengi kwa sasa</h2>'
    b'<p>Tafadhali <a href="">jaribu tena</a> baada ya sekunde chache.</p></div></html>'
)


@dataclass(frozen=True)
class _Waiter:
    since: float
    is_known: bool
    let_in: asyncio.Future[bool]


class Room:
    """
    How many requests this process works at, and how long others wait for their turn.

    A burst waits up to two seconds. When the queue has not emptied for one second, there
    are more than can be served, and waiting would only make all of them slow: then nobody
    is let in who has waited longer than 0.2 s, of those who show a key or a session 0.5 s
    (the controlled delay of Maurer, Fail at Scale, ACM Queue 13:8, 2015, after Nichols and
    Jacobson, Controlling Queue Delay, ACM Queue 10:5, 2012). Who shows one comes first.
    Changes are always let in and take no room: their bodies may come slowly, and who
    sends slowly shall not shut out others.

    Parameters
    ----------
    most
        Requests that are worked at beyond which others wait; 0 sets no limit.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._taken = 0
        self._known: deque[_Waiter] = deque()
        self._public: deque[_Waiter] = deque()
        self._emptied = clock()

    async def enter(self, scope: Scope) -> Place | None:
        """A place for a request as soon as there is one; None when it is refused."""
        if not self._most or scope["method"] not in _READS or scope["path"].startswith(_ALWAYS):
            return Place(None)
        if self._taken < self._most:
            self._emptied = self._clock()
            self._taken += 1
            return Place(self)
        if len(self._known) + len(self._public) >= self._most * QUEUE:
            return None
        is_known = any(name in _KNOWN for name, _ in scope["headers"])
        loop = asyncio.get_running_loop()
        waiter = _Waiter(self._clock(), is_known, loop.create_future())
        timer = loop.call_later(LONGEST_WAIT_S, _answer, waiter, False)
        (self._known if is_known else self._public).append(waiter)
        try:
            let_in = await waiter.let_in
        except asyncio.CancelledError:
            if waiter.let_in.done() and not waiter.let_in.cancelled() and waiter.let_in.result():
                self.leave()
            raise
        finally:
            timer.cancel()
        return Place(self) if let_in else None

    def leave(self) -> None:
        """A place is free: whoever is next and has not waited too long gets it."""
        self._taken -= 1
        while self._taken < self._most and (waiter := self._next()):
            is_let_in = self._clock() - waiter.since <= self._longest_wait_s(waiter)
            self._taken += _answer(waiter, is_let_in) and is_let_in

    def _next(self) -> _Waiter | None:
        for queue in (self._known, self._public):
            if queue:
                return queue.popleft()
        self._emptied = self._clock()
        return None

    def _longest_wait_s(self, waiter: _Waiter) -> float:
        if self._clock() - self._emptied < OVERLOADED_AFTER_S:
            return LONGEST_WAIT_S
        return OVERLOADED_WAIT_S * (STAFF_LONGER if waiter.is_known else 1)


def _answer(waiter: _Waiter, is_let_in: bool) -> bool:
    """Tell a waiter; False when it has been told before or is gone."""
    if waiter.let_in.done():
        return False
    waiter.let_in.set_result(is_let_in)
    return True


class Place:
    """What one request takes up, until its answer begins; of no room it takes nothing."""

    def __init__(self, room: Room | None) -> None:
        self._room = room

    def leave(self) -> None:
        """The answer begins, or there will be none; said again it does nothing."""
        room, self._room = self._room, None
        if room is not None:
            room.leave()


async def refuse(scope: Scope, send: Send, request_id: str) -> None:
    """Answer 503 with Retry-After, without looking at more of the request."""
    wants_page = any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )
    headers = COMMON | {
        "content-type": "text/html; charset=utf-8" if wants_page else "application/problem+json",
        "cache-control": "no-store",
        "retry-after": str(RETRY_AFTER_S),
        "x-request-id": request_id,
    }
    body = _PAGE if wants_page else orjson.dumps({
        "type": "urn:gis-service:problem:busy",
        "title": HTTPStatus.SERVICE_UNAVAILABLE.phrase,
        "status": int(HTTPStatus.SERVICE_UNAVAILABLE),
        "detail": _WORDS,
        "instance": f"urn:uuid:{request_id}",
    })
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 503, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
