"""Too much at once: a burst waits, what would wait long is refused at once, staff come first."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from gis_service.settings import Settings
from gis_service.web import room as subject
from gis_service.web.accepting import AT_ONCE, EagerLoop
from gis_service.web.envelope import Envelope
from gis_service.web.metrics import Metrics
from gis_service.web.room import OVERLOADED_AFTER_S, OVERLOADED_WAIT_S, QUEUE, Place, Room


class Clock:
    """A clock that goes as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(path: str = "/collections", method: str = "GET", **headers: str) -> dict[str, Any]:
    return {
        "type": "http", "path": path, "method": method, "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]


async def taken(room: Room, **scope: str) -> Place:
    place = await room.enter(asked(**scope))
    assert place is not None
    return place


def test_a_burst_waits_its_turn_and_who_shows_a_key_comes_first() -> None:
    async def test() -> None:
        room = Room(1)
        first = await taken(room)
        order: list[str] = []

        async def come(name: str, **headers: str) -> None:
            place = await room.enter(asked(**headers))
            assert place is not None
            order.append(name)
            await asyncio.sleep(0)
            place.leave()

        waiting = [
            asyncio.create_task(come("one")),
            asyncio.create_task(come("two")),
            asyncio.create_task(come("staff", authorization="Bearer x")),
        ]
        await asyncio.sleep(0)
        assert order == []
        first.leave()
        first.leave()
        await asyncio.gather(*waiting)
        assert order == ["staff", "one", "two"]

    run(test)


def test_a_queue_that_does_not_empty_refuses_whoever_waited_the_public_first() -> None:
    async def test() -> None:
        clock = Clock()
        room = Room(1, clock)
        places = [await taken(room)]
        clock.now += OVERLOADED_AFTER_S + 0.1
        public = asyncio.create_task(room.enter(asked()))
        staff = asyncio.create_task(room.enter(asked(cookie="gis_session=x")))
        await asyncio.sleep(0)
        clock.now += OVERLOADED_WAIT_S + 0.1
        places.pop().leave()
        place = await staff
        assert place is not None
        place.leave()
        assert await public is None
        await taken(room)

    run(test)


def test_a_queue_that_was_empty_a_moment_ago_lets_them_wait() -> None:
    async def test() -> None:
        clock = Clock()
        room = Room(1, clock)
        first = await taken(room)
        waiting = asyncio.create_task(room.enter(asked()))
        await asyncio.sleep(0)
        clock.now += OVERLOADED_AFTER_S - 0.1
        first.leave()
        assert await waiting is not None

    run(test)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LONGEST_WAIT_S", 0.01)

    async def test() -> None:
        room = Room(1)
        first = await taken(room)
        assert await room.enter(asked()) is None
        first.leave()
        await taken(room)

    run(test)


def test_the_queue_has_an_end_and_who_goes_leaves_the_place_to_others() -> None:
    async def test() -> None:
        room = Room(2)
        held = [await taken(room), await taken(room)]
        waiting = [asyncio.create_task(room.enter(asked())) for _ in range(2 * QUEUE)]
        await asyncio.sleep(0)
        assert await room.enter(asked()) is None
        assert await room.enter(asked("/health/ready")) is not None
        assert await room.enter(asked("/static/gis.css")) is not None
        assert await room.enter(asked(method="POST")) is not None
        waiting[0].cancel()
        held.pop().leave()
        waiting[1].cancel()  # it was let in and does not know it yet
        await asyncio.sleep(0)
        assert await waiting[2] is not None

    run(test)


def test_without_a_limit_all_are_let_in() -> None:
    async def test() -> None:
        room = Room(0)
        for _ in range(1000):
            await taken(room)

    run(test)


async def answered(app: Envelope, scope: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    status, headers, body = 0, {}, b""

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            body += message.get("body", b"")

    state = {"services": None}
    await app({**scope, "state": state}, receive, send)  # type: ignore[arg-type]
    return status, headers, body


def test_the_refused_are_told_when_to_come_again_and_a_slow_download_takes_no_room() -> None:
    async def test() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/later":
                begun.set()
                await go_on.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            if scope["path"] == "/download":
                begun.set()
                await go_on.wait()
            await send({"type": "http.response.body", "body": b""})

        settings = Settings(_env_file=None, requests_at_once=1)  # type: ignore[call-arg]
        app = Envelope(inner, settings=settings, metrics=Metrics())
        download = asyncio.create_task(answered(app, asked("/download")))
        await begun.wait()
        assert (await answered(app, asked()))[0] == 200

        begun.clear()
        held = asyncio.create_task(answered(app, asked("/later")))
        await begun.wait()
        waiting = [asyncio.create_task(answered(app, asked())) for _ in range(QUEUE)]
        await asyncio.sleep(0)
        status, headers, body = await answered(app, asked())
        assert (status, headers["retry-after"]) == (503, "5")
        assert headers["content-type"] == "application/problem+json"
        assert headers["x-content-type-options"] == "nosniff"
        problem = orjson.loads(body)
        assert problem["instance"] == f"urn:uuid:{headers['x-request-id']}"
        status, headers, body = await answered(app, asked(accept="text/html,*/*;q=0.8"))
        assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert b'lang="sw"' in body
        assert b"style" not in body

        go_on.set()
        assert [(await task)[0] for task in (download, held, *waiting)] == [200] * (QUEUE + 2)

    run(test)


def test_all_connections_that_wait_are_taken_and_not_one_each_round() -> None:
    coming = 10 * AT_ONCE

    async def test() -> int:
        loop = asyncio.get_running_loop()
        came = 0

        class Protocol(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                nonlocal came
                came += 1

        doors = await loop.create_server(Protocol, "127.0.0.1", 0)
        address = doors.sockets[0].getsockname()
        clients = [socket.create_connection(address) for _ in range(coming)]
        rounds = 0
        while came < coming:
            rounds += 1
            await asyncio.sleep(0)
        doors.close()
        await doors.wait_closed()
        for each in clients:
            each.close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address)
        return rounds

    loop = EagerLoop()
    try:
        assert loop.run_until_complete(test()) < coming / 4
    finally:
        loop.close()
