"""Too many at once: callers are limited, and queues are bounded."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gis_service.crs import served_crs
from gis_service.errors import Busy, TooManyRequests, Unavailable
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.ogc.openapi import openapi
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.web.limits import BURST_S, MOST_CALLERS, Buckets, Limits
from gis_service.web.principal import Identity
from tests.conftest import Databases, new_key
from tests.leaks.asking import Question, opened
from tests.test_changes import until

ELSEWHERE = {"x-forwarded-for": "8.8.8.8"}


def taken(buckets: Buckets, caller: str, times: int) -> int:
    """How many of so many tokens there were."""
    found = 0
    for _ in range(times):
        try:
            buckets.take(caller)
        except TooManyRequests:
            continue
        found += 1
    return found


def test_a_burst_then_a_steady_rate_for_each_caller() -> None:
    now = [0.0]
    buckets = Buckets(2.0, clock=lambda: now[0])
    assert taken(buckets, "a", 100) == 2 * BURST_S
    assert taken(buckets, "b", 1) == 1
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("a")
    assert refused.value.retry_after_s == 1
    now[0] += refused.value.retry_after_s
    assert taken(buckets, "a", 100) == 2
    now[0] += 3600
    assert taken(buckets, "a", 100) == 2 * BURST_S


@given(
    st.floats(0.1, 50), st.lists(st.floats(0, 5), min_size=1, max_size=200)
)
def test_never_more_than_the_burst_and_the_rate(per_s: float, pauses: list[float]) -> None:
    now = [0.0]
    buckets = Buckets(per_s, clock=lambda: now[0])
    found = 0
    for pause in pauses:
        now[0] += pause
        found += taken(buckets, "a", 3)
        assert found <= max(1.0, per_s * BURST_S) + per_s * now[0] + 1e-6


@given(st.floats(0.1, 50))
def test_who_waits_as_long_as_told_is_served(per_s: float) -> None:
    now = [0.0]
    buckets = Buckets(per_s, clock=lambda: now[0])
    taken(buckets, "a", 1_000)
    for _ in range(5):
        try:
            buckets.take("a")
        except TooManyRequests as refused:
            now[0] += refused.retry_after_s
            buckets.take("a")


def test_memory_is_bounded_and_no_rate_is_no_limit() -> None:
    buckets = Buckets(1.0)
    for number in range(MOST_CALLERS + 500):
        buckets.take(str(number))
    assert len(buckets._left) == MOST_CALLERS
    assert taken(Buckets(0.0), "a", 10_000) == 10_000


def scope(host: str | None, forwarded: str = "", path: str = "/collections") -> dict[str, object]:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    client = (host, 1) if host else None
    return {"type": "http", "path": path, "headers": headers, "client": client}


@pytest.mark.parametrize(
    ("host", "forwarded", "path", "limited"),
    [
        ("8.8.8.8", "", "/collections", True),
        ("8.8.8.8", "127.0.0.1", "/collections", True),
        ("127.0.0.1", "8.8.8.8", "/collections", True),
        ("2001:db8::1", "", "/collections", True),
        ("10.0.0.7", "", "/collections", True),
        ("10.0.0.7", "127.0.0.1", "/collections", True),
        ("127.0.0.1", "", "/collections", False),
        ("::1", "", "/collections", False),
        (None, "", "/collections", False),
        ("8.8.8.8", "", "/health/live", False),
        ("8.8.8.8", "", "/static/gis.css", False),
    ],
)
def test_who_is_limited(
    settings: Settings, host: str | None, forwarded: str, path: str, limited: bool
) -> None:
    limits = Limits(settings.model_copy(update={"public_rate": 0.1}))
    asked = scope(host, forwarded, path)
    limits.check(asked, Identity())
    if limited:
        with pytest.raises(TooManyRequests):
            limits.check(asked, Identity())
    else:
        limits.check(asked, Identity())


def test_addresses_are_remembered_in_bounded_memory(settings: Settings) -> None:
    limits = Limits(settings)
    for number in range(MOST_CALLERS + 500):
        limits.check(scope("127.0.0.1", f"8.8.{number % 250}.{number // 250}"), Identity())
    assert len(limits._callers) <= MOST_CALLERS


def test_keys_are_counted_by_themselves(settings: Settings) -> None:
    limits = Limits(settings.model_copy(update={"public_rate": 0.1, "key_rate": 0.1}))
    one, other = (
        Identity(Principal(Audience.PLANNER, key_id=name)) for name in ("one", "other")
    )
    asked = scope("8.8.8.8")
    limits.check(asked, one)
    limits.check(asked, other)
    limits.check(asked, Identity(PUBLIC))
    for each in (one, other, Identity(PUBLIC)):
        with pytest.raises(TooManyRequests):
            limits.check(asked, each)


def test_over_http(databases: Databases, sample_database: Database, settings: Settings) -> None:
    """429 with Retry-After, for keys that open nothing too; a key has its own limit."""
    addresses = databases.with_logins(sample_database)
    key = {"authorization": f"Bearer {new_key(sample_database)}"}
    few = settings.model_copy(update={"public_rate": 0.3, "key_rate": 0.3})

    async def ask() -> None:
        async with opened(few, addresses) as site:
            page = Question("/collections/roads/items", {"limit": "1"}, headers=ELSEWHERE)
            wrong = Question("/", headers=ELSEWHERE | {"x-api-key": "gis_wrong"})
            right = Question("/", headers=ELSEWHERE | key)
            assert [(await site.ask(page)).status for _ in range(3)] == [200] * 3
            for question in (page, wrong):
                refused = await site.ask(question)
                assert refused.status == 429
                assert int(refused.header("retry-after")) >= 1
                assert refused.header("content-type") == "application/problem+json"
            assert (await site.ask(right)).status == 200
            assert (await site.ask(Question("/health/live", headers=ELSEWHERE))).status == 200

    asyncio.run(ask())


def test_the_queue_for_connections_is_bounded(
    databases: Databases, database: Database
) -> None:
    """Who comes when too many wait is sent away at once; those who wait are served."""
    addresses = databases.with_logins(database)

    async def ask() -> None:
        async with Reader.open(
            addresses.logins, pool_size=2, max_waiting=3, statement_timeout_s=20
        ) as reader:
            slow = text("SELECT pg_sleep(0.3)")
            asked = [asyncio.create_task(reader.rows(slow, Login.PUBLIC)) for _ in range(9)]
            found = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(isinstance(each, Busy) for each in found) == 4
            assert sum(isinstance(each, list) for each in found) == 5
            assert await reader.rows(text("SELECT 1"), Login.PUBLIC)

    asyncio.run(ask())


def test_who_gives_up_waiting_leaves_the_queue(
    databases: Databases, database: Database
) -> None:
    addresses = databases.with_logins(database)

    async def ask() -> None:
        async with Reader.open(
            addresses.logins, pool_size=1, max_waiting=1, statement_timeout_s=20
        ) as reader:
            for _ in range(3):
                slow = text("SELECT pg_sleep(5)")
                asked = [asyncio.create_task(reader.rows(slow, Login.PUBLIC)) for _ in range(2)]
                await asyncio.sleep(0.05)
                with pytest.raises(Busy):
                    await reader.rows(slow, Login.PUBLIC)
                for each in asked:
                    each.cancel()
                await asyncio.gather(*asked, return_exceptions=True)
            assert await reader.rows(text("SELECT 1"), Login.PUBLIC)

    asyncio.run(ask())


def test_a_question_that_takes_too_long_is_given_up(
    databases: Databases, database: Database
) -> None:
    """By the database itself; the connection serves the next."""
    addresses = databases.with_logins(database)

    async def ask() -> None:
        async with Reader.open(
            addresses.logins, pool_size=1, statement_timeout_s=0.2
        ) as reader:
            for _ in range(2):
                with pytest.raises(Unavailable, match="smaller area or fewer items"):
                    await reader.rows(text("SELECT pg_sleep(20)"), Login.PUBLIC)
            assert await reader.rows(text("SELECT 1"), Login.PUBLIC)

    asyncio.run(ask())


def test_a_full_queue_is_told_as_503(
    databases: Databases, sample_database: Database, settings: Settings
) -> None:
    """The public's queue is full; who has a key, and health, are answered all the same."""
    addresses = databases.with_logins(sample_database)
    small = settings.model_copy(update={"pool_size": 1, "max_waiting": 0, "snapshot_mb": 0})

    async def ask() -> None:
        async with opened(small, addresses) as site:
            services = site.state["services"]
            await until(lambda: services.changes.is_live)
            reader = services.features._reader
            page = Question("/collections/roads/items", {"limit": "1"})
            async with reader.connection(Login.PUBLIC):
                refused = await site.ask(page)
                assert refused.status == 503
                assert int(refused.header("retry-after")) >= 1
                assert (await site.ask(Question("/health/ready"))).status == 200
            assert (await site.ask(page)).status == 200

    asyncio.run(ask())


def test_it_is_described(settings: Settings) -> None:
    """Every operation of the OpenAPI document can be told 429."""
    document = openapi(
        Audience.ADMIN, "en", place="X", base="http://x", default_limit=1, max_limit=1,
        crs=served_crs((32736,)),
    )
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all("429" in operation["responses"] for operation in operations)
    for name in ("TooManyRequests", "Unavailable"):
        assert "Retry-After" in document["components"]["responses"][name]["headers"]
