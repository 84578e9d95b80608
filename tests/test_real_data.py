"""
Real files, as people have them: what is loaded, what is refused, and why.

Counts are worked out by hand from the files (with a plain JSON or DBF reader,
not with ours), and the data's own list says where the files come from.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gis_service.errors import InvalidInput
from gis_service.model.reports import LoadRejected, LoadReport, Severity
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store.database import Database

pytestmark = pytest.mark.shared

KISII = '"[34.3, -1.2, 35.2, -0.3]"'
KENYA = '"[33.5, -5.2, 42.2, 5.6]"'

Load = Callable[..., LoadReport]


@pytest.fixture
def load(database: Database, settings: Settings, tmp_path: Path) -> Load:
    def load(path: Path, collection: str, **options: Any) -> LoadReport:
        return load_file(database, settings, LoadRequest(path, collection, **options))

    networks = tmp_path / "networks.csv"
    networks.write_text(
        "external_id,name,extent,metric_srid,synthetic\n"
        f"kisii,Kisii,{KISII},32736,false\njtl,JTL,{KENYA},32736,false\n"
        f"nofbi,NOFBI,{KENYA},32736,false\n"
    )
    load(networks, "networks")
    return load


def outcome(report: LoadReport) -> tuple[int, int, int, int]:
    return report.inserted, report.updated, report.unchanged, report.rejected


def errors(report: LoadReport) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.rule) for f in report.errors]


def scalar(database: Database, statement: str) -> Any:
    with database.begin() as connection:
        return connection.scalar(text(statement))


WARD_COLUMNS = {"wardcode": "code", "ward": "name", "const": "constituency"}


def test_the_wards_of_kisii_county(load: Load, shared_data: Path, database: Database) -> None:
    path = shared_data / "wards" / "kisii_wards.geojson"
    options = {
        "mapping": {**WARD_COLUMNS, "pop2009": "population"},
        "constants": {"population_year": "2009", "source": "Omare & Omare 2017, CC BY 4.0"},
    }
    with pytest.raises(InvalidInput, match="--map wardcode=code"):
        load(path, "wards")
    report = load(path, "wards", **options)
    assert outcome(report) == (45, 0, 0, 0)
    assert report.faults == ()
    assert report.crs == "EPSG:4326 (WGS 84)"
    assert scalar(database, "SELECT sum(population) FROM gis.wards") == 1_152_282
    # the list of sources says 1,315.5 km2, measured in a projection; geodesic it is 1,315.3
    area_km2 = scalar(database, "SELECT sum(ST_Area(geom::geography)) / 1e6 FROM gis.wards")
    assert area_km2 == pytest.approx(1_315.5, abs=0.5)
    assert outcome(load(path, "wards", **options)) == (0, 0, 45, 0)


def test_the_wards_of_kenya(
    load: Load, shared_data: Path, tmp_path: Path, database: Database
) -> None:
    """Five self-intersecting wards, which are repaired, and six codes that two wards share each."""
    path = tmp_path / "wards.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in (shared_data / "wards" / "kenya").glob("Kenya_county_assemblies.*"):
            archive.write(part, part.name)
    with pytest.raises(LoadRejected) as raised:
        load(path, "wards", mapping=WARD_COLUMNS)
    report = raised.value.report
    assert outcome(report) == (0, 0, 0, 12)
    assert report.read == 1_452
    assert {rule for _, _, rule in errors(report)} == {"duplicate-key"}
    repaired = [f for f in report.warnings if f.rule == "repaired-polygon"]
    assert [f.row for f in repaired] == [279, 534, 827, 868, 1234]
    assert repaired[0].message.startswith("Self-intersection at 34.375009")
    codes = {f.value for f in report.errors}
    assert codes == {"18", "159", "175", "355", "730", "836"}
    assert scalar(database, "SELECT count(*) FROM gis.wards") == 0
    partial = load(path, "wards", mapping=WARD_COLUMNS, accept_partial=True)
    assert outcome(partial) == (1_440, 0, 0, 12)
    again = load(path, "wards", mapping=WARD_COLUMNS, accept_partial=True)
    assert outcome(again) == (0, 0, 1_440, 12)


HEALTH = {
    "mapping": {"Facility name": "name"},
    "constants": {"office_type": "health", "connection": "unknown"},
    "make_ids": True,
    "network": "kisii",
}


def test_health_facilities_as_offices(
    load: Load, shared_data: Path, database: Database
) -> None:
    """
    One of 131 lies north of the equator, by its sign, and so outside the extent.

    Three more lie outside the county's outline, but inside its network's box:
    an extent does not find them.
    """
    path = shared_data / "places" / "health_facilities.geojson"
    with pytest.raises(InvalidInput, match="--make-ids"):
        load(path, "offices", network="kisii")
    with pytest.raises(InvalidInput, match="no column for name, office_type, connection"):
        load(path, "offices", network="kisii", make_ids=True)
    with pytest.raises(LoadRejected) as raised:
        load(path, "offices", **HEALTH)
    (fault,) = raised.value.report.faults
    assert (fault.row, fault.rule) == (95, "outside-extent")
    assert fault.value == "POINT (34.6694 0.62704)"
    assert "opposite sign of latitude" in fault.message
    report = load(path, "offices", accept_partial=True, **HEALTH)
    assert outcome(report) == (130, 0, 0, 1)
    assert "Ownership" in report.unmapped
    again = load(path, "offices", accept_partial=True, **HEALTH)
    assert outcome(again) == (0, 0, 130, 1)
    kept = scalar(
        database, "SELECT extra->>'Facility type' FROM gis.offices WHERE name = 'Bitare Dispensary'"
    )
    assert kept == "Dispensary"


def test_health_facilities_beyond_the_county_box(
    load: Load, shared_data: Path, tmp_path: Path
) -> None:
    """The box of the 45 wards leaves out a second one, at 35.0295 E."""
    narrow = tmp_path / "narrow.csv"
    narrow.write_text(
        "external_id,name,extent,metric_srid,synthetic\n"
        'box,County box,"[34.60993, -0.97359, 35.01334, -0.51064]",32736,false\n'
    )
    load(narrow, "networks")
    report = load(
        shared_data / "places" / "health_facilities.geojson", "offices",
        accept_partial=True, **(HEALTH | {"network": "box"}),
    )  # fmt: skip
    assert errors(report) == [
        (14, "geometry", "outside-extent"), (95, "geometry", "outside-extent")
    ]  # fmt: skip


def test_polling_stations_as_offices(load: Load, shared_data: Path) -> None:
    options = {
        "constants": {"office_type": "education", "connection": "unknown"},
        "make_ids": True,
        "network": "kisii",
    }
    path = shared_data / "places" / "polling_stations.geojson"
    report = load(path, "offices", **options)
    assert outcome(report) == (395, 0, 0, 0)
    assert report.unmapped == ("ward", "constituency", "county", "lat", "lon")
    assert outcome(load(path, "offices", **options)) == (0, 0, 395, 0)


def test_post_offices_as_offices(load: Load, shared_data: Path) -> None:
    """The head office is geocoded near Nairobi, and one has no position."""
    path = shared_data / "places" / "kisii_post_offices.csv"
    options = {
        "mapping": {"number": "external_id", "office": "name"},
        "constants": {"office_type": "other", "connection": "unknown"},
        "network": "kisii",
        "accept_partial": True,
    }
    report = load(path, "offices", **options)
    with path.open() as file:
        rows = [row["office"] for row in csv.DictReader(file)]
    assert [(rows[f.row - 1], f.rule) for f in report.errors] == [
        ("KISII", "outside-extent"), ("Omogonchoro", "no-geometry")
    ]  # fmt: skip
    assert outcome(report) == (15, 0, 0, 2)


def test_jtl_nodes_and_spans(load: Load, shared_data: Path, database: Database) -> None:
    """All 27 spans name nodes of the file; their ends are objects in which the node's id lies."""
    folder = shared_data / "fibre" / "jtl"
    nodes = {
        "mapping": {"id": "external_id", "phase": "extra", "networkProviders": "extra"},
        "network": "jtl",
    }
    report = load(folder / "ofds_JTL_Kenya_nodes.geojson", "network_nodes", **nodes)
    assert outcome(report) == (28, 0, 0, 0)
    unlisted = [f.value for f in report.faults if f.rule == "unlisted-code"]
    assert unlisted == ["exchange", "exchange"], "kept, as the list is open"
    others = [f.rule for f in report.faults if f.rule != "unlisted-code"]
    assert others == ["duplicate-name", "duplicate-name"], "one place stands there twice"
    kisii = scalar(
        database, "SELECT ST_AsText(geom, 6) FROM gis.network_nodes WHERE name = 'Kisii Metro'"
    )
    assert kisii == "POINT(34.772725 -0.675924)"
    spans = {
        "mapping": {
            **nodes["mapping"],
            "start.id": "start_node", "end.id": "end_node", "transmissionMedium": "medium",
        },
        "network": "jtl",
    }  # fmt: skip
    report = load(folder / "ofds_JTL_Kenya_spans.geojson", "fibre_links", **spans)
    assert outcome(report) == (27, 0, 0, 0)
    assert scalar(database, "SELECT count(*) FROM gis.fibre_links WHERE medium = '{fibre}'") == 27
    again = load(folder / "ofds_JTL_Kenya_spans.geojson", "fibre_links", **spans)
    assert outcome(again) == (0, 0, 27, 0)


def test_objects_that_are_not_named_are_explained(load: Load, shared_data: Path) -> None:
    path = shared_data / "fibre" / "jtl" / "ofds_JTL_Kenya_nodes.geojson"
    with pytest.raises(LoadRejected) as raised:
        load(path, "network_nodes", mapping={"id": "external_id"}, network="jtl")
    report = raised.value.report
    assert Counter((f.column, f.rule) for f in report.errors) == {
        ("phase", "nested-value"): 28, ("networkProviders", "nested-value"): 28
    }  # fmt: skip
    assert {f.message.partition("(")[2].partition(")")[0] for f in report.errors} == {
        "--map phase.id=phase", "--map networkProviders=extra"
    }  # fmt: skip


def test_nofbi_nodes_and_spans(
    load: Load, shared_data: Path, tmp_path: Path, database: Database
) -> None:
    """Every node has a type of NOFBI's own, which the open list keeps and reports."""
    folder = shared_data / "fibre" / "nofbi"
    options = {"mapping": {"id": "external_id", "phase": "extra"}, "network": "nofbi"}
    report = load(
        folder / "ofds_NOFBI_Kenya_nodes.geojson", "network_nodes",
        constants={"status": "operational"}, **options,
    )  # fmt: skip
    assert outcome(report) == (102, 0, 0, 0)
    assert Counter(f.value for f in report.warnings) == {
        "County Headquarters": 42, "OFC Terminal": 32, "No data": 12, "OFC Joint": 7,
        "Junction": 7, "Frontier": 2,
    }  # fmt: skip
    assert {f.severity for f in report.faults} == {Severity.WARNING}
    spans = folder / "ofds_NOFBI_Kenya_spans.geojson"
    ends = {"start.id": "start_node", "end.id": "end_node", "supplier": "extra"}
    options["mapping"] |= ends
    report = load(spans, "fibre_links", **options)
    assert outcome(report) == (112, 0, 0, 0)
    assert scalar(database, "SELECT count(*) FROM gis.fibre_links WHERE status = 'proposed'") == 1

    document = json.loads(spans.read_text())
    for feature in document["features"][:3]:
        feature["properties"]["end"]["id"] = "nowhere"
    document["features"][3]["geometry"]["coordinates"] = [
        [str(x), str(y)] for x, y in document["features"][3]["geometry"]["coordinates"]
    ]
    broken = tmp_path / "spans.geojson"
    broken.write_text(json.dumps(document))
    report = load(broken, "fibre_links", accept_partial=True, **options)
    assert outcome(report) == (0, 0, 109, 3)
    assert errors(report) == [(n, "end_node", "unknown-reference") for n in (1, 2, 3)]
    assert [(f.row, f.rule) for f in report.warnings] == [
        (4, "coordinates-as-text"), (23, "crossing-links"), (70, "end-on-link"),
    ]
