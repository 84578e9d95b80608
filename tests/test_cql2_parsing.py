"""CQL2 as text and as JSON: the same tree, bounded work, and clear words where it is faulty."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import cql2
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.crs import epsg
from gis_service.errors import InvalidInput, InvalidParameter, UnknownProperty
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.filters import Kind, Literal, Operation, Predicate
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import MOST_BYTES, parse_filter
from gis_service.ogc.cql2_geometry import MOST_TANGLED, MOST_VERTICES
from gis_service.ogc.cql2_text import FaultyText, read_text

OFFICES = queryables_of(REGISTRY["offices"], Audience.PLANNER)
NODES = queryables_of(REGISTRY["network_nodes"], Audience.PLANNER)
PUBLIC = queryables_of(REGISTRY["offices"], Audience.PUBLIC)

BOTH = [
    "a=1", "a = 1.5 AND b <> 'it''s'", "a LIKE 'x%'", r"a NOT LIKE 'x\%'",
    "a NOT BETWEEN 1 AND 3", "a IN (1,2,3)", "a NOT IN ('a')", "a IS NOT NULL",
    "CASEI(a)=CASEI('X')", "ACCENTI(CASEI(a)) LIKE ACCENTI(CASEI('é%'))",
    "S_INTERSECTS(geometry,POINT(1 2))", "S_INTERSECTS(g,BBOX(150,-90,-150,90))",
    "S_INTERSECTS(g,POLYGON((0 0,1 0,1 1,0 0),(0.2 0.1,0.3 0.1,0.3 0.2,0.2 0.1)))",
    "S_TOUCHES(g,MULTIPOINT((0 0),(1 1)))", "S_TOUCHES(g,MULTIPOINT(0 0,1 1))",
    "S_WITHIN(g,GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1)))",
    "S_CROSSES(g,POINT(1 2 3))", "S_OVERLAPS(g,MULTILINESTRING((0 0,1 0),(1 1,0 -0.5)))",
    "S_EQUALS(g,MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5))))",
    "T_AFTER(d,DATE('2020-01-01'))", "T_DURING(INTERVAL(a,b),INTERVAL('2020-01-01','..'))",
    "d > TIMESTAMP('2020-01-01T00:00:00Z')", "A_CONTAINS(tags,('a','b'))", "a+1*2 = 3",
    "a % 2 = 0", "a ^ 2 = 4", "a div 2 = 1", "a", "NOT a", "TRUE", "a = TRUE", "f(a, 'b') = 1",
    "-a = 1", "a = -1", '"quo te" = 1', "a=1 OR b=2 AND c=3 AND d=4", "NOT (a=1)",
    "not a=1 and b", "a*b+c*d > 1", "((a)) = 1", "a between 1 and b", "upper(a) in ('x')",
    "a.b = 1", "a:b = 1", "éa=1", "(a=1) IS NULL", "4 IN (a,b)", "a-b-c = 1", "a/b*c=1",
    "a=1 AND (b=2 OR c=3) AND NOT (d=4 OR e)", "NOT NOT a", "a = 'x -- y; DROP TABLE z'",
    "a = 1 and b between 2 and 3 and c like 'x'",
]


@pytest.mark.parametrize("text", BOTH)
def test_text_is_read_as_another_parser_reads_it(text: str) -> None:
    assert read_text(text) == cql2.parse_text(text).to_json()


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = 9007199254740993", {"op": "=", "args": [{"property": "a"}, 9007199254740993]}),
        ("a = .5", {"op": "=", "args": [{"property": "a"}, 0.5]}),
        (r"a = 'it\'s'", {"op": "=", "args": [{"property": "a"}, "it's"]}),
        ("2^3^2 = a", {"op": "=", "args": [
            {"op": "^", "args": [2, {"op": "^", "args": [3, 2]}]}, {"property": "a"}]}),
        ("A_EQUALS(t,())", {"op": "a_equals", "args": [{"property": "t"}, []]}),
        ("A_CONTAINS(t,('a'))", {"op": "a_contains", "args": [{"property": "t"}, ["a"]]}),
        ("a\n=\t1", {"op": "=", "args": [{"property": "a"}, 1]}),
    ],
)
def test_text_that_only_ours_reads(text: str, tree: Any) -> None:
    assert read_text(text) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "at character 1 a value was expected, not the end"),
        ("a =", "at character 4 a value was expected, not the end"),
        ("a = 1 = 2", "at character 7 AND, OR or the end was expected, not '='"),
        ("a b", "at character 3 an operator or the end was expected, not 'b'"),
        ("a = 'x", "at character 5 stands a text that does not end"),
        ("a = #", "at character 5 stands '#'"),
        ("POINT(1)", "at character 8 a coordinate was expected, not ')'"),
        ("a NOT 3", "at character 7 LIKE, BETWEEN or IN was expected, not '3'"),
        ("AND", "at character 1 a value was expected, not 'AND'"),
        ("a IS 3", "at character 6 'NULL' was expected, not '3'"),
    ],
)
def test_faulty_text_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FaultyText, match="^" + told.replace("(", r"\(").replace(")", r"\)") + "$"):
        read_text(text)


EQUAL = [
    ("staff >= 5 AND name LIKE 'K%'",
     {"op": "and", "args": [
         {"op": ">=", "args": [{"property": "staff"}, 5]},
         {"op": "like", "args": [{"property": "name"}, "K%"]}]}),
    ("T_AFTER(connected_since, INTERVAL('..','2020-01-01'))",
     {"op": "t_after", "args": [
         {"property": "connected_since"}, {"interval": ["..", "2020-01-01"]}]}),
    ("T_METBY(INTERVAL(connected_since, updated_at), INTERVAL('2020-01-01','..'))",
     {"op": "t_metBy", "args": [
         {"interval": [{"property": "connected_since"}, {"property": "updated_at"}]},
         {"interval": ["2020-01-01", ".."]}]}),
    ("S_INTERSECTS(geometry, BBOX(34,-1,35,0))",
     {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [34, -1, 35, 0]}]}),
    ("NOT ward IS NULL",
     {"op": "not", "args": [{"op": "isNull", "args": [{"property": "ward"}]}]}),
    ("staff NOT IN (1, 2)",
     {"op": "not", "args": [{"op": "in", "args": [{"property": "staff"}, [1, 2]]}]}),
    ("ACCENTI(name) = ACCENTI('x')",
     {"op": "=", "args": [
         {"op": "accenti", "args": [{"property": "name"}]}, {"op": "accenti", "args": ["x"]}]}),
    ("distance_m(geometry, POINT(34.7 -0.7)) < 100 * 2",
     {"op": "<", "args": [
         {"op": "distance_m", "args": [
             {"property": "geometry"}, {"type": "Point", "coordinates": [34.7, -0.7]}]},
         {"op": "*", "args": [100, 2]}]}),
]


@pytest.mark.parametrize(("text", "tree"), EQUAL)
def test_text_and_json_give_equal_trees(text: str, tree: Any) -> None:
    read = parse_filter(json.dumps(tree), OFFICES, language="cql2-json")
    assert parse_filter(text, OFFICES) == read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("staff = 'many'", "staff is of the kind number and cannot be compared where 'many'"),
        ("name > 3", "name is of the kind text"),
        ("connected_since = '2020-01-01'", "connected_since is of the kind date"),
        ("served_by = 'KSI-N-001'", "no id"),
        ("geometry = 'x'", "S_"),
        ("staff", "a filter takes truth value, and staff is of the kind number"),
        ("NOT staff", "NOT takes truth value"),
        ("staff = NULL", "a value was expected"),
        ("name LIKE name", "the pattern of LIKE is a text"),
        (r"name LIKE 'x\'", "single backslash"),
        ("staff LIKE '1%'", "LIKE takes text"),
        ("staff + name = 1", r"the operator \+ takes number"),
        ("CASEI(staff) = 'x'", "CASEI takes text"),
        ("S_INTERSECTS(name, POINT(1 2))", "S_INTERSECTS takes geometry"),
        ("S_INTERSECTS(geometry)", "takes 2 arguments, not 1"),
        ("T_DURING(connected_since, INTERVAL('..','..'))", "T_DURING takes interval"),
        ("T_AFTER(name, DATE('2020-01-01'))", "T_AFTER takes"),
        ("T_AFTER(connected_since, INTERVAL('2021-01-01','2020-01-01'))", "starts after it ends"),
        ("connected_since = DATE('2020-02-30')", "is no date"),
        ("connected_since = DATE('2020-01-01T00:00:00Z')", "is no date"),
        ("updated_at = TIMESTAMP('2020-01-01T00:00:00')", "is no timestamp"),
        ("A_CONTAINS(name, ('x'))", "A_CONTAINS takes array"),
        ("staff IN ()", "IN takes a value and a list"),
        ("pg_sleep(10) = 1", "no operation 'pg_sleep'"),
        ("1e999 > staff", "out of range"),
        ("S_INTERSECTS(geometry, POINT(90 180))", "lies outside the CRS"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "four numbers"),
        ("S_INTERSECTS(geometry, BBOX(0,5,1,4))", "south"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 0,1 1,0 1)))", "ends where it starts"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,2 2,2 0,0 2,0 0)))", "not valid"),
        ("S_WITHIN(geometry, GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1)))", "its parts"),
    ],
)
def test_what_cannot_be_asked_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told) as refused:
        parse_filter(text, OFFICES)
    assert refused.value.name == "filter"


def test_arrays_and_objects_are_no_scalars() -> None:
    with pytest.raises(InvalidParameter, match="A_"):
        parse_filter("type = 'pop'", NODES)
    with pytest.raises(InvalidParameter, match="holds an object"):
        parse_filter("address = 'x'", NODES)
    with pytest.raises(InvalidParameter, match="no id"):
        parse_filter("A_CONTAINS(providers, ('x'))", NODES)


@pytest.mark.parametrize(
    "tree",
    ["", "{", "null", "[]", "{}", '{"op":"="}', '{"op":"=","args":[1]}', '{"op":1,"args":[]}',
     '{"op":"and","args":[]}', '{"op":"=","args":[{"property":1},1]}', '{"property":"staff"}',
     '{"op":"=","args":[{"property":"name"},"\\u0000"]}', '{"op":"=","args":[null,1]}',
     '{"op":"=","args":[{"date":1},1]}', '{"op":"s_intersects","args":[{"property":"geometry"},'
     '{"type":"Point","coordinates":[[1,2]]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":[],"coordinates":[1,2]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":["1",2]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":{}}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"X","geometries":[1]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":"1,2,3,4"}]}',
     '{"op":"in","args":[{"property":"staff"},1]}', '{"op":"like","args":["a",1]}',
     '{"op":"=","args":[{"op":"not","args":[true,true]},true]}', "NaN", '"\\ud800"', "1e999",
     '{"op":"t_after","args":[{"interval":["..",".."]},{"interval":[null,".."]}]}',
     '{"op":"=","args":[{"property":"staff"},1],"more":1}'],
)
def test_json_that_is_no_filter_is_refused(tree: str) -> None:
    with pytest.raises(InvalidInput):
        parse_filter(tree, OFFICES, language="cql2-json")


def test_a_hidden_property_is_unknown() -> None:
    for name in ("contact", "no_such"):
        with pytest.raises(UnknownProperty) as refused:
            parse_filter(f"{name} = 'x'", PUBLIC)
        assert "contact" not in refused.value.known
    nothing_seen = queryables_of(REGISTRY["faults"], Audience.PUBLIC)
    with pytest.raises(UnknownProperty):
        parse_filter("S_INTERSECTS(geometry, BBOX(0,0,1,1))", nothing_seen)


@pytest.mark.parametrize(
    ("crs", "first", "second"),
    [(CRS84, 34.77, -0.68), (epsg(4326), -0.68, 34.77),
     (epsg(3857), 3870578.695, -75699.031), (epsg(32736), 696974.441, 9924803.416)],
)
def test_coordinates_stand_in_the_order_of_their_crs(
    crs: ServedCrs, first: float, second: float
) -> None:
    """The same place in four CRS; those in metres worked out with pyproj."""
    text = f"S_INTERSECTS(geometry, POINT({first} {second}))"
    predicate = parse_filter(text, OFFICES, crs=crs)
    assert isinstance(predicate, Operation)
    point = shapely.from_wkb(_literal(predicate).value)
    assert point.distance(shapely.Point(34.77, -0.68)) < 1e-7
    box = f"S_INTERSECTS(geometry, BBOX({first - 1e-3},{second - 1e-3},{first},{second}))"
    around = parse_filter(box, OFFICES, crs=crs)
    assert isinstance(around, Operation)
    assert shapely.from_wkb(_literal(around).value).distance(point) < 1e-9


def _literal(predicate: Operation) -> Any:
    literal = predicate.args[1]
    assert isinstance(literal, Literal)
    assert literal.kind is Kind.GEOMETRY
    return literal


def test_a_box_may_cross_the_antimeridian() -> None:
    predicate = parse_filter("S_INTERSECTS(geometry, BBOX(150,-90,-150,90))", OFFICES)
    assert isinstance(predicate, Operation)
    shape = shapely.from_wkb(_literal(predicate).value)
    assert shape.area == pytest.approx(60 * 180)
    assert shape.contains(shapely.Point(179, 0))
    assert not shape.contains(shapely.Point(0, 0))


def test_a_long_line_may_not_cross_itself() -> None:
    """The database would work out all its crossings again for every item."""
    straight = ",".join(f"{n / 1000} 0" for n in range(150))
    parse_filter(f"S_CROSSES(geometry, LINESTRING({straight}))", OFFICES)
    tangled = ",".join(f"{n % 7} {n % 11}" for n in range(150))
    with pytest.raises(InvalidParameter, match="crosses itself"):
        parse_filter(f"S_CROSSES(geometry, LINESTRING({tangled}))", OFFICES)
    parse_filter("S_CROSSES(geometry, LINESTRING(0 0,2 2,2 0,0 2))", OFFICES)


HOSTILE = [
    "(" * 8000, "(" * 4000 + "a" + ")" * 4000, "(" * 40 + "a b" + ")" * 40, "NOT " * 2000 + "a",
    "-" * 8000, "f(" * 2700, "staff" + "=staff" * 1300, "staff" + "+1" * 4000 + "=1",
    "'" * 8001, r"\'" * 4000, "A_CONTAINS(" * 700, "staff IN " + "(" * 4000, "a AND " * 1300 + "b",
    "staff=1 OR " * 500 + "staff=1", "GEOMETRYCOLLECTION(" * 400, "a LIKE " * 1100 + "'x'",
    "(a=(1+" * 30 + "a b" + "))" * 30, "CASEI(" * 1300, "1" * 8000, "1e" + "9" * 8000,
    "S_INTERSECTS(geometry, LINESTRING(" + ",".join(["0 0,1 1"] * 900) + "))",
    "staff IN (" + ",".join(["1"] * 4000) + ")", "x" * 8193, "é" * 4097,
]
HOSTILE_JSON = [
    "[" * 60_000, '{"op":"not","args":[' * 3000, '{"op":"not","args":[' * 900 + "true" + "]}" * 900,
    json.dumps({"op": "in", "args": [{"property": "staff"}, list(range(9000))]}),
    json.dumps({"op": "and", "args": [True] * 9000}), "1" * 65_000, '"' + "x" * 70_000 + '"',
    json.dumps({"type": "MultiPoint", "coordinates": [[0, 0]] * 5000}),
    '{"type":"Polygon","coordinates":' + "[" * 900 + "]" * 900 + "}",
]


def test_hostile_filters_end_soon_and_alone() -> None:
    """In a process of their own: none ends it, none takes long, each is answered."""
    program = (
        "import json, sys\n"
        "from gis_service.errors import InvalidInput\n"
        "from tests.test_cql2_parsing import HOSTILE, HOSTILE_JSON, OFFICES, parse_filter\n"
        "pairs = [(t, 'cql2-text') for t in HOSTILE] + [(t, 'cql2-json') for t in HOSTILE_JSON]\n"
        "for text, language in pairs:\n"
        "    try:\n"
        "        parse_filter(text, OFFICES, language=language)\n"
        "        print('read')\n"
        "    except InvalidInput:\n"
        "        print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split()
    assert len(answers) == len(HOSTILE) + len(HOSTILE_JSON)
    assert answers.count("read") == 1, "only the long chain of OR is a filter"


def test_shapes_are_capped_by_vertices_and_tangles() -> None:
    """Of plain shapes as many vertices as may be, of lines that cross themselves a few."""
    def asked(shape: dict[str, Any]) -> Predicate:
        tree = {"op": "s_intersects", "args": [{"property": "geometry"}, shape]}
        return parse_filter(json.dumps(tree), OFFICES, language="cql2-json")

    points = [[n % 90, n % 7] for n in range(MOST_VERTICES)]
    assert asked({"type": "MultiPoint", "coordinates": points})
    with pytest.raises(InvalidInput, match="more than 2,000 vertices"):
        asked({"type": "MultiPoint", "coordinates": [*points, [1, 1]]})
    crossing = [[n % 2, n / 100 % 0.5] for n in range(MOST_TANGLED)]
    assert asked({"type": "LineString", "coordinates": crossing})
    with pytest.raises(InvalidInput, match="crosses itself"):
        asked({"type": "LineString", "coordinates": [*crossing, [0, 0.001]]})


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    for language in MOST_BYTES:
        try:
            parse_filter(text, OFFICES, language=language)
        except InvalidInput:
            continue


_WORDS = st.sampled_from(
    (
        *("staff", "name", "geometry", "ward", "(", ")", ",", "=", "<>", "<", "AND", "OR", "NOT"),
        *("LIKE", "IN", "BETWEEN", "IS", "NULL", "1", "2.5", "'x'", "+", "-", "*", "div", "^"),
        *("CASEI(", "A_CONTAINS(", "S_INTERSECTS(", "POINT(1 2)", "BBOX(1,2,3,4)", "'..'"),
        *("DATE('2020-01-01')", "INTERVAL(", "TRUE", "lower(", "T_AFTER(", "POLYGON(("),
    )
)


@given(st.lists(_WORDS, max_size=25))
@settings(max_examples=500, deadline=None)
def test_any_row_of_words_is_a_filter_or_refused(words: list[str]) -> None:
    try:
        predicate: Predicate = parse_filter(" ".join(words), OFFICES)
    except InvalidInput:
        return
    assert predicate.kind is Kind.BOOLEAN
