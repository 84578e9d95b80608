"""Clients that hold a connection by sending next to nothing, floods of ranges, foreign hosts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from gis_service.web.slow_clients import LEAST_BYTES, PatientProtocol
from tests.conftest import free_port

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"


class Hasty(PatientProtocol):
    """The same in tenths of seconds."""

    head_within_s = 0.5
    look_every_s = 0.5


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"])])
    server = uvicorn.Server(
        uvicorn.Config(app, port=number, http=Hasty, log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    thread.join(10)


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.settimeout(20)
    return connection


def ended(connection: socket.socket) -> bool:
    """Whether the server has cut the connection without an answer."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def refused(connection: socket.socket, piece: bytes) -> bool:
    """Whether the connection is gone by the time that a little more is sent."""
    time.sleep(0.05)
    try:
        connection.sendall(piece)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("sent", [b"", b"GE", HEAD, HEAD + b"\r\n", HEAD + b"\r\nabc"])
def test_a_request_that_does_not_come_on_is_cut(port: int, sent: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(sent)
        assert ended(connection)


def test_a_byte_now_and_then_holds_nothing(port: int) -> None:
    """Headers, and a body, that trickle without end."""
    for begin, piece in ((HEAD, b"X-A: b\r\n"), (HEAD + b"\r\n", b"a")):
        with connected(port) as connection:
            connection.sendall(begin)
            assert any(refused(connection, piece) for _ in range(200))


def test_a_slow_phone_and_a_connection_that_is_kept_are_served(port: int) -> None:
    body = b"a" * 4 * LEAST_BYTES
    with connected(port) as connection:
        for _ in range(2):
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            for at in range(0, len(body), LEAST_BYTES // 2):
                connection.sendall(body[at : at + LEAST_BYTES // 2])
                time.sleep(0.12)
            answer = connection.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.endswith(str(len(body)).encode())
            time.sleep(0.7)


def test_hosts_and_forwarded_addresses_stand_in_no_answer(app_client: TestClient) -> None:
    """Links name the service's own address, whatever a request says of it."""
    foreign = {
        "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example;proto=gopher", "X-Forwarded-Prefix": "/evil",
        "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil",
    }
    for path in ("/", "/api", "/collections/offices/items?limit=2", "/tiles", "/maps/coverage",
                 "/public/catalog.jsonld", "/collections/offices", "/nothing-here"):
        answer = app_client.get(path, headers=foreign)
        told = answer.text + repr(answer.headers)
        assert "evil" not in told, path
        assert "gopher" not in told, path
        plain = app_client.get(path)
        assert plain.status_code == answer.status_code


def test_a_flood_of_ranges_costs_nothing(app_client: TestClient) -> None:
    """Ten thousand overlapping ranges of a static file, and a range that never ends."""
    for ranges in (",".join(f"{n}-" for n in range(10_000)), "0-" * 50_000, "0-0," * 3_000):
        began = time.process_time()
        answer = app_client.get("/static/gis.css", headers={"Range": f"bytes={ranges}"})
        assert answer.status_code in {200, 206, 400, 416}
        assert len(answer.content) < 5_000_000
        assert time.process_time() - began < 2
