"""Coverage of the sample data, through the service, as each reader may have it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gis_service.bootstrap import Services, open_services
from gis_service.errors import InvalidParameter, NotAllowed, NotFound
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.coverage import Circumstances, Coverage
from gis_service.model.indicators import Grouping, indicators_of
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases

PLANNER = Principal(Audience.PLANNER)
TECHNICIAN = Principal(Audience.TECHNICIAN)
Ask = Callable[[Callable[[Services], Awaitable[Any]]], Any]


@pytest.fixture
def ask(databases: Databases, sample_database: Database, settings: Settings) -> Ask:
    """Runs questions of a service on the sample data."""
    addresses = databases.with_logins(sample_database)

    def run(question: Callable[[Services], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            async with open_services(settings, addresses) as services:
                return await question(services)

        return asyncio.run(inside())

    return run


def whole(coverage: Coverage, indicator: str) -> float:
    return coverage.whole.value(indicator)


def test_each_reader_is_told_what_it_may_know(ask):
    """
    The sample: 60 offices connected, 30 not, 9 not known; two gateways.

    Kenyenya's cable is cut by an open fault, which leaves 3 offices dark that
    are reported as connected.
    """

    async def question(services: Services) -> tuple[Coverage, Coverage, Coverage, Any]:
        coverages = services.coverages
        return (
            await coverages.coverage(PLANNER, Grouping.WARD),
            await coverages.coverage(TECHNICIAN, Grouping.THEME),
            await coverages.coverage(PUBLIC, Grouping.WARD),
            await coverages.wards(PUBLIC, "sw"),
        )

    planner, technician, public, wards = ask(question)
    assert len(planner.groups) == 46
    outside = planner.groups[-1]  # of one fault nobody knows where it is
    assert (outside.key, outside.value("offices"), outside.value("open_faults")) == ("", 0, 1)
    for each in (planner, technician, public):
        assert whole(each, "offices") == 99
        assert whole(each, "share_connected") == pytest.approx(100 * 60 / 90)
    assert whole(planner, "disagreements") == 3
    assert whole(planner, "share_lit") == pytest.approx(100 * 57 / 60)
    assert whole(technician, "open_faults") == whole(planner, "open_faults") == 6
    assert math.isnan(whole(planner, "share_people_within"))  # no cells in the sample
    assert public.indicators == indicators_of(Grouping.WARD, reported_only=True)
    assert len(public.groups) == 45
    assert set(public.whole.sums) == {"offices", "connected", "unconnected", "known", "unknown"}
    assert math.isnan(whole(public, "share_lit"))
    assert len(wards["features"]) == 45
    assert "share_lit" not in wards["features"][0]["properties"]


def test_the_plan_and_earlier_days_can_be_compared_with_now(ask):
    async def question(services: Services) -> tuple[Any, Any, Any]:
        coverages = services.coverages
        plan = await coverages.comparison(
            PLANNER, Grouping.WHOLE, Circumstances(), Circumstances(plan=True)
        )
        past = await coverages.comparison(
            PLANNER, Grouping.THEME, Circumstances(day=date(2024, 1, 1))
        )
        before = Circumstances(recorded=datetime.now(UTC) - timedelta(days=400))
        return plan, past, await coverages.coverage(PLANNER, Grouping.WARD, before)

    plan, past, unrecorded = ask(question)
    assert plan.whole.differences["km_operational"].change > 80
    assert plan.whole.differences["share_redundant"].change > 0
    assert plan.whole.differences["connected"].change == 0
    connected = past.whole.differences["connected"]
    assert (connected.before, connected.after) == (39, 60)
    assert unrecorded.groups == ()
    assert math.isnan(whole(unrecorded, "share_connected"))


def test_a_change_is_told_at_once_and_nothing_else_is_read_anew(ask, sample_database):
    async def question(services: Services) -> tuple[float, float, bool]:
        coverages = services.coverages
        for _ in range(100):
            if services.changes.is_live:
                break
            await asyncio.sleep(0.05)
        first = await coverages.coverage(PLANNER, Grouping.WARD)
        again = await coverages.coverage(PLANNER, Grouping.THEME)
        with sample_database.begin() as connection:
            connection.execute(text(
                "UPDATE gis.offices SET connection = 'connected' WHERE external_id = 'KSI-O-099'"
                " OR connection = 'unknown'"
            ))
        await services.changes.refresh()
        later = await coverages.coverage(PLANNER, Grouping.WARD)
        return whole(first, "unknown"), whole(later, "unknown"), first.read_at == again.read_at

    assert ask(question) == (9, 0, True)


def test_who_may_not_ask_is_told_so(ask):
    async def question(services: Services) -> None:
        coverages = services.coverages
        day = Circumstances(day=date(2024, 1, 1))
        with pytest.raises(NotAllowed):
            await coverages.coverage(PUBLIC, Grouping.WARD, day)
        with pytest.raises(NotAllowed):
            await coverages.coverage(
                TECHNICIAN, Grouping.WARD, Circumstances(recorded=datetime(2024, 1, 1, tzinfo=UTC))
            )
        with pytest.raises(InvalidParameter):
            await coverages.coverage(PLANNER, Grouping.WARD, Circumstances(within_m=0))
        with pytest.raises(NotFound):
            await coverages.coverage(PLANNER, Grouping.WARD, Circumstances(scenario="nope"))

    ask(question)
