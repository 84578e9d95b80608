"""Too much at once: refused at once and in order, never one long piece of work."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from gis_service.bootstrap import open_services
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.web.app import create_app
from gis_service.web.pressure import MANY, OVERLOADED_AFTER_S, TICK_S, Pressure
from tests.conftest import Databases


class Clock:
    """A clock that goes as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(path: str = "/collections", **headers: str) -> dict[str, Any]:
    return {"path": path, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}


def overloaded() -> tuple[Pressure, Clock]:
    """Ticks that have come 0.3 s late for longer than is borne."""
    clock = Clock()
    pressure = Pressure(clock)
    for _ in range(int(OVERLOADED_AFTER_S / 0.3) + 2):
        clock.now += 0.3
        pressure.tick()
    return pressure, clock


def test_one_long_piece_of_work_refuses_nobody() -> None:
    clock = Clock()
    pressure = Pressure(clock)
    clock.now += 0.9
    assert not pressure.refuses(asked(), answering=MANY)
    pressure.tick()
    clock.now += TICK_S
    pressure.tick()
    clock.now += 0.9
    assert not pressure.refuses(asked(), answering=MANY)


def test_a_queue_that_does_not_empty_refuses_those_who_waited_the_public_first() -> None:
    pressure, clock = overloaded()
    clock.now += 0.1
    assert not pressure.refuses(asked(), answering=MANY)
    clock.now += 0.15
    assert pressure.refuses(asked(), answering=MANY)
    assert not pressure.refuses(asked(authorization="Bearer x"), answering=MANY)
    assert not pressure.refuses(asked("/health/live"), answering=MANY)
    clock.now += 0.3
    assert pressure.refuses(asked(authorization="Bearer x"), answering=MANY)
    assert not pressure.refuses(asked("/static/gis.css"), answering=MANY)


def test_a_slow_machine_with_few_readers_refuses_nobody() -> None:
    pressure, clock = overloaded()
    clock.now += 0.9
    assert not pressure.refuses(asked(), answering=MANY - 1)


def test_who_comes_when_the_queue_is_short_again_is_answered() -> None:
    pressure, clock = overloaded()
    clock.now += TICK_S
    pressure.tick()
    clock.now += 0.9
    assert not pressure.refuses(asked(), answering=MANY)


@pytest.fixture
def app(databases: Databases, sample_database: Database, settings: Settings):  # type: ignore[no-untyped-def]
    addresses = databases.with_logins(sample_database)
    return create_app(settings, lambda: open_services(settings, addresses))


def test_the_refused_are_told_when_to_come_again_and_monitoring_is_answered(app: Any) -> None:
    with TestClient(app) as client:
        assert client.get("/conformance").status_code == 200
        seconds = count(1000)
        app.state.pressure._clock = lambda: float(next(seconds))
        app.state.metrics.answering += MANY
        time.sleep(0.1)
        refused = client.get("/conformance")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["x-content-type-options"] == "nosniff"
        assert refused.json()["instance"] == f"urn:uuid:{refused.headers['x-request-id']}"
        assert client.get("/health/live").status_code == 200
        app.state.metrics.answering -= MANY
        app.state.pressure._clock = time.monotonic
        time.sleep(0.2)
        assert client.get("/conformance").status_code == 200
