"""Pages by keyset, in any order and both ways, while items come and go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import Cursor, ItemsQuery, SortTerm
from gis_service.ogc.sorting import read_cursor, write_cursor
from gis_service.store.database import Database
from gis_service.store.items import page_statement
from gis_service.store.paging import LONGEST_TEXT, read_position
from tests.conftest import Databases

WARDS = REGISTRY["wards"]
FIELDS = [WARDS.by_name[name] for name in ("name", "constituency", "population")]
NAMES = ("a", "A", "\u00e1", "b", "zz", "b " * LONGEST_TEXT, "b " * LONGEST_TEXT + "c", "%_\\'\"")
INSERT = text(
    "INSERT INTO gis.wards (id, code, name, constituency, population, geom) "
    "SELECT CAST(i AS uuid), i, n, c, p, ST_Multi(ST_Buffer(ST_SetSRID(ST_MakePoint(34.7, -0.7), "
    "4326), 0.01, 1)) FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[]), "
    "CAST(:constituencies AS text[]), CAST(:populations AS int[])) "
    "AS t (i, n, c, p)"
)

Ward = tuple[str, str, str | None, int | None]

_WARDS = st.tuples(
    st.uuids(version=4).map(str),
    st.sampled_from(NAMES),
    st.none() | st.sampled_from(NAMES[:4]),
    st.none() | st.integers(0, 4),
)
_SORTS = st.lists(st.sampled_from(FIELDS), max_size=3, unique=True).flatmap(
    lambda fields: st.tuples(*(st.builds(SortTerm, st.just(f), st.booleans()) for f in fields))
)


@pytest.fixture(scope="module")
def session(databases: Databases) -> Iterator[Connection]:
    database = databases.fresh("gis_migrated")
    with database.engine.connect() as connection:
        yield connection
    databases.drop(database)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    wards=st.lists(_WARDS, max_size=25, unique_by=lambda w: w[0]),
    sort=_SORTS, limit=st.integers(1, 6), backward=st.booleans(), data=st.data(),
)
def test_a_chain_of_pages_survives_what_happens_between_them(
    session: Connection,
    wards: list[Ward],
    sort: tuple[SortTerm, ...],
    limit: int,
    backward: bool,
    data: st.DataObject,
) -> None:
    """Nothing is met twice, and what is there all along is met."""
    with session.begin() as transaction:
        _insert(session, wards)
        stayed = {ward[0] for ward in wards}
        met: list[str] = []
        cursor: Cursor | None = Cursor(None, backward=True) if backward else None
        while True:
            ids, following, previous = _page(session, sort, cursor, limit)
            met = [*ids, *met] if backward else [*met, *ids]
            cursor = previous if backward else following
            if cursor is None or len(met) > 100:
                break
            _insert(session, data.draw(st.lists(_WARDS, max_size=2, unique_by=lambda w: w[0])))
            there = sorted(_ids(session))
            gone = data.draw(st.lists(st.sampled_from(there), max_size=2)) if there else []
            session.execute(
                text("DELETE FROM gis.wards WHERE id = ANY (CAST(:ids AS uuid[]))"), {"ids": gone}
            )
            stayed -= set(gone)
        assert len(met) == len(set(met))
        assert stayed <= set(met)
        transaction.rollback()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    wards=st.lists(_WARDS, min_size=1, max_size=25, unique_by=lambda w: w[0]),
    sort=_SORTS, limit=st.integers(1, 6),
)
def test_the_way_back_shows_what_the_way_there_showed(
    session: Connection, wards: list[Ward], sort: tuple[SortTerm, ...], limit: int
) -> None:
    """And both are in the order that was asked for, NULL last, ids last of all."""
    with session.begin() as transaction:
        _insert(session, wards)
        there, at = [], []
        cursor: Cursor | None = None
        while True:
            ids, following, previous = _page(session, sort, cursor, limit)
            there.append(ids)
            at.append(previous)
            if following is None:
                break
            cursor = following
        assert at[0] is None
        assert all(len(ids) == limit for ids in there[:-1])
        for number in range(len(there) - 1, 0, -1):
            back, following, _ = _page(session, sort, at[number], limit)
            assert back == there[number - 1]
            assert _page(session, sort, following, limit)[0] == there[number]
        assert [id_ for ids in there for id_ in ids] == _sorted(session, sort)
        transaction.rollback()


def test_an_empty_page_leads_back(session: Connection) -> None:
    """The items beyond the cursor are gone: the page before is the last one now."""
    ids = [f"00000000-0000-4000-8000-{n:012}" for n in range(5)]
    with session.begin() as transaction:
        _insert(session, [(id_, "a", None, None) for id_ in ids])
        _, following, _ = _page(session, (), None, 3)
        session.execute(text("DELETE FROM gis.wards WHERE code > :code"), {"code": ids[2]})
        empty, beyond, previous = _page(session, (), following, 3)
        assert (empty, beyond) == ([], None)
        assert _page(session, (), previous, 3) == (ids[:3], None, None)
        transaction.rollback()


@pytest.mark.parametrize("backward", [False, True])
def test_a_thousandth_page_reads_as_much_as_the_first(
    database: Database, backward: bool
) -> None:
    """The primary key gives the order; nothing is sorted and nothing before the page is read."""
    limit, items = 10, 10_500
    with database.begin() as connection:
        rows = [(str(UUID(int=n)), "a", None, None) for n in range(1, items + 1)]
        _insert(connection, rows)
        connection.execute(text("ANALYZE gis.wards"))
        for page in (1, 1000):
            edge = items + 1 - (page - 1) * limit if backward else (page - 1) * limit
            position = read_position(json.dumps([str(UUID(int=edge))]))
            query = ItemsQuery(WARDS, limit, cursor=Cursor(position, backward=backward))
            plan = _plan(connection, query)
            scans = [n for n in _nodes(plan) if n.get("Index Name") == "wards_pkey"]
            assert [n["Actual Rows"] for n in scans] == [limit + 1], page
            assert scans[0]["Scan Direction"] == ("Backward" if backward else "Forward")
            assert "id" in scans[0]["Index Cond"]


def _plan(connection: Connection, query: ItemsQuery) -> Any:
    statement = page_statement(query, Audience.PLANNER, count_cap=1).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    return connection.exec_driver_sql(sql).scalar_one()[0]["Plan"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _insert(session: Connection, wards: list[Ward]) -> None:
    if wards:
        ids, names, constituencies, populations = map(list, zip(*wards, strict=True))
        session.execute(
            INSERT,
            {"ids": ids, "names": names, "constituencies": constituencies,
             "populations": populations},
        )


def _ids(session: Connection) -> list[str]:
    return list(session.execute(text("SELECT id::text FROM gis.wards")).scalars())


def _sorted(session: Connection, sort: tuple[SortTerm, ...]) -> list[str]:
    terms = [
        f"{term.field.name if term.field.name == 'population' else f'left({term.field.name}, 200)'}"
        f" {'DESC' if term.descending else 'ASC'} NULLS LAST"
        for term in sort
    ]
    ordered = f"SELECT id::text FROM gis.wards ORDER BY {', '.join([*terms, 'id'])}"
    return list(session.execute(text(ordered)).scalars())


def _page(
    session: Connection, sort: tuple[SortTerm, ...], cursor: Cursor | None, limit: int
) -> tuple[list[str], Cursor | None, Cursor | None]:
    """A page's ids and the cursors beside it, which have been in an address."""
    query = ItemsQuery(WARDS, limit, sort=sort, cursor=cursor)
    row = session.execute(page_statement(query, Audience.PLANNER, count_cap=1)).one()
    following, previous = query.neighbours(
        read_position(row.near), read_position(row.far), more=row.found > limit
    )
    ids = [feature["id"] for feature in json.loads(f"[{row.features}]")]
    return ids, _carried(following, sort), _carried(previous, sort)


def _carried(cursor: Cursor | None, sort: tuple[SortTerm, ...]) -> Cursor | None:
    if cursor is None or cursor == Cursor(None):
        return None
    return read_cursor(write_cursor(cursor, sort), sort)
