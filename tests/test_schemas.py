"""Queryables, sortables, schemas and functions: derived from the registry, for each reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience, visible_collections, visible_fields
from gis_service.model.fields import FieldType
from gis_service.model.functions import FUNCTIONS
from gis_service.model.queryables import queryables_of
from gis_service.ogc.sorting import is_sortable
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients

REL = "http://www.opengis.net/def/rel/ogc/1.0/"


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module", params=[Audience.PUBLIC, Audience.TECHNICIAN, Audience.ADMIN])
def reader(clients: Clients, request: pytest.FixtureRequest) -> Iterator[tuple[Audience, Any]]:
    with clients(audience=request.param) as client:
        yield request.param, client


@pytest.fixture(scope="module")
def planner(clients: Clients) -> Iterator[TestClient]:
    with clients(audience=Audience.PLANNER) as client:
        yield client


def test_each_document_is_linked_and_names_what_the_reader_sees(
    reader: tuple[Audience, TestClient],
) -> None:
    audience, client = reader
    for collection in visible_collections(audience):
        links = {
            link["rel"].removeprefix(REL): link
            for link in client.get(f"/collections/{collection.id}").json()["links"]
        }
        fields = visible_fields(collection, audience)
        asked = queryables_of(collection, audience)
        named = {
            "queryables": set(asked.names),
            "sortables": {f.name for f in fields if is_sortable(f)},
            "schema": {"id", *(f.name for f in fields), *(set(asked.names) & {"geometry"})},
        }
        for kind, names in named.items():
            assert links[kind]["type"] == "application/schema+json"
            answer = client.get(links[kind]["href"])
            assert answer.headers["content-type"] == "application/schema+json"
            document = answer.json()
            assert document["$id"] == links[kind]["href"]
            assert set(document["properties"]) == names, (collection.id, kind)
            jsonschema.Draft202012Validator.check_schema(document)
            numbers = [p["x-ogc-propertySeq"] for p in document["properties"].values()]
            assert numbers == sorted(set(numbers))


def test_items_keep_to_their_schema(reader: tuple[Audience, TestClient]) -> None:
    """Flat: properties, id and, in place of the geometry, nothing, which JSON Schema cannot say."""
    audience, client = reader
    for collection in visible_collections(audience):
        schema = client.get(f"/collections/{collection.id}/schema").json()
        validator = jsonschema.Draft202012Validator({**schema, "additionalProperties": False})
        features = client.get(f"/collections/{collection.id}/items?limit=50").json()["features"]
        for feature in features:
            filled = {k: v for k, v in feature["properties"].items() if v is not None}
            validator.validate({"id": feature["id"], **filled})


def test_roles_formats_and_codes(planner: TestClient) -> None:
    properties = planner.get("/collections/fibre_links/schema").json()["properties"]
    assert properties["id"]["x-ogc-role"] == "id"
    assert properties["geometry"]["x-ogc-role"] == "primary-geometry"
    assert properties["geometry"]["format"] == "geometry-linestring"
    assert properties["start_node"]["x-ogc-role"] == "reference"
    assert properties["start_node"]["x-ogc-collectionId"] == "network_nodes"
    assert properties["providers"]["items"]["x-ogc-collectionId"] == "organisations"
    assert "operational" in properties["status"]["enum"]
    assert properties["medium"]["items"]["enum"]
    assert properties["route_length_m"]["x-ogc-unit"] == "m"
    read_only = {name for name, p in properties.items() if p.get("readOnly")}
    assert read_only == {"id", "route_length_m", "version", "updated_at"}
    formats = {c: planner.get(f"/collections/{c}/queryables").json()["properties"]["geometry"]
               ["format"] for c in ("offices", "wards")}
    assert formats == {"offices": "geometry-point", "wards": "geometry-multipolygon"}


def test_titles_are_in_the_readers_language(planner: TestClient) -> None:
    for kind in ("queryables", "sortables", "schema"):
        titles = [
            planner.get(f"/collections/offices/{kind}?lang={lang}").json()["properties"]["name"]
            for lang in ("en", "sw")
        ]
        assert [each["title"] for each in titles] == ["Name", "Jina"]


def test_editors_are_told_what_they_may_write(clients: Clients) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        path = "/collections/offices/schema"
        whole = planner.get(path, params={"type": "create"}).json()
        assert set(whole["required"]) == {"name", "office_type", "connection", "geometry"}
        assert not {"id", "ward", "version", "updated_at"} & set(whole["properties"])
        assert "visibility" in whole["properties"]
        assert whole["additionalProperties"] is False
        assert planner.get(path, params={"type": "replace"}).json()["required"]
        part = planner.get(path, params={"type": "update"}).json()
        assert "required" not in part
        assert set(part["properties"]) == set(whole["properties"])
        refused = planner.get("/collections/work_log/schema", params={"type": "update"})
        assert refused.status_code == 400
        assert "create" in refused.json()["detail"]


def test_what_is_created_by_the_schema_is_accepted(clients: Clients) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        schema = planner.get("/collections/offices/schema?type=create").json()
        some = {
            name: (schema["properties"][name].get("enum") or ["New"])[0]
            for name in schema["required"] if name != "geometry"
        }
        body = {"type": "Feature", "properties": some,
                "geometry": {"type": "Point", "coordinates": [34.77, -0.68]}}
        made = planner.post("/collections/offices/items", json=body)
        assert made.status_code == 201, made.text


def test_the_public_is_told_nothing_of_writing(clients: Clients) -> None:
    with clients() as public:
        for value in ("create", "x"):
            answer = public.get("/collections/offices/schema", params={"type": value})
            assert answer.status_code == 400
            assert answer.json()["name"] == "type"
        properties = public.get("/collections/offices/schema").json()["properties"]
        assert all(each["readOnly"] for each in properties.values())


def test_functions_are_listed_as_they_can_be_called(planner: TestClient) -> None:
    landing = planner.get("/").json()["links"]
    href = next(link["href"] for link in landing if link["rel"] == f"{REL}functions")
    listed = planner.get(href).json()["functions"]
    assert {each["name"] for each in listed} == set(FUNCTIONS)
    sample = {"string": "name", "number": "staff", "geometry": "geometry"}
    for each in listed:
        args = ", ".join(sample[argument["type"][0]] for argument in each["arguments"])
        question = f"{each['name']}({args}) IS NOT NULL"
        answer = planner.get("/collections/offices/items", params={"filter": question, "limit": 1})
        assert answer.status_code == 200, answer.text
        assert answer.json()["numberMatched"] > 0
        assert each["returns"][0] in ("string", "number")


def test_every_queryable_is_a_parameter_and_of_a_known_type(planner: TestClient) -> None:
    paths = planner.get("/api").json()["paths"]
    for collection in visible_collections(Audience.PLANNER):
        parameters = paths[f"/collections/{collection.id}/items"]["get"]["parameters"]
        named = {p["name"] for p in parameters if "name" in p} - {"f"}
        listed = planner.get(f"/collections/{collection.id}/queryables").json()["properties"]
        assert named == set(listed) - {"geometry"}
        objects = {f.name for f in collection.fields if f.type is FieldType.OBJECT}
        assert not objects & named
