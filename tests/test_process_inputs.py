"""What a process is given: checked and typed by its declaration."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from gis_service.errors import InvalidInput, InvalidParameter, UnknownInput
from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.fields import FieldType, Text
from gis_service.model.processes.words import Process, given, shape
from gis_service.ogc.process_inputs import parse_inputs
from gis_service.ogc.processes import input_schema, read_execution

WORDS = ("a", "a")
PROCESS = Process(
    "example",
    Text("a", "a"),
    Text("a", "a"),
    (
        given("office", FieldType.REFERENCE, WORDS, WORDS, references="offices", required=True),
        given("links", FieldType.REFERENCES, WORDS, WORDS, references="fibre_links"),
        given("distance_m", FieldType.NUMBER, WORDS, WORDS, default=2.5, minimum=0, maximum=100),
        given("count", FieldType.INTEGER, WORDS, WORDS),
        given("theme", FieldType.CODE, WORDS, WORDS, codelist=codelists.THEME),
        given("on", FieldType.DATE, WORDS, WORDS),
        given("at", FieldType.TIMESTAMP, WORDS, WORDS),
        given("deep", FieldType.BOOLEAN, WORDS, WORDS, default=False),
        shape("works", WORDS, WORDS),
    ),
    Audience.PLANNER,
)
ID = "5f0c1a9e-3c1f-4f59-9c43-0d8d0d1f2a3b"
THEME = codelists.THEME.values()[0]
LINE = {"type": "LineString", "coordinates": [[34.7, -0.6], [34.8, -0.7]]}


def test_values_of_json_and_texts_mean_the_same() -> None:
    as_json = parse_inputs(PROCESS, {
        "office": ID, "links": [ID, "L-7"], "distance_m": 3, "count": 4.0, "theme": THEME,
        "on": "2026-01-31", "at": "2026-01-31T12:00:00Z", "deep": True,
    })
    as_text = parse_inputs(PROCESS, {
        "office": ID, "links": f"{ID},L-7,{ID}", "distance_m": "3", "count": "4", "theme": THEME,
        "on": "2026-01-31", "at": "2026-01-31T12:00:00Z", "deep": "true",
    })
    assert as_json == as_text == {
        "office": UUID(ID), "links": (UUID(ID), "L-7"), "distance_m": 3, "count": 4,
        "theme": THEME, "on": date(2026, 1, 31), "at": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "deep": True, "works": None,
    }


def test_what_is_not_given_is_its_default_or_nothing() -> None:
    found = parse_inputs(PROCESS, {"office": "Town Hall", "count": None, "theme": ""})
    assert found["office"] == "Town Hall"
    assert found["distance_m"] == 2.5
    assert found["deep"] is False
    assert found["links"] == ()
    assert found["count"] is None
    assert found["theme"] is None


@pytest.mark.parametrize(("name", "value"), [
    ("office", None), ("office", ""), ("office", 7), ("office", {"href": "http://127.0.0.1/"}),
    ("links", {"a": 1}), ("links", ["x"] * 1001), ("links", [["x"]]),
    ("distance_m", -1), ("distance_m", "100.5"), ("distance_m", "nan"), ("distance_m", True),
    ("count", 1.5), ("count", "x"), ("theme", "no such theme"), ("on", "31.1.2026"),
    ("at", "noon"), ("deep", "yes"), ("deep", 1), ("office", "x" * 2000),
    ("works", "POINT(1 2)"), ("works", {"type": "Point", "coordinates": [34.7, -0.6]}),
    ("works", {"type": "LineString", "coordinates": [[34.7, -0.6]]}),
    ("works", {"type": "LineString", "coordinates": [[34.7, -0.6], [1e9, 0]]}),
    ("works", {"type": "LineString", "coordinates": [[34 + i / 1e4, -1] for i in range(2001)]}),
])
def test_a_value_that_breaks_its_rule_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_inputs(PROCESS, {"office": ID, name: value})
    assert refused.value.name == name


def test_an_input_that_is_not_declared_is_refused() -> None:
    with pytest.raises(UnknownInput) as refused:
        parse_inputs(PROCESS, {"office": ID, "offices": ID})
    assert "office" in refused.value.known


@pytest.mark.parametrize("value", [
    LINE, {"type": "Feature", "geometry": LINE, "properties": {}},
    {"value": LINE, "mediaType": "application/geo+json"},
])
def test_a_geometry_comes_plain_as_a_feature_or_with_its_type(value: Any) -> None:
    works = parse_inputs(PROCESS, {"office": ID, "works": value})["works"]
    assert works.geom_type == "LineString"
    assert works.bounds == (34.7, -0.7, 34.8, -0.6)


def test_schemas_say_defaults_bounds_and_codes() -> None:
    schemas = {each.name: input_schema(each) for each in PROCESS.inputs}
    assert schemas["distance_m"] == {
        "type": "number", "minimum": 0, "maximum": 100, "default": 2.5
    }
    assert schemas["theme"]["enum"] == list(codelists.THEME.values())
    assert schemas["links"]["items"] == {"type": "string"}
    assert schemas["works"]["properties"]["type"]["enum"][0] == "LineString"


@pytest.mark.parametrize("body", [
    [], {"input": {}}, {"inputs": []}, {"response": "async"}, {"outputs": {"other": {}}},
    {"outputs": {"result": {"transmissionMode": "reference"}}}, {"subscriber": {"successUri": "x"}},
])
def test_a_body_that_asks_for_what_is_not_offered_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInput):
        read_execution(body)


def test_a_body_may_ask_for_a_document_of_outputs() -> None:
    assert read_execution({}) == ({}, False)
    asked = {"inputs": {"a": 1}, "response": "document",
             "outputs": {"result": {"transmissionMode": "value"}}}
    assert read_execution(asked) == ({"a": 1}, True)
