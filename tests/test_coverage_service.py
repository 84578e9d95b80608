"""Coverage of the sample data, through the service, as each reader may have it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from gis_service.bootstrap import Services, open_services
from gis_service.coverage.documents import scorecards_document
from gis_service.errors import InvalidParameter, NotAllowed, NotFound
from gis_service.model import codelists
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.coverage import Circumstances, Coverage
from gis_service.model.indicators import Grouping, indicators_of
from gis_service.model.scorecards import Basis, Scorecards
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
            await coverages.features(PUBLIC, Grouping.WARD, language="sw"),
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
        unrecorded, recorded = [
            await coverages.coverage(PLANNER, Grouping.WARD, Circumstances(recorded=at))
            for at in (datetime.now(UTC) - timedelta(days=400), datetime.now(UTC))
        ]
        now = await coverages.coverage(PLANNER, Grouping.WARD)
        assert [g.sums for g in recorded.groups] == [g.sums for g in now.groups]
        return plan, past, unrecorded

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
        with pytest.raises(NotAllowed):
            await coverages.scorecards(PUBLIC)
        with pytest.raises(InvalidParameter):
            await coverages.scorecards(PLANNER, since=date(2999, 1, 1))

    ask(question)


def test_scorecards_tell_definitions_values_and_trends(ask):
    """
    Worked out from the sample's files, for the year before 2024-06-01 and the days since.

    On 2024-06-01 one fault was over (30.4 hours, the only one before) and none open.
    """

    async def question(services: Services) -> tuple[Scorecards, Scorecards]:
        return (
            await services.coverages.scorecards(PLANNER, since=date(2024, 6, 1)),
            await services.coverages.scorecards(TECHNICIAN, since=date(2024, 6, 1)),
        )

    planner, technician = ask(question)
    assert [card.theme for card in planner.cards] == list(codelists.THEME.values())
    county = {f.indicator.id: f for f in planner.cards[0].figures}
    assert county["share_connected"].value == pytest.approx(100 * 23 / 32)
    trend = county["share_connected"].trend
    assert trend is not None
    assert (trend.before, trend.basis) == (50, Basis.DATES)
    assert trend.after == county["share_connected"].value
    citizens = {f.indicator.id: f for f in planner.cards[1].figures}
    assert citizens["open_faults"].value == 6
    repair = citizens["median_days_to_repair"].trend
    assert repair is not None
    assert repair.before == pytest.approx(30.4166667 / 24)
    assert 99 < citizens["availability"].value < 100
    people = {f.indicator.id: f for f in planner.cards[2].figures}
    assert math.isnan(people["share_people_within"].value)
    assert people["wifi_points"].value == 7
    no_trend = [card.figures[1].no_trend for card in (planner.cards[0], technician.cards[0])]
    assert [reason and reason.en.split()[0] for reason in no_trend] == ["The", "Only"]
    document = orjson.loads(orjson.dumps(scorecards_document(planner, "sw")))
    assert all(f["definition"] for card in document["cards"] for f in card["figures"])


def test_processes_answer_staff_over_http(planner_client):
    run = "/processes/{}/execution"
    answer = planner_client.post(
        run.format("coverage"),
        json={"inputs": {"by": "constituency", "plan": True, "beside_now": True,
                         "cut_links": ["KSI-L-027"]}},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    assert len(found["features"]) == 10  # nine constituencies, and one fault without a place
    assert found["features"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert found["whole"]["values"]["offices"] == 99
    assert found["circumstances"]["plan"] is True
    lean = planner_client.get(
        run.format("coverage"), params={"theme": "citizenSatisfaction", "shapes": "false"}
    ).json()
    assert {feature["geometry"] for feature in lean["features"]} == {None}
    assert lean["whole"]["values"]["offices"] == 28
    slim = planner_client.get(
        run.format("coverage"), params={"shapes": "false", "beside_day": "2024-01-01"}
    ).json()
    assert {feature["geometry"] for feature in slim["features"]} == {None}
    assert slim["before"]["day"] == "2024-01-01"
    assert slim["features"][0]["properties"]["connected_change"] == 2
    cards = planner_client.post(run.format("scorecards"), json={"inputs": {}})
    assert len(cards.json()["cards"]) == 4
    wrong = planner_client.post(run.format("coverage"), json={"inputs": {"cut_trench": "nope"}})
    assert wrong.status_code == 400
    assert "nope" in wrong.json()["detail"]
