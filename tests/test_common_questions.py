"""Statements that are compiled once answer as those that are composed anew."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType
from gis_service.model.queries import BBox, Cursor, Equals, ItemsQuery, Position, Rendering
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import parse_filter
from gis_service.store.common import MOST_VALUES, common_item, common_page
from gis_service.store.database import Database
from gis_service.store.items import item_statement, page_statement
from gis_service.store.readable import readable
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from tests.conftest import Databases

NODES = REGISTRY["network_nodes"]
MIDDLE = UUID("80000000-0000-4000-8000-000000000000")
BOXES = (BBox(34.7, -0.75, 34.8, -0.6), BBox(34.76, -0.69, 34.79, -0.66))
CURSORS = (
    None, Cursor(None, backward=True), Cursor(Position((), MIDDLE)),
    Cursor(Position((), MIDDLE), backward=True),
    Cursor(Position((), UUID("20000000-0000-4000-8000-000000000000"))),
)

_LINE = "LINESTRING(34.7 -0.7, 34.8 -0.6)"
FILTERS = {
    "offices": (
        "name LIKE '%a%' AND office_type = 'health'", "name IN ('x', 'y') OR staff > 4",
        "CASEI(name) IN (CASEI('a'), 'b')", "staff IN (1, 2.5, beneficiaries / 10)",
        "staff BETWEEN 1 AND 4.5", "NOT (staff IS NULL) AND TRUE",
        "connected_since BETWEEN DATE('2020-01-01') AND TIMESTAMP('2022-01-01T00:00:00Z')",
        "connected_since IN (DATE('2021-03-01'), TIMESTAMP('2021-06-01T00:00:00Z'))",
        "DATE('2021-03-01') IN (connected_since, TIMESTAMP('2021-03-01T00:00:00Z'))",
        "T_INTERSECTS(connected_since, INTERVAL('2021-01-01', '..'))",
        f"S_INTERSECTS(geometry, BBOX(34,-1,35,0)) AND distance_m(geometry, {_LINE}) < 9e3",
        "id = '80000000-0000-4000-8000-000000000000'",
    ),
    "network_nodes": (
        "gateway = TRUE", "A_OVERLAPS(type, ('pop', 'ixp'))", "A_CONTAINS(type, ())",
        "A_CONTAINS((infrastructure, 'x'), ('cabinet'))",
    ),
    "faults": (
        "T_DURING(INTERVAL(started_at, cleared_at), INTERVAL('2026-01-01', '2026-06-01'))",
        "started_at > DATE('2026-01-01')",
    ),
}


def filtered(collection: str, text: str, audience: Audience = Audience.PLANNER) -> ItemsQuery:
    queryables = queryables_of(REGISTRY[collection], audience)
    return ItemsQuery(REGISTRY[collection], 7, filter=parse_filter(text, queryables))


def questions() -> list[ItemsQuery]:
    status, name = NODES.by_name["status"], NODES.by_name["name"]
    made = []
    for limit in (1, 7, 500):
        for cursor in CURSORS:
            for box in (None, *BOXES):
                made.append(ItemsQuery(NODES, limit, bbox=box, cursor=cursor))
            for value in ("operational", "proposed", "' OR true --"):
                made.append(ItemsQuery(
                    NODES, limit, BOXES[0], equals=(Equals(status, value),), cursor=cursor,
                ))
    made.append(ItemsQuery(NODES, 5, equals=(Equals(name, "x"), Equals(status, "operational"))))
    made.append(ItemsQuery(NODES, 5, rendering=Rendering(skip_geometry=True, precision=3)))
    for collection in REGISTRY.values():
        for field in collection.fields:
            values = {FieldType.INTEGER: 2, FieldType.NUMBER: 3, FieldType.BOOLEAN: True}
            if field.type in values:
                equal = Equals(field, values[field.type])
                made.append(ItemsQuery(collection, 9, equals=(equal,)))
    staff_only = [filtered(name, text) for name, texts in FILTERS.items() for text in texts]
    return made + staff_only


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_pages_and_items_are_the_same(
    databases: Databases, sample_database: Database, audience: Audience
) -> None:
    async def work() -> None:
        addresses = databases.with_logins(sample_database)
        login = Login.of(audience)
        async with Reader.open(addresses.logins, pool_size=2, statement_timeout_s=5) as reader:
            asked = 0
            for query in questions():
                if audience is Audience.PUBLIC and query.filter is not None:
                    continue
                public = {f.name for f in query.collection.public_fields}
                hidden = any(t.field.name not in public for t in query.equals)
                if audience is Audience.PUBLIC and (hidden or query.collection.public is None):
                    continue
                common = common_page(query, audience, count_cap=50)
                assert common is not None
                anew = page_statement(query, audience, count_cap=50)
                assert dict(await reader.prepared_row(*common, login)) == dict(
                    await reader.row(anew, login)
                )
                asked += 1
            assert asked > 60
            for row in await reader.rows(_some_ids(audience), login):
                prepared = common_item(NODES, audience, Rendering())
                anew = item_statement(NODES, row["id"], audience)
                values = {"item_id": row["id"]}
                assert await reader.prepared_row(prepared, values, login) == await reader.row(
                    anew, login
                )

    asyncio.run(work())


def _some_ids(audience: Audience):  # type: ignore[no-untyped-def]
    source = readable(NODES, audience)
    return select(source.c.id).limit(5)


def test_rare_questions_are_composed_anew() -> None:
    for query in (
        ItemsQuery(NODES, 5, BBox(170, -10, -170, 10)),
        ItemsQuery(NODES, 5, BOXES[0], outline=((34.7, -0.7), (34.8, -0.7), (34.7, -0.7))),
    ):
        assert common_page(query, Audience.PLANNER, count_cap=10) is None


def test_filters_of_one_form_share_a_statement() -> None:
    def statement(text: str) -> object:
        found = common_page(filtered("offices", text), Audience.PLANNER, count_cap=10)
        assert found is not None
        return found[0]

    for one, other, alike in (
        ("name LIKE '%a%'", "name LIKE 'b_'", True),
        ("name IN ('a', 'b')", "name IN ('c')", True),
        ("staff = 4", "staff = 5", True),
        ("staff = 4", "staff = 4.0", False),
        ("staff = 4", "beneficiaries = 4", False),
        ("staff < 4", "staff > 4", False),
        ("connected_since > DATE('2021-01-01')", "connected_since > DATE('2022-01-01')", True),
        ("connected_since > DATE('2021-01-01')",
         "connected_since > TIMESTAMP('2021-01-01T00:00:00Z')", False),
        ("S_WITHIN(geometry, BBOX(1,1,2,2))", "S_WITHIN(geometry, BBOX(3,3,4,4))", True),
    ):
        assert (statement(one) is statement(other)) is alike, (one, other)
    many = " OR ".join(f"staff = {n}" for n in range(MOST_VALUES + 1))
    assert common_page(filtered("offices", many), Audience.PLANNER, count_cap=10) is None


def test_values_do_not_change_the_statement() -> None:
    one = common_page(ItemsQuery(NODES, 5, BOXES[0]), Audience.PLANNER, count_cap=10)
    other = common_page(ItemsQuery(NODES, 9, BOXES[1]), Audience.PLANNER, count_cap=10)
    assert one is not None
    assert other is not None
    assert one[0] is other[0]
    assert one[1] != other[1]
