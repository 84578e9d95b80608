"""Too much at once: a burst waits, what would wait long is refused at once, nobody is starved."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from starlette.responses import Response
from starlette.routing import Route

from gis_service.settings import Settings
from gis_service.web import room as subject
from gis_service.web.accepting import AT_ONCE, EagerLoop
from gis_service.web.envelope import Envelope
from gis_service.web.lines import Kinds
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


async def nothing(_request: object) -> Response:
    return Response()


KINDS = Kinds([
    Route(path, nothing) for path in (
        "/collections", "/collections/{id}/items", "/collections/{id}/items/{item}",
        "/collections/{id}/tiles/{set}", "/processes/{id}/execution",
    )
])
BOX, TILE = "/collections/wards/items", "/collections/wards/tiles/9"
OUTAGE = "/processes/outage-impact/execution"


def room_of(most: int, clock: Clock | None = None) -> Room:
    return Room(most, KINDS) if clock is None else Room(most, KINDS, clock)


class Crowd:
    """Requests that come and stay until they are told to go, and the order they were let in."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._places: list[tuple[str, Place]] = []
        self.order: list[str] = []
        self.refused: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, name: str, number: int = 1, **scope: str) -> None:
        self.tasks += [asyncio.create_task(self._one(name, scope)) for _ in range(number)]
        for _ in range(2):  # they come, and whom they displace hears of it
            await asyncio.sleep(0)

    async def _one(self, name: str, scope: dict[str, str]) -> None:
        place = await self._room.enter(asked(**scope))
        if place is None:
            self.refused.append(name)
        else:
            self.order.append(name)
            self._places.append((name, place))

    async def go(self, name: str = "") -> None:
        """The first of a name goes; of any name when none is said."""
        found = next(each for each in self._places if each[0].startswith(name))
        self._places.remove(found)
        found[1].leave()
        found[1].leave()
        await asyncio.sleep(0)

    def inside(self) -> list[str]:
        return sorted(name for name, _ in self._places)

    async def end(self) -> None:
        """Everybody goes, whoever waits is let in and goes."""
        while self._places:
            await self.go()


def test_a_burst_waits_its_turn() -> None:
    async def test() -> None:
        crowd = Crowd(room_of(1))
        for name in ("one", "two", "three"):
            await crowd.come(name)
        assert crowd.order == ["one"]
        await crowd.end()
        assert crowd.order == ["one", "two", "three"]

    run(test)


def test_places_are_shared_evenly_among_kinds_however_many_come_of_one() -> None:
    async def test() -> None:
        crowd = Crowd(room_of(4))
        await crowd.come("outage", 8, path=OUTAGE)
        assert crowd.inside() == ["outage"] * 3  # one place stays for others
        await crowd.come("tile", 8, path=TILE)
        assert crowd.inside() == ["outage"] * 3 + ["tile"]
        await crowd.come("box", 2, path=BOX)
        for _ in range(3):
            await crowd.go("outage")
        assert crowd.inside() == ["box", "outage", "outage", "tile"]
        await crowd.go("box")
        assert crowd.inside() == ["box", "outage", "outage", "tile"]
        await crowd.go("box")
        assert crowd.inside() == ["outage", "outage", "tile", "tile"]
        await crowd.end()
        assert len(crowd.order) == 18

    run(test)


def test_those_with_a_key_and_those_without_have_half_the_places_each() -> None:
    async def test() -> None:
        crowd = Crowd(room_of(4))
        for path in (BOX, TILE, OUTAGE):
            await crowd.come("public", 5, path=path)
        await crowd.come("staff", 5, path=BOX, authorization="Bearer x")
        assert crowd.inside() == ["public"] * 4
        for _ in range(2):
            await crowd.go("public")
        await crowd.go("staff")
        await crowd.go("public")
        assert crowd.inside() == ["public", "public", "staff", "staff"]
        await crowd.end()
        assert crowd.refused == []

    run(test)


def test_a_kind_that_is_filtered_is_another_and_made_up_addresses_are_all_one() -> None:
    plain, filtered = asked(BOX), asked(BOX) | {"query_string": b"limit=9&filter=a%3D1"}
    assert KINDS.of(plain) != KINDS.of(filtered)
    assert KINDS.of(plain) == KINDS.of(asked("/collections/roads/items/1"))
    assert KINDS.of(plain) != KINDS.of(asked(BOX, cookie="gis_session=x"))
    assert KINDS.of(plain) != KINDS.of(asked(TILE))
    made_up = {KINDS.of(asked(path)) for path in ("/a", "/b/c", "/b/c/d", "/collections/a/b")}
    assert len(made_up) == 1


def test_a_line_that_does_not_empty_refuses_whoever_waited_the_public_first() -> None:
    async def test() -> None:
        clock = Clock()
        crowd = Crowd(room_of(2, clock))
        await crowd.come("first", 2, path=TILE)
        for name, headers in (("public", {}), ("staff", {"cookie": "gis_session=x"})):
            await crowd.come(f"{name} early", path=BOX, **headers)
        clock.now += OVERLOADED_AFTER_S + 0.1
        for name, headers in (("public", {}), ("staff", {"cookie": "gis_session=x"})):
            await crowd.come(f"{name} late", path=BOX, **headers)
        clock.now += OVERLOADED_WAIT_S + 0.1
        await crowd.end()
        assert sorted(crowd.refused) == ["public early", "public late", "staff early"]
        assert "staff late" in crowd.order

    run(test)


def test_a_line_that_was_empty_a_moment_ago_lets_them_wait() -> None:
    async def test() -> None:
        clock = Clock()
        crowd = Crowd(room_of(1, clock))
        await crowd.come("first")
        clock.now += 10 * OVERLOADED_AFTER_S
        await crowd.come("waiting")
        clock.now += OVERLOADED_AFTER_S - 0.1
        await crowd.go("first")
        assert crowd.inside() == ["waiting"]

    run(test)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LONGEST_WAIT_S", 0.01)

    async def test() -> None:
        room = room_of(1)
        first = await taken(room)
        assert await room.enter(asked()) is None
        first.leave()
        await taken(room)

    run(test)


def test_the_queue_has_an_end_and_who_goes_leaves_the_place_to_others() -> None:
    async def test() -> None:
        room = room_of(2)
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


def test_when_nobody_more_may_wait_the_longest_line_makes_room_for_a_shorter_one() -> None:
    async def test() -> None:
        crowd = Crowd(room_of(2))
        await crowd.come("tile", 2, path=TILE)
        await crowd.come("outage", 2 * QUEUE, path=OUTAGE)
        await crowd.come("outage", 1, path=OUTAGE)
        assert crowd.refused == ["outage"]
        await crowd.come("box", 2, path=BOX)
        assert crowd.refused == ["outage"] * 3
        await crowd.end()
        assert sorted(set(crowd.order[2:6])) == ["box", "outage"]
        assert len(crowd.order) == 2 + 2 * QUEUE

    run(test)


def test_without_a_limit_all_are_let_in() -> None:
    async def test() -> None:
        room = room_of(0)
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
        app = Envelope(inner, settings=settings, metrics=Metrics(), kinds=Kinds())
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
