"""
Letting in as many requests as the process can work at, and refusing what would wait long.

What is refused at once costs next to nothing, so that what is answered is answered soon.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import orjson
from starlette.types import Scope, Send

from gis_service.web.lines import Kinds, Line, Waiter
from gis_service.web.problems import RETRY_AFTER_S
from gis_service.web.security import COMMON

_ALWAYS = ("/health/", "/static/")
"""Monitoring must hear of it, and a page that was let in must get its looks."""
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


class Room:
    """
    How many requests this process works at, and how long others wait for their turn.

    Each kind of question has a line of its own, of those who show a key or a session and
    of the others. A place that is free goes to that half, those with a key or the others,
    of which fewer are worked at, and in it to the line of which fewest are: so places, and
    with them the processor, are shared evenly among the lines that want them. What is cheap
    leaves soon and hardly waits; what is dear gets no more than its share, however much of
    it comes. No line takes more than three quarters of all places.

    A burst waits up to two seconds. When a line has not emptied for one second, more come
    than can be served, and waiting would only make all of them slow: then nobody there is
    let in who has waited longer than 0.2 s, of those who show a key or a session 0.5 s
    (the controlled delay of Maurer, Fail at Scale, ACM Queue 13:8, 2015, after Nichols and
    Jacobson, Controlling Queue Delay, ACM Queue 10:5, 2012; a line each as in Hoeiland-
    Joergensen et al., FlowQueue-CoDel, RFC 8290, 2018). Changes are always let in and take
    no room: their bodies may come slowly, and who sends slowly shall not shut out others.

    Parameters
    ----------
    most
        Requests that are worked at beyond which others wait; 0 sets no limit.
    """

    def __init__(
        self, most: int, kinds: Kinds, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_of_line = most - most // 4
        self._kinds = kinds
        self._clock = clock
        self._taken = 0
        self._waiting = 0
        self._taken_by = {True: 0, False: 0}
        self._lines: dict[tuple[bool, str], Line] = {}

    async def enter(self, scope: Scope) -> Place | None:
        """A place for a request as soon as there is one; None when it is refused."""
        if not self._most or scope["method"] not in _READS or scope["path"].startswith(_ALWAYS):
            return Place()
        line = self._line(scope)
        if self._may_enter(line):
            self._take(line)
            return Place(partial(self._left, line))
        if self._waiting >= self._most * QUEUE and not self._displaced(line):
            return None
        return await self._turn(line)

    def _left(self, line: Line) -> None:
        """A place is free: whoever is next and has not waited too long gets it."""
        self._taken -= 1
        self._taken_by[line.is_known] -= 1
        line.taken -= 1
        while self._taken < self._most and (following := self._next()):
            waiter = following.waiting.popleft()
            self._waiting -= 1
            is_let_in = self._clock() - waiter.since <= self._longest_wait_s(following)
            if waiter.answer(is_let_in) and is_let_in:
                self._take(following)

    async def _turn(self, line: Line) -> Place | None:
        if not line.waiting:
            line.emptied = self._clock()
        loop = asyncio.get_running_loop()
        waiter = Waiter(self._clock(), loop.create_future())
        timer = loop.call_later(self._longest_wait_s(line), waiter.answer, False)
        line.waiting.append(waiter)
        self._waiting += 1
        try:
            let_in = await waiter.let_in
        except asyncio.CancelledError:
            if waiter.let_in.done() and not waiter.let_in.cancelled() and waiter.let_in.result():
                self._left(line)
            raise
        finally:
            timer.cancel()
        return Place(partial(self._left, line)) if let_in else None

    def _line(self, scope: Scope) -> Line:
        key = self._kinds.of(scope)
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = line = Line(key[0], self._clock())
        return line

    def _may_enter(self, line: Line) -> bool:
        return self._taken < self._most and line.taken < self._most_of_line

    def _take(self, line: Line) -> None:
        self._taken += 1
        self._taken_by[line.is_known] += 1
        line.taken += 1

    def _next(self) -> Line | None:
        """The line whose turn it is."""
        return min(
            (each for each in self._lines.values() if each.waiting and self._may_enter(each)),
            key=lambda each: (self._taken_by[each.is_known], each.taken, each.waiting[0].since),
            default=None,
        )

    def _displaced(self, line: Line) -> bool:
        """Whether somebody of a longer line is sent away, so that this one can wait."""
        longest = max(self._lines.values(), key=lambda each: len(each.waiting))
        if len(longest.waiting) <= len(line.waiting) + 1:
            return False
        self._waiting -= 1
        longest.waiting.pop().answer(False)
        return True

    def _longest_wait_s(self, line: Line) -> float:
        if self._clock() - line.emptied < OVERLOADED_AFTER_S:
            return LONGEST_WAIT_S
        return OVERLOADED_WAIT_S * (STAFF_LONGER if line.is_known else 1)


class Place:
    """What one request takes up, until its answer begins; of no room it takes nothing."""

    def __init__(self, leave: Callable[[], None] | None = None) -> None:
        self._leave = leave

    def leave(self) -> None:
        """The answer begins, or there will be none; said again it does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


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
