"""Items as files: each format is read back and compared with the GeoJSON."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from openpyxl import load_workbook
from shapely.geometry import shape
from sqlalchemy import text

from gis_service.model.audience import Audience, visible_collections, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, FieldType
from gis_service.ogc.media import DOWNLOADS
from gis_service.settings import Settings
from tests.conftest import Databases, client_of, new_key

FORMATS = [each.name for each in DOWNLOADS]
HOSTILE = (
    'say "hi"; he\'s here, she said',
    "two\nlines\r\nand a third",
    "bell\x07 and \x01 start \x02 and \x1f unit",
    "=cmd|' /C calc'!A0",
    "'=1+1",
    "@SUM(1)",
    "]]><script>alert(1)</script>&amp;",
    "مرحبا \u202e reversed \u202c",
    "\\x41 \\n %s {0} \U0001f600",
    "tab\tbetween",
)
PACKED = ("shp", "xlsx")
SOME = ("offices", "wards", "work_log", "scenarios")
"""Collections that have every type of field and of geometry between them."""
_KML = "{http://www.opengis.net/kml/2.2}"

Items = dict[str, tuple[dict[str, Any], Any]]
Get = Callable[..., Any]


@pytest.fixture(scope="module")
def world(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[tuple[Get, Get]]:
    """Readers for the public and for a planner; some offices have hostile names."""
    database = databases.fresh(sample_template)
    with database.begin() as connection:
        ids = connection.execute(text("SELECT id FROM gis.offices ORDER BY id")).scalars().all()
        for id_, name in zip(ids, HOSTILE, strict=False):
            connection.execute(
                text("UPDATE gis.offices SET name = :name, contact = :name WHERE id = :id"),
                {"name": name, "id": id_},
            )
        connection.execute(
            text("UPDATE gis.offices SET visibility = 'staff' WHERE id = ANY(:ids)"),
            {"ids": ids[-3:]},
        )
    addresses = databases.with_logins(database)
    key = new_key(database)
    with client_of(addresses, settings) as public, client_of(
        addresses, settings, key=key
    ) as planner:
        yield public.get, planner.get
    databases.drop(database)


def geojson(get: Get, collection: str, **asked: Any) -> Items:
    answer = get(f"/collections/{collection}/items", params={"limit": 10000, **asked}).json()
    return {
        each["id"]: (each["properties"], each["geometry"] and shape(each["geometry"]))
        for each in answer["features"]
    }


def read_back(f: str, body: bytes, collection: Collection, folder: Path) -> Items:
    """Ids, values and geometries of a file, read by programs that are not ours."""
    path = folder / f"read.{f}"
    path.write_bytes(body)
    if f == "geojsonseq":
        records = body.split(b"\x1e")
        assert records[0] == b""
        features = [json.loads(record) for record in records[1:]]
        return {
            each["id"]: (each["properties"], each["geometry"] and shape(each["geometry"]))
            for each in features
        }
    if f == "csv":
        return _csv(body)
    if f == "kml":
        return _kml(body)
    if f == "xlsx":
        return _xlsx(path)
    frame = _shapefile(path) if f == "shp" else _frame(path, collection)
    names = [name for name in frame.columns if name not in ("id", "geom", "geometry", "bbox")]
    geometries = frame.geometry if isinstance(frame, gpd.GeoDataFrame) else [None] * len(frame)
    return {
        id_: (dict(zip(names, values, strict=True)), geometry)
        for id_, geometry, *values in zip(
            frame["id"], geometries, *(frame[name] for name in names), strict=True
        )
    }


def _frame(path: Path, collection: Collection) -> pd.DataFrame:
    if path.suffix != ".parquet":
        return pyogrio.read_dataframe(path, layer=collection.id)
    metadata = pq.read_schema(path).metadata or {}
    return gpd.read_parquet(path) if b"geo" in metadata else pd.read_parquet(path)


def _shapefile(path: Path) -> pd.DataFrame:
    """Columns under the names that they have here, which stand beside the Shapefile."""
    archive = zipfile.ZipFile(path.rename(path.with_suffix(".zip")))
    names = dict(csv.reader(io.StringIO(archive.read("columns.csv").decode(), newline="")))
    return pyogrio.read_dataframe(archive.filename).rename(columns=names)


def _xlsx(path: Path) -> Items:
    rows = load_workbook(path, read_only=True).active.iter_rows(values_only=True)
    head = next(rows)
    return _table(dict(zip(head, row, strict=True)) for row in rows)


def _csv(body: bytes) -> Items:
    assert body.endswith(b"\r\n")
    assert b"\n" not in body.partition(b"\r\n")[0]
    return _table(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))


def _table(rows: Iterable[dict[str, Any]]) -> Items:
    found: Items = {}
    for row in rows:
        geometry = None
        if row.get("longitude"):
            geometry = shapely.Point(float(row["longitude"]), float(row["latitude"]))
        elif row.get("wkt"):
            geometry = shapely.from_wkt(row["wkt"])
        for name, value in row.items():
            if isinstance(value, str) and re.match(r"'+[=+@\t\r-]", value):
                row[name] = value[1:]
        values: dict[str, Any] = {
            n: None if v == "" else v
            for n, v in row.items()
            if n not in ("id", "longitude", "latitude", "wkt")
        }
        found[row["id"]] = (values, geometry)
    return found


def _kml(body: bytes) -> Items:
    found: Items = {}
    for mark in ET.fromstring(body).iter(f"{_KML}Placemark"):
        values = {d.get("name"): d.text or "" for d in mark.iter(f"{_KML}SimpleData")}
        found[mark.get("id") or ""] = (values, _kml_geometry(mark))
    return found


def _kml_geometry(mark: ET.Element) -> Any:
    def positions(element: ET.Element) -> list[tuple[float, ...]]:
        written = element.findtext(f".//{_KML}coordinates") or ""
        return [tuple(map(float, each.split(","))) for each in written.split()]

    polygons = [
        shapely.Polygon(
            positions(p.find(f"{_KML}outerBoundaryIs")),  # type: ignore[arg-type]
            [positions(hole) for hole in p.iter(f"{_KML}innerBoundaryIs")],
        )
        for p in mark.iter(f"{_KML}Polygon")
    ]
    if polygons:
        return shapely.MultiPolygon(polygons)
    for line in mark.iter(f"{_KML}LineString"):
        return shapely.LineString(positions(line))
    for point in mark.iter(f"{_KML}Point"):
        return shapely.Point(positions(point)[0])
    return None


def same_value(f: str, kind: FieldType, expected: Any, found: Any) -> bool:
    """Whether a value came through, in the way of its format."""
    lists = kind in (FieldType.CODES, FieldType.REFERENCES)
    if found is None or (pd.api.types.is_scalar(found) and pd.isna(found)):
        return expected is None or (f == "csv" and expected in ("", []))
    if f == "shp" and isinstance(found, str) and len(found.encode()) > 250:
        return True  # the format cuts texts off
    if expected is None:
        return lists and not len(found)
    if lists:
        if isinstance(found, str):
            found = json.loads(found) if found.startswith("[") else [
                each for each in found.split("; ") if each
            ]
        return list(found) == expected
    match kind:
        case FieldType.INTEGER | FieldType.NUMBER:
            return float(found) == float(expected)
        case FieldType.BOOLEAN:
            return str(found).lower() in ((str(expected).lower()), str(float(expected)))
        case FieldType.DATE:
            return str(found)[:10] == expected
        case FieldType.TIMESTAMP:
            gap = pd.to_datetime(found, utc=True) - pd.to_datetime(expected, utc=True)
            return bool(abs(gap) <= pd.Timedelta("1ms"))
        case FieldType.OBJECT:
            return bool((json.loads(found) if isinstance(found, str) else found) == expected)
    if f in {"kml", "xlsx"}:
        expected = "".join(
            c if c >= " " or c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in expected
        )
    return bool(found == expected)


@pytest.mark.parametrize("f", FORMATS)
@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_every_collection_comes_back_whole(
    world: tuple[Get, Get], f: str, audience: Audience, tmp_path: Path
) -> None:
    get = world[0] if audience is Audience.PUBLIC else world[1]
    for collection in visible_collections(audience):
        if f in PACKED and collection.id not in SOME:
            continue
        answer = get(f"/collections/{collection.id}/items", params={"f": f})
        assert answer.status_code == 200, (collection.id, answer.text[:300])
        expected = geojson(get, collection.id)
        found = read_back(f, answer.content, collection, tmp_path)
        assert list(found) == list(expected) or f == "fgb"
        assert set(found) == set(expected)
        fields = visible_fields(collection, audience)
        for id_, (values, geometry) in expected.items():
            assert f == "kml" or set(found[id_][0]) == {field.name for field in fields}
            assert set(found[id_][0]) <= {field.name for field in fields}
            for field in fields:
                pair = values[field.name], found[id_][0].get(field.name)
                assert same_value(f, field.type, *pair), (collection.id, field.name, pair)
            shape_read = found[id_][1]
            if f == "xlsx" and shape_read is None and shapely.get_num_coordinates(geometry) > 9:
                continue  # its text is too long for a cell
            assert (geometry is None) == (shape_read is None)
            if f == "shp" and isinstance(shape_read, shapely.Polygon):
                # The format knows no parts of polygons, and its rings run the other way.
                assert shapely.equals(geometry, shape_read)
            elif geometry is not None:
                assert shapely.equals_exact(geometry, found[id_][1], tolerance=6e-8)


@pytest.mark.parametrize("f", FORMATS)
def test_the_public_gets_no_hidden_row_or_field(world: tuple[Get, Get], f: str) -> None:
    public, planner = world
    hidden = set(geojson(planner, "offices")) - set(geojson(public, "offices"))
    assert hidden
    body = public("/collections/offices/items", params={"f": f}).content
    staff = planner("/collections/offices/items", params={"f": f}).content
    fields = set(visible_fields(REGISTRY["offices"], Audience.PLANNER))
    secret = fields - set(visible_fields(REGISTRY["offices"], Audience.PUBLIC))
    names = {field.name.encode() for field in secret} - {b"version", b"network"}
    if f not in ("parquet", *PACKED):
        assert not [id_ for id_ in hidden if id_.encode() in body]
        assert [id_ for id_ in hidden if id_.encode() in staff]
    if f not in PACKED:  # what is in them is compared above
        assert not [name for name in names if name in body]
        assert [name for name in names if name in staff]
    assert public("/collections/equipment/items", params={"f": f}).status_code == 404


@pytest.mark.parametrize("f", FORMATS)
def test_files_hold_the_items_of_another_time(
    world: tuple[Get, Get], f: str, tmp_path: Path
) -> None:
    _, planner = world
    office = REGISTRY["offices"]
    made = planner("/collections/offices/items", params={"limit": 1}).json()["features"][0]["id"]
    versions = planner(f"/collections/offices/items/{made}/versions").json()["versions"]
    first = versions[0]["at"]
    now = geojson(planner, "offices")
    then = geojson(planner, "offices", datetime=first)
    assert then.keys() == now.keys()
    assert {id_ for id_ in now if then[id_][0]["name"] != now[id_][0]["name"]}
    answer = planner("/collections/offices/items", params={"f": f, "datetime": first})
    found = read_back(f, answer.content, office, tmp_path)
    name = office.by_name["name"]
    for id_, (values, _) in then.items():
        assert same_value(f, name.type, values["name"], found[id_][0].get("name")), id_
    before = planner(
        "/collections/offices/items", params={"f": f, "datetime": "../2020-01-01T00:00:00Z"}
    )
    assert before.status_code == 200
    if f != "fgb":  # GDAL reads no FlatGeobuf without rows
        assert read_back(f, before.content, office, tmp_path) == {}


def test_a_large_page_is_the_same_from_memory_and_from_the_database(
    databases: Databases, sample_template: str, settings: Settings
) -> None:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    answers = []
    for held_mb in (0, 64):
        changed = settings.model_copy(update={"snapshot_mb": held_mb})
        with client_of(addresses, changed) as client:
            path = "/collections/offices/items?limit=5000"
            for _ in range(20):
                page = client.get(path).json()
                time.sleep(0.05)
            answers.append({k: v for k, v in page.items() if k != "timeStamp"})
            filtered = client.get(f"{path}&office_type=health&bbox=34.7,-0.7,34.8,-0.6").json()
            assert len(filtered["features"]) == filtered["numberReturned"]
    assert answers[0] == answers[1]
    assert answers[0]["numberMatched"] == answers[0]["numberReturned"] > 50
    databases.drop(database)
