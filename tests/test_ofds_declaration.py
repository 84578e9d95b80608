"""The declaration of the Open Fibre Data Standard against the standard's own files."""

import json

import pytest

from gis_service.errors import InvalidInput
from gis_service.model.ofds import (
    CURRENT,
    VERSIONS,
    closed_codes,
    likely_version,
    open_codes,
    package_schema,
    sheets,
    version_named,
    version_of,
)

ANNOTATIONS = {"title", "description", "$comment", "codelist", "openCodelist", "$id", "$schema"}


def plain(schema, definitions):
    """A schema without annotations, references put in place, in one spelling."""
    if isinstance(schema, list):
        return [plain(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return plain(definitions[name], definitions)
    found = {
        key: {name: plain(value, definitions) for name, value in part.items()}
        if key == "properties"
        else plain(part, definitions)
        for key, part in schema.items()
        if key not in ANNOTATIONS | {"$defs"}
    }
    if found.get("type") == ["string"]:
        found["type"] = "string"
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
        found.pop("minLength", None)
    if found.get("required"):
        found["required"] = sorted(found["required"])
        found.pop("minProperties", None)
    return found


@pytest.mark.shared
def test_0_3_is_the_official_schema(shared_data):
    official = json.loads((shared_data / "ofds/schema/network-schema.json").read_text())
    ours = package_schema(VERSIONS["0.3"])["$defs"]["Network"]
    assert ours["$id"] == official["$id"]
    assert plain(ours, ours["$defs"]) == plain(official, official["$defs"])


@pytest.mark.shared
def test_0_3_codes_are_the_official_codelists(shared_data):
    folder = shared_data / "ofds/codelists"
    for path in folder.glob("closed/*.csv"):
        codes = [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
        assert set(closed_codes(path.stem, "0.3")) == set(codes), path.stem
    for name in ("nodeType", "spanTechnologies", "nodeTechnologies", "organisationRole",
                 "contractType", "language"):
        lines = (folder / f"open/{name}.csv").read_text().splitlines()[1:]
        assert open_codes(name, "0.3") == {line.split(",")[0] for line in lines if "," in line}
    assert open_codes("mediaType", "0.3") is None


def test_a_version_is_what_the_first_link_says():
    described_by = {"rel": "describedby", "href": CURRENT.schema_uri}
    assert version_of({"links": [described_by]}) is CURRENT
    for without in ({}, {"links": []}, {"links": "x"}, {"links": [{"href": 1}, described_by]}):
        assert version_of(without) is None
    assert version_named("0.3.0") is VERSIONS["0.3"]
    with pytest.raises(InvalidInput, match=r"Known: 0\.2, 0\.3, 0\.4"):
        version_named("0.5")


def test_a_version_that_is_not_said_is_guessed_by_what_only_0_4_has():
    owner = {"transmissionMediumOwner": {"id": "o1"}}
    for newer in ({"wayleaves": []}, {"spans": [{"id": "s"}, owner]}, {"identifier": "KSI"}):
        assert likely_version(newer) is CURRENT
    older = {"physicalInfrastructureProvider": {"id": "o1"}}
    for other in ({}, {"nodes": [older, 7]}, {"nodes": None}):
        assert likely_version(other) is VERSIONS["0.3"]


def test_sheets_are_those_of_the_csv_form():
    of_0_2 = {sheet.name: sheet for sheet in sheets(VERSIONS["0.2"])}
    of_0_4 = {sheet.name: sheet for sheet in sheets(VERSIONS["0.4"])}
    assert set(of_0_4) - set(of_0_2) == {"wayleaves"}
    assert of_0_4["phases_funders"].headings == (
        "id", "phases/0/id", "phases/0/funders/0/id", "phases/0/funders/0/name"
    )
    assert of_0_2["networks"].headings[:5] == (
        "id", "name", "website", "publisher/id", "publisher/name"
    )
    spans = {column.heading: column for column in of_0_4["spans"].columns}
    assert spans["spans/0/route"].is_geometry
    assert spans["spans/0/supportingInfrastructure/owner/id"].path == (
        "supportingInfrastructure", "owner", "id"
    )
    assert spans["spans/0/wayleaves"].holds.array
