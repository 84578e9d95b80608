"""What filters find: every operator against the same question worked out in Python and shapely."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience, visible_collections, visible_fields
from gis_service.model.fields import FieldType
from gis_service.model.queries import ItemsQuery
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import parse_filter
from gis_service.ogc.cql2_text import read_text
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.items import page_statement
from tests.conformance.clients import clients_on

Row = dict[str, Any]
Judge = Callable[[Row], bool | None]
GEOD = Geod(ellps="WGS84")

NAMES = [
    "Ecole", "École", "ÉCOLE", "100% sure", "a_b", "axb", "a\\b", "O'Brien", "", " ",
    "'; DROP TABLE gis.offices; --", "Ofisi ya Kata", "E\u0301cole", "ofisi ya kata",
]
"""Texts on which patterns, cases and accents differ; the last but two is not composed."""


@pytest.fixture(scope="module")
def database(databases: Any, sample_template: str) -> Iterator[Database]:
    """The sample with awkward names, and with gaps in what is elsewhere always filled."""
    database: Database = databases.fresh(sample_template)
    with database.begin() as connection:
        ids = connection.scalars(text("SELECT id FROM gis.offices ORDER BY id")).all()
        for id_, name in zip(ids, itertools.cycle(NAMES), strict=False):
            connection.execute(
                text("UPDATE gis.offices SET name = :name WHERE id = :id"),
                {"name": name, "id": id_},
            )
        connection.execute(
            text("UPDATE gis.offices SET staff = CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 0 "
                 "ELSE staff END FROM (SELECT id AS i, row_number() OVER (ORDER BY id) AS n "
                 "FROM gis.offices) numbered WHERE i = id AND n <= 30")
        )
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def planner(databases: Any, database: Database, settings: Settings) -> Iterator[TestClient]:
    with clients_on(settings, databases.with_logins(database))(audience=Audience.PLANNER) as made:
        yield made


@pytest.fixture(scope="module")
def public(databases: Any, database: Database, settings: Settings) -> Iterator[TestClient]:
    with clients_on(settings, databases.with_logins(database))() as made:
        yield made


@pytest.fixture(scope="module")
def rows(database: Database) -> dict[str, list[Row]]:
    """The rows of some collections, read past everything that is tested here."""
    found: dict[str, list[Row]] = {}
    with database.begin() as connection:
        for name in ("offices", "network_nodes", "fibre_links", "wards", "faults", "equipment"):
            placed = "NULL" if name == "equipment" else "ST_AsBinary(geom)"
            result = connection.execute(text(f"SELECT *, {placed} AS shape FROM gis.{name}"))
            found[name] = [
                {**r, "geometry": r["shape"] and shapely.from_wkb(bytes(r["shape"]))}
                for r in result.mappings()
            ]
    return found


def ids(client: TestClient, collection: str, **asked: Any) -> set[str]:
    """Ids of everything found, over as many pages as there are."""
    address = f"/collections/{collection}/items"
    answer = client.get(address, params={"limit": 1000, "skipGeometry": "true", **asked})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert not [link for link in page["links"] if link["rel"] == "next"]
    return {feature["id"] for feature in page["features"]}


def wanted(rows: list[Row], judge: Judge) -> set[str]:
    return {str(row["id"]) for row in rows if judge(row)}


def when(row: Row, *names: str) -> bool:
    return all(row[name] is not None for name in names)


def on(*names: str) -> Callable[[Judge], Judge]:
    """A judge that does not know where one of the properties is empty."""
    return lambda judge: lambda row: judge(row) if when(row, *names) else None


BOX = shapely.box(34.75, -0.72, 34.80, -0.66)
TRIANGLE = shapely.Polygon([(34.7, -0.8), (34.9, -0.8), (34.8, -0.6), (34.7, -0.8)])
LINE = shapely.LineString([(34.7, -0.7), (34.8, -0.6), (34.85, -0.75)])
CENTRE = shapely.Point(34.77, -0.68)
MIXED = "GEOMETRYCOLLECTION(POINT(34.77 -0.68),LINESTRING(34.7 -0.7,34.8 -0.6))"

STAFF, NAME, SINCE = on("staff"), on("name"), on("connected_since")
OFFICES: list[tuple[str, Judge]] = [
    ("staff = 4", STAFF(lambda r: r["staff"] == 4)),
    ("staff = 4.0", STAFF(lambda r: r["staff"] == 4)),
    ("staff = 4.5", STAFF(lambda _: False)),
    ("staff <> 4", STAFF(lambda r: r["staff"] != 4)),
    ("staff < 4", STAFF(lambda r: r["staff"] < 4)),
    ("staff > 4", STAFF(lambda r: r["staff"] > 4)),
    ("staff <= 4", STAFF(lambda r: r["staff"] <= 4)),
    ("staff >= 4", STAFF(lambda r: r["staff"] >= 4)),
    ("4 < staff", STAFF(lambda r: r["staff"] > 4)),
    ("staff > -9223372036854775808", STAFF(lambda _: True)),
    ("staff < 1e300", STAFF(lambda _: True)),
    ("staff IS NULL", lambda r: r["staff"] is None),
    ("staff IS NOT NULL", lambda r: r["staff"] is not None),
    ("(staff > 4) IS NULL", lambda r: r["staff"] is None),
    ("NOT staff > 4", STAFF(lambda r: r["staff"] <= 4)),
    ("staff BETWEEN 2 AND 5", STAFF(lambda r: 2 <= r["staff"] <= 5)),
    ("staff NOT BETWEEN 2 AND 5", STAFF(lambda r: not 2 <= r["staff"] <= 5)),
    ("staff IN (1, 2, 3.0)", STAFF(lambda r: r["staff"] in (1, 2, 3))),
    ("staff NOT IN (1, 2)", STAFF(lambda r: r["staff"] not in (1, 2))),
    ("staff IN (1, beneficiaries / 10)",
     lambda r: None if r["staff"] is None or (r["staff"] != 1 and r["beneficiaries"] is None)
     else r["staff"] in (1, (r["beneficiaries"] or 0) / 10)),
    ("staff + 1 = 5", STAFF(lambda r: r["staff"] == 4)),
    ("staff - 1 = 3", STAFF(lambda r: r["staff"] == 4)),
    ("-staff = -4", STAFF(lambda r: r["staff"] == 4)),
    ("staff * 2 > 9", STAFF(lambda r: r["staff"] * 2 > 9)),
    ("staff / 2 = 2.5", STAFF(lambda r: r["staff"] == 5)),
    ("staff div 2 = 2", STAFF(lambda r: r["staff"] // 2 == 2)),
    ("staff % 3 = 1", STAFF(lambda r: r["staff"] % 3 == 1)),
    ("staff ^ 2 = 16", STAFF(lambda r: r["staff"] == 4)),
    ("2 ^ 3 ^ 2 = 512 AND staff = 4", STAFF(lambda r: r["staff"] == 4)),
    ("staff + 2 * 3 = 10", STAFF(lambda r: r["staff"] == 4)),
    ("12 / staff > 3", lambda r: 12 / r["staff"] > 3 if r["staff"] else None),
    ("12 % staff = 0", lambda r: 12 % r["staff"] == 0 if r["staff"] else None),
    ("12 div staff = 3", lambda r: 12 // r["staff"] == 3 if r["staff"] else None),
    ("staff / 0 = 1", lambda _: None),
    ("beneficiaries > staff", on("staff", "beneficiaries")(
        lambda r: r["beneficiaries"] > r["staff"])),
    ("staff = staff", STAFF(lambda _: True)),
    ("3 < 5", lambda _: True),
    ("TRUE", lambda _: True),
    ("FALSE", lambda _: False),
    ("FALSE OR staff > 4", STAFF(lambda r: r["staff"] > 4)),
    ("name = 'École'", NAME(lambda r: r["name"] == "École")),
    ("name = 'O''Brien'", NAME(lambda r: r["name"] == "O'Brien")),
    (r"name = 'O\'Brien'", NAME(lambda r: r["name"] == "O'Brien")),
    ("name = '''; DROP TABLE gis.offices; --'", NAME(lambda r: r["name"].startswith("'; DROP"))),
    ("name = ''", NAME(lambda r: r["name"] == "")),
    ("name < 'a'", NAME(lambda r: r["name"] < "a")),
    ("name LIKE 'a_b'", NAME(lambda r: len(r["name"]) == 3 and r["name"][::2] == "ab")),
    (r"name LIKE 'a\_b'", NAME(lambda r: r["name"] == "a_b")),
    (r"name LIKE 'a\\b'", NAME(lambda r: r["name"] == "a\\b")),
    (r"name LIKE '%\%%'", NAME(lambda r: "%" in r["name"])),
    ("name LIKE '%'", NAME(lambda _: True)),
    ("name NOT LIKE '%cole'", NAME(lambda r: not r["name"].endswith("cole"))),
    ("name LIKE 'ofisi%'", NAME(lambda r: r["name"].startswith("ofisi"))),
    ("CASEI(name) LIKE CASEI('OFISI%')", NAME(lambda r: r["name"].lower().startswith("ofisi"))),
    ("CASEI(name) = CASEI('École')", NAME(
        lambda r: r["name"] in ("École", "ÉCOLE", "E\u0301cole"))),
    ("CASEI(name) IN (CASEI('ÉCOLE'), CASEI('ECOLE'))",
     NAME(lambda r: r["name"] in ("École", "ÉCOLE", "Ecole", "E\u0301cole"))),
    ("ACCENTI(name) = ACCENTI('École')", NAME(
        lambda r: r["name"] in ("École", "Ecole", "E\u0301cole"))),
    ("ACCENTI(CASEI(name)) = ACCENTI(CASEI('École'))", NAME(
        lambda r: r["name"] in ("École", "Ecole", "ÉCOLE", "E\u0301cole"))),
    ("lower(name) = 'ofisi ya kata'", NAME(lambda r: r["name"].lower() == "ofisi ya kata")),
    ("upper(name) = 'ÉCOLE'", NAME(lambda r: r["name"].upper() == "ÉCOLE")),
    ("length(name) > 5", NAME(lambda r: len(r["name"]) > 5)),
    ("name IN ('Ecole', 'axb')", NAME(lambda r: r["name"] in ("Ecole", "axb"))),
    ("name BETWEEN 'E' AND 'O'", NAME(lambda r: "E" <= r["name"] <= "O")),
    ("office_type = 'health' AND connection = 'connected'",
     lambda r: (r["office_type"], r["connection"]) == ("health", "connected")),
    ("theme IS NULL OR theme = 'x'", lambda r: r["theme"] is None),
    ("connected_since = DATE('2021-03-01')", SINCE(
        lambda r: r["connected_since"] == date(2021, 3, 1))),
    ("connected_since > DATE('2021-03-01')", SINCE(
        lambda r: r["connected_since"] > date(2021, 3, 1))),
    ("connected_since < TIMESTAMP('2021-03-01T00:00:01Z')", SINCE(
        lambda r: r["connected_since"] <= date(2021, 3, 1))),
    ("connected_since BETWEEN DATE('2020-01-01') AND TIMESTAMP('2022-01-01T00:00:00Z')",
     SINCE(lambda r: date(2020, 1, 1) <= r["connected_since"] <= date(2022, 1, 1))),
    ("T_AFTER(connected_since, INTERVAL('..', '2021-06-30'))", SINCE(
        lambda r: r["connected_since"] > date(2021, 6, 30))),
    ("T_BEFORE(connected_since, DATE('2021-06-30'))", SINCE(
        lambda r: r["connected_since"] < date(2021, 6, 30))),
    ("T_INTERSECTS(connected_since, INTERVAL('2021-01-01', '2021-12-31'))", SINCE(
        lambda r: r["connected_since"].year == 2021)),
    ("T_DISJOINT(connected_since, INTERVAL('2021-01-01', '2021-12-31'))", SINCE(
        lambda r: r["connected_since"].year != 2021)),
    ("distance_m(geometry, POINT(34.77 -0.68)) < 1500",
     lambda r: GEOD.line_length(*zip(*(r["geometry"].coords[0], (34.77, -0.68)), strict=True))
     < 1500),
    ("S_INTERSECTS(geometry, BBOX(34.75,-0.72,34.80,-0.66))",
     lambda r: BOX.intersects(r["geometry"])),
    ("S_INTERSECTS(geometry, BBOX(150,-90,-150,90))", lambda _: False),
    ("S_DISJOINT(geometry, BBOX(150,-90,-150,90))", lambda _: True),
    ("NOT S_INTERSECTS(geometry, BBOX(34.75,-0.72,34.80,-0.66))",
     lambda r: BOX.disjoint(r["geometry"])),
    ("geometry IS NULL", lambda r: r["geometry"] is None),
]

SET = on("type")
NODES: list[tuple[str, Judge]] = [
    ("gateway", on("gateway")(lambda r: r["gateway"])),
    ("NOT gateway", on("gateway")(lambda r: not r["gateway"])),
    ("gateway = TRUE", on("gateway")(lambda r: r["gateway"])),
    ("gateway <> power", on("gateway", "power")(lambda r: r["gateway"] != r["power"])),
    ("A_CONTAINS(type, ('pop'))", SET(lambda r: "pop" in r["type"])),
    ("A_CONTAINS(type, ())", SET(lambda _: True)),
    ("A_CONTAINEDBY(type, ('pop', 'aggregationPoint'))", SET(
        lambda r: set(r["type"]) <= {"pop", "aggregationPoint"})),
    ("A_EQUALS(type, ('pop', 'pop'))", SET(lambda r: set(r["type"]) == {"pop"})),
    ("A_OVERLAPS(type, ('pop', 'ixp'))", SET(lambda r: bool({"pop", "ixp"} & set(r["type"])))),
    ("A_OVERLAPS(technologies, ('ip'))", on("technologies")(lambda r: "ip" in r["technologies"])),
    ("A_OVERLAPS(type, technologies)", on("type", "technologies")(
        lambda r: bool(set(r["type"]) & set(r["technologies"])))),
    ("A_CONTAINS((infrastructure, 'x'), ('cabinet'))",
     lambda r: r["infrastructure"] == "cabinet"),
    ("NOT A_CONTAINS(type, ('pop'))", SET(lambda r: "pop" not in r["type"])),
    ("type IS NULL", lambda r: r["type"] is None),
]

STARTED, CLEARED = on("started_at"), on("started_at", "cleared_at")
START, MIDDLE, END = (
    datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2026, 6, 1, tzinfo=UTC),
)
_ANY_TIME = (
    datetime(1900, 1, 1, tzinfo=UTC), START, MIDDLE, END, datetime(2100, 1, 1, tzinfo=UTC)
)


def intervals(judge: Callable[[datetime, datetime, datetime, datetime], bool]) -> Judge:
    """Known where it does not matter when the fault will end, if nobody knows yet."""

    def judged(row: Row) -> bool | None:
        ends = [row["cleared_at"]] if row["cleared_at"] else _ANY_TIME
        answers = {judge(row["started_at"], end, START, END) for end in ends}
        return answers.pop() if len(answers) == 1 else None

    return judged


_OWN = "INTERVAL(started_at, cleared_at)"
_OTHER = "INTERVAL('2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z')"
FAULTS: list[tuple[str, Judge]] = [
    (f"T_AFTER({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a > d)),
    (f"T_BEFORE({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: b < c)),
    (f"T_DISJOINT({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a > d or b < c)),
    (f"T_INTERSECTS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a <= d and b >= c)),
    (f"T_EQUALS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: (a, b) == (c, d))),
    (f"T_CONTAINS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a < c and b > d)),
    (f"T_DURING({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a > c and b < d)),
    (f"T_FINISHEDBY({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a < c and b == d)),
    (f"T_FINISHES({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a > c and b == d)),
    (f"T_MEETS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: b == c)),
    (f"T_METBY({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a == d)),
    (f"T_OVERLAPPEDBY({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: c < a < d < b)),
    (f"T_OVERLAPS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a < c < b < d)),
    (f"T_STARTEDBY({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a == c and b > d)),
    (f"T_STARTS({_OWN}, {_OTHER})", intervals(lambda a, b, c, d: a == c and b < d)),
    ("T_FINISHES(INTERVAL(started_at, '..'), INTERVAL('2026-01-01', '..'))",
     STARTED(lambda r: r["started_at"] > START)),
    ("T_EQUALS(started_at, TIMESTAMP('2026-03-01T03:00:00+03:00'))",
     STARTED(lambda r: r["started_at"] == MIDDLE)),
    ("started_at >= TIMESTAMP('2026-01-01T00:00:00Z')", STARTED(
        lambda r: r["started_at"] >= START)),
    ("cleared_at > started_at", CLEARED(lambda r: r["cleared_at"] > r["started_at"])),
    ("cleared_at IS NULL", lambda r: r["cleared_at"] is None),
    ("S_INTERSECTS(geometry, BBOX(-180,-90,180,90))",
     lambda r: None if r["geometry"] is None else True),
    ("S_DISJOINT(geometry, POINT(0 0))", lambda r: None if r["geometry"] is None else True),
    ("geometry IS NULL", lambda r: r["geometry"] is None),
]

SHAPES = {
    "BBOX(34.75,-0.72,34.80,-0.66)": BOX,
    TRIANGLE.wkt: TRIANGLE,
    LINE.wkt: LINE,
    CENTRE.wkt: CENTRE,
    "MULTIPOINT(34.77 -0.68,34.8 -0.6)": shapely.MultiPoint([(34.77, -0.68), (34.8, -0.6)]),
    "GEOMETRYCOLLECTION(POINT(34.77 -0.68))": shapely.MultiPoint([(34.77, -0.68)]),
}
SPATIAL = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses",
           "contains")

TABLES = {"offices": OFFICES, "network_nodes": NODES, "faults": FAULTS}


@pytest.mark.parametrize(
    ("collection", "question", "judge"),
    [(name, *each) for name, table in TABLES.items() for each in table],
    ids=[question for table in TABLES.values() for question, _ in table],
)
def test_each_operator_finds_what_python_finds(
    planner: TestClient, rows: dict[str, list[Row]], collection: str, question: str, judge: Judge
) -> None:
    """As text and as JSON."""
    expected = wanted(rows[collection], judge)
    assert ids(planner, collection, filter=question) == expected
    tree = {"filter": json.dumps(read_text(question)), "filter-lang": "cql2-json"}
    assert ids(planner, collection, **tree) == expected


def test_the_tables_tell_operators_apart(rows: dict[str, list[Row]]) -> None:
    """A table whose questions nobody or everybody answers would prove little."""
    for name, table in TABLES.items():
        sizes = [len(wanted(rows[name], judge)) for _, judge in table]
        assert sum(0 < size < len(rows[name]) for size in sizes) > len(table) / 3, name


@pytest.mark.parametrize("collection", ["wards", "fibre_links", "network_nodes"])
@pytest.mark.parametrize("relation", SPATIAL)
def test_spatial_relations_are_those_of_shapely(
    planner: TestClient, rows: dict[str, list[Row]], collection: str, relation: str
) -> None:
    ours = rows[collection][0]["geometry"]
    shapes = SHAPES | {ours.wkt: ours}
    if collection == "wards":
        edge = shapely.LineString(ours.geoms[0].exterior.coords[:2])
        shapes[edge.wkt] = edge
    for written, shape in shapes.items():
        for question, judge in (
            (f"S_{relation}(geometry, {written})",
             lambda r, s=shape: getattr(r["geometry"], relation)(s)),
            (f"S_{relation}({written}, geometry)",
             lambda r, s=shape: getattr(s, relation)(r["geometry"])),
        ):
            found = ids(planner, collection, filter=question)
            assert found == wanted(rows[collection], judge), question


def test_mixed_collections_meet_what_one_of_their_parts_meets(
    planner: TestClient, rows: dict[str, list[Row]]
) -> None:
    shape = shapely.from_wkt(MIXED)
    for name in ("intersects", "disjoint"):
        found = ids(planner, "wards", filter=f"S_{name}(geometry, {MIXED})")
        meets = {str(r["id"]) for r in rows["wards"] if shape.intersects(r["geometry"])}
        assert found == (meets if name == "intersects" else {
            str(r["id"]) for r in rows["wards"]} - meets)


def test_lengths_and_areas_are_geodesic(planner: TestClient, rows: dict[str, list[Row]]) -> None:
    lengths = {str(r["id"]): GEOD.geometry_length(r["geometry"]) for r in rows["fibre_links"]}
    found = ids(planner, "fibre_links", filter="length_m(geometry) > 1000")
    assert found == {id_ for id_, length in lengths.items() if length > 1000}
    areas = {
        str(r["id"]): abs(GEOD.geometry_area_perimeter(r["geometry"])[0]) for r in rows["wards"]
    }
    middle = sorted(areas.values())[len(areas) // 2] + 1
    found = ids(planner, "wards", filter=f"area_m2(geometry) > {middle:.3f}")
    assert found == {id_ for id_, area in areas.items() if area > middle}


@given(
    st.sampled_from(sorted(TABLES)).flatmap(
        lambda name: st.tuples(
            st.just(name), *(st.integers(0, len(TABLES[name]) - 1) for _ in range(4))
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_predicates_join_in_any_way(
    planner: TestClient, rows: dict[str, list[Row]], chosen: tuple[str, int, int, int, int]
) -> None:
    """As the standard's own test joins them, with the three-valued logic of SQL."""
    collection, *places = chosen
    (p1, j1), (p2, j2), (p3, j3), (p4, j4) = (TABLES[collection][n] for n in places)
    question = (
        f"((NOT ({p1}) AND ({p2})) OR (({p3}) and NOT ({p4})) or not (({p1}) AND ({p4})))"
    )

    def judge(row: Row) -> bool | None:
        a, b, c, d = (each(row) for each in (j1, j2, j3, j4))
        return _or(_or(_and(_not(a), b), _and(c, _not(d))), _not(_and(a, d)))

    assert ids(planner, collection, filter=question) == wanted(rows[collection], judge), question


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is None or b is None:
        return None if a in (None, True) and b in (None, True) else False
    return a and b


def _or(a: bool | None, b: bool | None) -> bool | None:
    return _not(_and(_not(a), _not(b)))


def _literal(field_type: FieldType, value: Any) -> str | None:
    match field_type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return str(value)
        case FieldType.BOOLEAN:
            return str(value).upper()
        case FieldType.DATE:
            return f"DATE('{value}')"
        case FieldType.TIMESTAMP:
            return f"TIMESTAMP('{value}')"
        case FieldType.CODES | FieldType.REFERENCES | FieldType.OBJECT:
            return None
    return "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_opposite_comparisons_share_no_item(
    audience: Audience, public: TestClient, planner: TestClient
) -> None:
    """For each queryable that can be compared; together they find what is not null."""
    client = public if audience is Audience.PUBLIC else planner
    asked = 0
    for collection in visible_collections(audience):
        features = client.get(f"/collections/{collection.id}/items?limit=1000").json()["features"]
        every = {f["id"] for f in features}
        queryables = client.get(f"/collections/{collection.id}/queryables").json()["properties"]
        for field in visible_fields(collection, audience):
            values = [v for f in features if (v := f["properties"][field.name]) is not None]
            value = values[len(values) // 2] if values else "00000000-0000-0000-0000-000000000000"
            literal = _literal(field.type, value) if values else None
            if field.name not in queryables:
                assert literal is None, field.name
                continue
            empty = ids(client, collection.id, filter=f"{field.name} IS NULL")
            filled = ids(client, collection.id, filter=f"{field.name} IS NOT NULL")
            assert empty | filled == every
            assert not empty & filled
            if literal is None:
                continue
            found = {
                sign: ids(client, collection.id, filter=f"{field.name} {sign} {literal}")
                for sign in ("=", "<>", "<", ">", "<=", ">=")
            }
            for one, other in (("=", "<>"), ("<", ">="), (">", "<=")):
                assert not found[one] & found[other]
                assert found[one] | found[other] == filled, (collection.id, field.name)
            assert found["<="] == found["<"] | found["="]
            assert found[">="] == found[">"] | found["="]
            assert found["="] == {f["id"] for f in features if f["properties"][field.name] == value}
            asked += 1
    assert asked > (15 if audience is Audience.PUBLIC else 90)


def test_a_filter_works_with_all_other_parameters(
    planner: TestClient, rows: dict[str, list[Row]]
) -> None:
    address = "/collections/offices/items"
    asked = {
        "filter": "staff >= 0", "bbox": "34.75,-0.72,34.80,-0.66", "connection": "connected",
        "limit": 5, "sortby": "-staff",
    }
    expected = wanted(rows["offices"], lambda r: r["staff"] is not None and r["staff"] >= 0
                      and r["connection"] == "connected" and BOX.intersects(r["geometry"]))
    page = planner.get(address, params=asked).json()
    assert page["numberMatched"] == len(expected)
    met = [f["id"] for f in page["features"]]
    while following := [link for link in page["links"] if link["rel"] == "next"]:
        page = planner.get(following[0]["href"]).json()
        met += [f["id"] for f in page["features"]]
    assert len(met) > 5
    assert len(met) == len(set(met))
    assert set(met) == expected
    html = planner.get(address, params=asked, headers={"Accept": "text/html"})
    assert html.status_code == 200
    assert "filter=staff" in html.text, "the page's links keep the filter"


def test_an_id_is_asked_like_a_property(planner: TestClient, rows: dict[str, list[Row]]) -> None:
    some = sorted(str(r["id"]) for r in rows["wards"])[:3]
    assert ids(planner, "wards", filter=f"id = '{some[0]}'") == {some[0]}
    assert ids(planner, "wards", id=some[0]) == {some[0]}
    listed = ", ".join(f"'{each}'" for each in some)
    assert ids(planner, "wards", filter=f"id IN ({listed})") == set(some)
    node = next(str(r["start_node"]) for r in rows["fibre_links"])
    assert ids(planner, "fibre_links", filter=f"start_node = '{node.upper()}'") == wanted(
        rows["fibre_links"], lambda r: str(r["start_node"]) == node
    )


def test_coordinates_may_be_of_another_crs(planner: TestClient) -> None:
    """A box around Kisii's centre, in four CRS; those in metres made with pyproj."""
    boxes = {
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84": "34.75,-0.72,34.80,-0.66",
        "http://www.opengis.net/def/crs/EPSG/0/4326": "-0.72,34.75,-0.66,34.80",
        "http://www.opengis.net/def/crs/EPSG/0/3857":
            "3868352.305,-80152.3,3873918.280,-73472.404",
    }
    found = [
        ids(planner, "offices", **{"filter": f"S_INTERSECTS(geometry, BBOX({box}))",
                                   "filter-crs": crs})
        for crs, box in boxes.items()
    ]
    assert found[0]
    assert all(each == found[0] for each in found)
    for crs in ("http://www.opengis.net/def/crs/EPSG/0/4", "x"):
        refused = planner.get("/collections/offices/items",
                              params={"filter": "TRUE", "filter-crs": crs})
        assert refused.status_code == 400


@pytest.mark.parametrize(
    "value",
    ["' OR 1=1 --", "'; DROP TABLE gis.offices; --", "%", "$1", "%(name)s", ":name", "{0}",
     "\\", "x' UNION SELECT text FROM internal.api_keys --", "\u2019 OR \u20181\u2019=\u20181"],
)
def test_hostile_values_are_values(planner: TestClient, value: str) -> None:
    every = ids(planner, "offices")
    quoted = "'" + value.replace("'", "''") + "'"
    assert ids(planner, "offices", filter=f"theme = {quoted}") == set()
    theme = {"property": "theme"}
    for tree in (
        {"op": "=", "args": [theme, value]},
        {"op": "in", "args": [theme, [value, value]]},
        {"op": "=", "args": [{"op": "casei", "args": [theme]}, {"op": "casei", "args": [value]}]},
        {"op": "=", "args": [{"op": "upper", "args": [theme]}, value]},
    ):
        asked = {"filter": json.dumps(tree), "filter-lang": "cql2-json"}
        assert ids(planner, "offices", **asked) == set()
    assert ids(planner, "offices") == every


def test_what_the_database_cannot_compute_is_no_failure_of_ours(planner: TestClient) -> None:
    for question in ("staff ^ 9999 > 1", "(0 - staff - 1) ^ 0.5 > 1", "1e308 * 10 > staff",
                     "0 ^ (0 - 1) > staff"):
        answer = planner.get("/collections/offices/items", params={"filter": question})
        assert answer.status_code == 400, question
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_hidden_property_looks_like_none(public: TestClient) -> None:
    """In every way to name it; apart from the name, the answers are equal to the byte."""
    asked = 0
    ways = ("{} = 'x'", "{} IS NULL", "NOT {}", "CASEI({}) LIKE 'a%'", "{} IN (1)",
            "A_CONTAINS({}, ('x'))", "S_INTERSECTS({}, POINT(1 2))",
            "T_AFTER({}, DATE('2020-01-01'))", "{} + 1 = 2", "length({}) > 3", "1 = 1 OR {} = 1",
            "{} BETWEEN 1 AND 2")
    for collection in visible_collections(Audience.PUBLIC):
        seen = queryables_of(collection, Audience.PUBLIC).names
        hidden = [n for n in queryables_of(collection, Audience.ADMIN).names if n not in seen]
        hidden += [f.name for f in visible_fields(collection, Audience.ADMIN)
                   if f.type is FieldType.OBJECT]
        hidden += ["geom", "search_text", "tile_geom", "network_id", "extra", "tableoid",
                   "ctid", "xmin"]
        for name in hidden:
            for way in ways if name in hidden[:2] else ways[:2]:
                answers = [_told(public, collection.id, way, each) for each in (name, "no_such")]
                assert answers[0] == answers[1]
                assert answers[0][0] == 400
                asked += 1
    assert asked > 100


def _told(client: TestClient, collection: str, way: str, name: str) -> tuple[int, bytes]:
    answer = client.get(
        f"/collections/{collection}/items", params={"filter": way.format(name)}
    )
    problem = answer.json()
    assert problem.pop("instance")
    assert problem.pop("name") == name
    problem["detail"] = problem["detail"].replace(f"'{name}'", "")
    return answer.status_code, json.dumps(problem).encode()


def test_a_spatial_filter_uses_the_index(database: Database) -> None:
    from gis_service.model.collections import REGISTRY  # noqa: PLC0415

    offices = REGISTRY["offices"]
    for audience in (Audience.PUBLIC, Audience.PLANNER):
        predicate = parse_filter(
            "S_INTERSECTS(geometry, BBOX(34.75,-0.72,34.751,-0.719)) AND name LIKE 'a%'",
            queryables_of(offices, audience),
        )
        statement = page_statement(
            ItemsQuery(offices, limit=10, filter=predicate), audience, count_cap=100
        )
        with database.begin() as connection:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            compiled = statement.compile(
                dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True}
            )
            plan = connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars()
            assert "offices_geom_idx" in "\n".join(plan)
