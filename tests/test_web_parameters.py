"""What the text of parameters and headers means."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from datetime import UTC
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType
from gis_service.model.queries import BBox, Cursor, Position, SortTerm
from gis_service.ogc.media import GEOJSON, HTML, JSON, OPENAPI
from gis_service.ogc.parameters import (
    parse_bbox,
    parse_datetime,
    parse_id,
    parse_limit,
    parse_offset,
    parse_value,
)
from gis_service.ogc.sorting import (
    MOST_TERMS,
    is_sortable,
    parse_sort,
    read_cursor,
    write_cursor,
    write_sort,
)
from gis_service.web.item_questions import PAGE_PARAMETERS
from gis_service.web.negotiation import NotAcceptable, choose_format, choose_language
from gis_service.web.query_string import UnknownParameter, read_parameters

ID = UUID("0b3cbe06-2f5e-4a3f-8c9b-6a5f2f1f0e9d")


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("100", 100), ("10001", 10_000), ("9" * 19, 10_000)]
)
def test_a_limit_above_the_maximum_is_the_maximum(text: str, limit: int) -> None:
    assert parse_limit(text, maximum=10_000) == limit


@pytest.mark.parametrize("text", ["", "0", "-1", "1.0", "1e3", " 1", "ten", "٣", "1" * 400, "0x1"])
def test_a_limit_that_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_limit(text, maximum=10_000)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "101", "٣", "9" * 19, "9" * 400])
def test_an_offset_has_an_end(text: str) -> None:
    assert [parse_offset(few, maximum=100) for few in ("0", "7", "100")] == [0, 7, 100]
    with pytest.raises(InvalidParameter, match="next links"):
        parse_offset(text, maximum=100)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("34.5,-1,35,-.5000000", BBox(34.5, -1, 35, -0.5)),
        (".5000000,-.5,1.,1e0", BBox(0.5, -0.5, 1, 1)),
        ("34,-1,0,35,0,3000", BBox(34, -1, 35, 0)),
        ("177,65,-177,70", BBox(177, 65, -177, 70)),
        ("0,0,0,0", BBox(0, 0, 0, 0)),
        ("-180,-90,180,90", BBox(-180, -90, 180, 90)),
        ("1, 2, 3, 4", BBox(1, 2, 3, 4)),
    ],
)
def test_boxes(text: str, box: BBox) -> None:
    assert parse_bbox(text) == (box, ())


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "nan,0,1,1", "inf,0,1,1", "0,0,1e999,1", "1_0,0,11,1", "٣,0,4,1",
     "0,5,1,4", "0,0,9,1,1,1", "0,0,181,1", "0,-90.1,1,1", "1,2,3,", "a,b,c,d", "0x1,0,2,1",
     ",".join(["9" * 70] * 4)],
)
def test_boxes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_bbox(text)


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.123456789+03:00",
     "2026-01-31", "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z", "../2026-01-01T00:00:00Z",
     "2026-01-01T00:00:00Z/..", "/2026-01-01", "2026-01-01/", "2026-01-01/P2D",
     "2026-01-01T00:00:00Z/PT6H"],
)
def test_times(text: str) -> None:
    parse_datetime(text)


@pytest.mark.parametrize(
    "text",
    ["", "/", "../..", "../", "now", "2026", "2026-13-01", "2026-02-30T00:00:00Z",
     "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "2026-02-01/2026-01-01",
     "2026-01-01/2026-01-02/2026-01-03", "../P2D", "2026-01-01/P", "2026-01-01/PT",
     "0000-01-01T00:00:00Z"],
)
def test_times_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_datetime(text)


@st.composite
def cursors(draw: st.DrawFn) -> tuple[tuple[SortTerm, ...], Cursor]:
    """A cursor of any order of offices."""
    sortable = [f for f in REGISTRY["offices"].fields if is_sortable(f)]
    fields = draw(st.lists(st.sampled_from(sortable), max_size=MOST_TERMS, unique=True))
    sort = tuple(SortTerm(field, draw(st.booleans())) for field in fields)
    values = tuple(draw(st.none() | VALUES[field.type]) for field in fields)
    at = draw(st.builds(Position, st.just(values), st.uuids()))
    return sort, draw(st.builds(Cursor, st.just(at), st.booleans()) | st.just(Cursor(None, True)))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: TEXTS,
    FieldType.CODE: TEXTS,
    FieldType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    FieldType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: st.dates().map(lambda day: day.isoformat()),
    FieldType.TIMESTAMP: st.datetimes(timezones=st.just(UTC)).map(lambda t: t.isoformat()),
}


@given(cursors())
def test_a_cursor_comes_back_as_it_was(given: tuple[tuple[SortTerm, ...], Cursor]) -> None:
    sort, cursor = given
    text = write_cursor(cursor, sort)
    assert read_cursor(text, sort) == cursor
    assert re.fullmatch("[A-Za-z0-9_-]+", text)
    other = (*sort, SortTerm(REGISTRY["offices"].by_name["contact"])) if not sort else ()
    with pytest.raises(InvalidParameter):
        read_cursor(text, other)


@pytest.mark.parametrize("text", ["", "x", "é", str(ID), "A" * 21, "A" * 23, "A" * 5000, "+" * 22])
def test_cursors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        read_cursor(text, ())


@pytest.mark.parametrize(
    "document",
    ["null", "[]", "{}", "1", '["staff",null,false]', '["staff",null,1]', '["staff",[],false]',
     f'["staff",["{ID}"],false]', f'["staff",[1,2,"{ID}"],false]', f'["staff",["1","{ID}"],false]',
     f'["staff",[true,"{ID}"],false]', f'["staff",[1.5,"{ID}"],false]',
     f'["staff",[9223372036854775808,"{ID}"],false]', f'["staff",[[1],"{ID}"],false]',
     f'["staff",[1,"{ID}x"],false]', '["staff",[1,7],false]', f'["-staff",[1,"{ID}"],false]',
     f'["staff",[1,"{ID}"],"false"]', f'["staff",[1,"{ID}"],false,0]',
     f'["staff", [1,"{ID}"],false]', "[" * 2000],
)
def test_a_cursor_that_somebody_made_up_is_refused(document: str) -> None:
    sort = (SortTerm(REGISTRY["offices"].by_name["staff"]),)
    text = urlsafe_b64encode(document.encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidParameter):
        read_cursor(text, sort)


@pytest.mark.parametrize(
    ("text", "written"),
    [("name", "name"), ("+name,-staff", "name,-staff"), (" name, -staff", "name,-staff")],
)
def test_orders(text: str, written: str) -> None:
    assert write_sort(parse_sort(text, REGISTRY["offices"], Audience.ADMIN)) == written


@pytest.mark.parametrize(
    "text",
    ["", ",", "name,", "-", "--name", "name,name", "name,-name", "served_by", "no_such", "id",
     "name asc", "name;DROP", "name,staff,contact,connection,office_type"],
)
def test_orders_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_sort(text, REGISTRY["offices"], Audience.ADMIN)


def test_ids_have_one_spelling() -> None:
    assert parse_id(str(ID)) == ID
    assert parse_id(str(ID).upper()) == ID
    for text in ("", "x", ID.hex, f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID} "):
        assert parse_id(text) is None


@pytest.mark.parametrize(
    ("collection", "name", "text", "value"),
    [
        ("offices", "name", "", ""),
        ("offices", "name", "1; DROP TABLE x --", "1; DROP TABLE x --"),
        ("offices", "connection", "connected", "connected"),
        ("offices", "staff", "-3", -3),
        ("offices", "required_mbps", ".5", 0.5),
        ("network_nodes", "gateway", "true", True),
        ("fibre_links", "start_node", str(ID).upper(), str(ID)),
    ],
)
def test_values_are_typed_by_their_field(
    collection: str, name: str, text: str, value: object
) -> None:
    parsed = parse_value(REGISTRY[collection].by_name[name], text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("collection", "name", "text"),
    [
        ("offices", "staff", "many"),
        ("offices", "staff", "9" * 19),
        ("offices", "staff", "1.5"),
        ("offices", "required_mbps", "nan"),
        ("offices", "connected_since", "31/01/2026"),
        ("offices", "connected_since", "2026-02-30"),
        ("network_nodes", "gateway", "yes"),
        ("network_nodes", "address", "{}"),
        ("fibre_links", "start_node", "KSI-N-001"),
    ],
)
def test_values_of_another_type_are_refused(collection: str, name: str, text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_value(REGISTRY[collection].by_name[name], text)


def test_no_property_is_named_like_a_parameter() -> None:
    for collection in REGISTRY.values():
        assert not set(collection.by_name) & set(PAGE_PARAMETERS)


def test_repeated_parameters() -> None:
    parameters = read_parameters(b"limit=10&bbox=1,2,3,4&limit=500&bbox=1,2,3,4")
    assert parameters.get("limit") == "500"
    assert parameters.get("bbox") == "1,2,3,4"
    assert parameters.once() == (("limit", "500"), ("bbox", "1,2,3,4"))
    with pytest.raises(InvalidParameter):
        read_parameters(b"bbox=1,2,3,4&bbox=5,6,7,8").get("bbox")


def test_query_strings_are_decoded_strictly() -> None:
    assert read_parameters(b"a=1+2&b=%C3%A9&c&&d=").pairs == (
        ("a", "1 2"), ("b", "é"), ("c", ""), ("d", "")
    )
    many = b"&".join([b"a=1"] * 101)
    for query in (b"a=%00", b"a=%ED%A0%80", b"a=%FF", b"%0A=1", b"a=%7F", many):
        with pytest.raises(InvalidInput):
            read_parameters(query)


def test_an_unknown_parameter_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownParameter, match=r"'limt'.*Known: bbox, limit"):
        read_parameters(b"limt=1").only(("limit", "bbox"))


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, GEOJSON),
        ("", GEOJSON),
        ("*/*", GEOJSON),
        ("application/json", GEOJSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/geo+json;q=0.2, text/html;q=0.3", HTML),
        ("text/*", HTML),
        ("text/html;q=0, */*", GEOJSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),
        ("application/geo+json; charset=utf-8", GEOJSON),
        ("image/gif, *; q=.2", GEOJSON),
    ],
)
def test_formats_by_the_accept_header(accept: str | None, chosen: object) -> None:
    assert choose_format(None, accept, (GEOJSON, HTML)) is chosen


def test_f_is_stronger_than_accept() -> None:
    assert choose_format("html", "application/json", (GEOJSON, HTML)) is HTML
    assert choose_format("json", "text/html", (GEOJSON, HTML)) is GEOJSON
    with pytest.raises(InvalidParameter, match="geojson, html"):
        choose_format("xml", None, (GEOJSON, HTML))


def test_formats_that_are_not_offered_are_refused() -> None:
    for accept in ("image/png", "*/*;q=0", "text/html;q=0"):
        with pytest.raises(NotAcceptable):
            choose_format(None, accept, (JSON, HTML) if "text" not in accept else (HTML,))
    assert choose_format(None, OPENAPI.media_type, (OPENAPI, HTML)) is OPENAPI


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "en"), ("sw", "sw"), ("sw-KE", "sw"), ("fr", "en"), ("en;q=0.5, sw;q=0.9", "sw"),
     ("fr, sw;q=0.1", "sw"), ("sw;q=0", "en"), ("swx", "en"), (";;,q=,*", "en")],
)
def test_languages_by_the_header(header: str | None, language: str) -> None:
    assert choose_language(None, header) == language


def test_lang_is_stronger_than_the_header() -> None:
    assert choose_language("en", "sw") == "en"
    with pytest.raises(InvalidParameter):
        choose_language("fr", None)
