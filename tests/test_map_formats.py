"""KML, GPX, GeoParquet, FlatGeobuf, sequences and broken Shapefiles: what is kept of each."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from gis_service.errors import UnreadableFile
from gis_service.formats import gdal_layers
from gis_service.formats.archives import read_kmz, unpack_shapefiles
from gis_service.formats.folders import files_at
from gis_service.formats.gdal_layers import read_geopackage, read_shapefile
from gis_service.formats.geojson import read_geojson
from gis_service.formats.geoparquet import read_geoparquet
from gis_service.formats.gpx import gpx_layers, read_gpx
from gis_service.formats.kinds import FileFormat
from gis_service.formats.kml_reading import kmz_layers, read_kml, read_kmz_layer
from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import read_file
from gis_service.formats.rows import CRS84, GEOMETRY, Rows
from gis_service.formats.shaping import Shaping, shape_rows
from gis_service.formats.sniffing import sniff
from gis_service.model.fields import GeometryType

POINTS = shapely.points([[34.77, -0.68], [34.78, -0.69]])
LIMITS = ReadLimits()


def shapes(rows: Rows) -> list[Any]:
    found: list[Any] = shapely.from_wkb(rows.table.column(GEOMETRY).to_numpy()).tolist()
    return found


def values(rows: Rows) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.table.drop_columns([GEOMETRY]).to_pylist()
    return [{k: v for k, v in row.items() if v is not None} for row in found]


# --- KML ---


def kml(inside: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return (f'{head}<kml xmlns="http://www.opengis.net/kml/2.2" '
            'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>'
            f"<name>Survey</name>{inside}</Document></kml>").encode()


def placemark(geometry: str, inside: str = "") -> str:
    return f"<Placemark>{inside}{geometry}</Placemark>"


SURVEY = kml(
    "<Schema id='s'><SimpleField name='owner' type='string'/></Schema>"
    "<Folder><name>Ring</name><Folder><name>North</name>"
    + placemark(
        "<LineString><coordinates>34.77,-0.68,1700 34.78,-0.69,1710</coordinates></LineString>",
        "<name>L1</name><description><![CDATA[<script>alert(1)</script><b>48 core</b>]]>"
        "</description><ExtendedData><Data name='status'><value>operational</value></Data>"
        "<Data name='name'><value>Link 1</value></Data>"
        "<SchemaData schemaUrl='#s'><SimpleData name='owner'>JTL</SimpleData></SchemaData>"
        "</ExtendedData>",
    )
    + "</Folder></Folder><NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link>"
    "</NetworkLink>"
    + placemark(
        "<MultiGeometry><Polygon><outerBoundaryIs><LinearRing><coordinates>34.7, -0.6 34.8, -0.6 "
        "34.8,-0.7 34.7,-0.6</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry>"
    )
    + placemark(
        "<gx:Track><when>2026-11-01T08:00:00Z</when><gx:coord>34.7 -0.6 1700</gx:coord>"
        "<gx:coord>34.8 -0.6 1701</gx:coord></gx:Track>"
    )
    + placemark("<Point><coordinates>34.7</coordinates></Point>")
    + placemark("<Polygon><outerBoundaryIs><LinearRing><coordinates>34.7,-0.6 34.8,-0.6 34.8,-0.7 "
                "34.7,-0.7</coordinates></LinearRing></outerBoundaryIs></Polygon>")
    + placemark("", "<name>Nowhere</name>")
)


def test_kml_keeps_folders_extended_data_and_heights() -> None:
    rows = read_kml(SURVEY, layer="survey")
    first, _, track, *_, last = values(rows)
    assert first == {
        "@name": "L1", "name": "Link 1", "folder": "Ring / North", "status": "operational",
        "owner": "JTL", "description": "<script>alert(1)</script><b>48 core</b>",
    }  # fmt: skip
    assert track == {"when": "2026-11-01T08:00:00Z"}
    assert last == {"@name": "Nowhere"} or last == {"name": "Nowhere"}
    assert rows.notes == ["Left aside: 1 network links (not followed)."]
    line, polygon, walked, *missing = shapes(rows)
    assert shapely.get_coordinates(line, include_z=True).tolist() == [
        [34.77, -0.68, 1700], [34.78, -0.69, 1710]
    ]  # fmt: skip
    assert (polygon.geom_type, walked.geom_type) == ("Polygon", "LineString")
    assert missing == [None, None, None]
    assert [(f["row"], f["rule"]) for f in rows.faults] == [
        (4, "broken-geometry"), (5, "broken-geometry")
    ]  # fmt: skip
    assert rows.crs_assumed == CRS84


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (kml("", '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "DOCTYPE"),
        (kml("", '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'), "DOCTYPE"),
        (kml("<Folder>" * 200 + "</Folder>" * 200), "more than 100 deep"),
        (SURVEY[:600], "cut short"),
        (b"<kml>&undefined;</kml>", "not whole XML"),
        (b"<?xml version='1.0' encoding='klingon'?><kml/>", "not whole XML|not known"),
        (b"<gml/>", "no KML"),
    ],
)
def test_hostile_and_broken_kml_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_kml(content, layer="x")


def kmz(path: Path, **documents: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in documents.items():
            archive.writestr(name.replace("__", "/") + ".kml", content)
        archive.writestr("images/pole.png", b"x")
    return path


def test_a_kmz_holds_layers(tmp_path: Path) -> None:
    point = placemark("<Point><coordinates>34.7,-0.6</coordinates></Point>", "<name>P</name>")
    path = kmz(tmp_path / "s.kmz", layers__poles=kml(point), doc=kml("<NetworkLink/>"))
    documents = read_kmz(path, LIMITS)
    assert list(documents) == ["doc.kml", "layers/poles.kml"]
    assert kmz_layers(documents, name="s") == ("poles",)
    assert values(read_kmz_layer(documents, layer=None, name="s")) == [{"name": "P"}]
    source = read_file(path)
    assert (source.format, source.layer) == (FileFormat.KMZ, "poles")
    both = kmz(tmp_path / "b.kmz", doc=kml(point), poles=kml(point))
    with pytest.raises(UnreadableFile, match="--layer: b, poles"):
        read_kmz_layer(read_kmz(both, LIMITS), layer=None, name="b")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("../doc", b"x", "outside of it"), ("doc", bytes(11_000_000), "far more")],
)
def test_a_kmz_is_checked_as_an_archive(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_kmz(kmz(tmp_path / "s.kmz", **{name: content}), LIMITS)


# --- GPX ---

GPX = b"""<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="-0.68" lon="34.77"><ele>1700</ele><name>Pole 7</name></wpt>
<wpt lat="south" lon="34.77"><name>Pole 8</name></wpt>
<trk><name>Walk</name><trkseg><trkpt lat="-0.68" lon="34.77"/><trkpt lat="-0.69" lon="34.78"/>
</trkseg><trkseg><trkpt lat="-0.69" lon="34.78"/><trkpt lat="-0.7" lon="34.79"/></trkseg></trk>
</gpx>"""


def test_gpx_of_a_phone() -> None:
    assert gpx_layers(GPX) == ("waypoints", "tracks")
    with pytest.raises(UnreadableFile, match="--layer: waypoints, tracks"):
        read_gpx(GPX, layer=None)
    rows = read_gpx(GPX, layer="waypoints")
    assert values(rows)[0] == {"name": "Pole 7", "ele": "1700"}
    assert shapes(rows) == [shapely.Point(34.77, -0.68), None]
    assert [(f["row"], f["rule"]) for f in rows.faults] == [(2, "broken-geometry")]
    track = shapes(read_gpx(GPX, layer="tracks"))[0]
    assert (track.geom_type, shapely.get_num_coordinates(track)) == ("MultiLineString", 4)


# --- FlatGeobuf, GeoParquet ---


def test_flatgeobuf_goes_through_the_reading_process(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["Ofisi"]}, geometry=POINTS[:1], crs=32736)
    frame.to_file(path := tmp_path / "o.fgb", driver="FlatGeobuf")
    source = read_file(path)
    assert (source.format, source.crs.to_epsg() if source.crs else None) == ("FlatGeobuf", 32736)
    assert source.frame["name"].tolist() == ["Ofisi"]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UnreadableFile):
        read_file(path)


GEOMETRIES = [
    POINTS,
    [shapely.LineString([(0, 0), (1, 1), (2, 0)]), shapely.LineString([(5, 5), (6, 6)])],
    [shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2), shapely.box(3, 3, 4, 4)],
    [shapely.MultiPoint([(0, 0), (1, 1)]), shapely.MultiPoint([(2, 2)])],
    [shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]])] * 2,
    [shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 3, 4, 4)])] * 2,
]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("geometries", GEOMETRIES)
def test_geoparquet_in_its_encodings(tmp_path: Path, geometries: Any, encoding: str) -> None:
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=geometries, crs=4326)
    frame.to_parquet(
        path := tmp_path / "o.parquet", geometry_encoding=encoding,
        write_covering_bbox=encoding == "WKB",
    )  # fmt: skip
    rows = read_geoparquet(path, layer="o")
    assert shapely.equals_exact(shapes(rows), list(geometries)).all()
    assert values(rows) == [{"n": 1}, {"n": 2}]
    assert rows.crs is not None or rows.crs_assumed == CRS84


def test_geoparquet_keeps_lists_and_its_crs(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"type": [["pop"], []], "kind": gpd.pd.Categorical(["a", "b"]), "raw": [b"x", b"y"]},
        geometry=[POINTS[0], None], crs=32736,
    )  # fmt: skip
    frame.to_parquet(path := tmp_path / "o.parquet")
    source = read_file(path)
    assert source.format is FileFormat.GEOPARQUET
    assert source.crs == "EPSG:32736"
    assert source.frame["type"].tolist() == [["pop"], []]
    assert source.frame["kind"].tolist() == ["a", "b"]
    assert source.frame.geometry.isna().tolist() == [False, True]
    assert source.notes == ("Binary columns were left out: raw.",)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile, match="damaged"):
        read_geoparquet(path, layer="o")


# --- GeoJSON that is not one FeatureCollection ---

FEATURE = json.dumps({"type": "Feature", "properties": {"n": 1},
                      "geometry": {"type": "Point", "coordinates": [34.7, -0.6]}})  # fmt: skip
POINT = '{"type": "Point", "coordinates": [34.7, -0.6]}'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (FEATURE, 1),
        (f"{FEATURE}\n{FEATURE}\n", 2),
        (f"\x1e{FEATURE}\n\x1e{FEATURE}\n", 2),
        (f"{POINT}\n{POINT}", 2),
        (POINT, 1),
        (f'{{"type": "GeometryCollection", "geometries": [{POINT}, {POINT}]}}', 2),
    ],
)
def test_geojson_in_its_kinds(text: str, count: int) -> None:
    assert shapes(read_geojson(text.encode(), layer="x", encoding=None)) == [
        shapely.Point(34.7, -0.6)
    ] * count  # fmt: skip


@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_a_cut_sequence_loses_no_row_silently(mark: str) -> None:
    with pytest.raises(UnreadableFile, match="Text 2 of the JSON sequence is not whole"):
        read_geojson(f"{mark}{FEATURE}\n{mark}{FEATURE[:30]}".encode(), layer="x", encoding=None)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"x": [{"a": 1, "\\u0061": 2}]}'])
@pytest.mark.parametrize("lines", [1, 2])
def test_a_value_that_would_be_lost_is_told(text: str, lines: int) -> None:
    feature = FEATURE.replace('{"n": 1}', text)
    with pytest.raises(UnreadableFile, match="An object names 'a' twice"):
        read_geojson("\n".join([feature] * lines).encode(), layer="x", encoding=None)
    harmless = FEATURE.replace('{"n": 1}', '{"a": "\\"a\\": 1, \\\\", "b": {"a": 1}}')
    assert read_geojson(harmless.encode(), layer="x", encoding=None).table.num_rows == 1


def test_a_type_that_is_no_text_is_a_fault() -> None:
    broken = {"type": "Feature", "geometry": {"type": ["Point"], "coordinates": [1, 2]}}
    rows = read_geojson(json.dumps(broken).encode(), layer="x", encoding=None)
    assert [f["rule"] for f in rows.faults] == ["broken-geometry"]


# --- Shapefiles with parts missing ---


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    frame = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["Café", "Shule"]}, geometry=POINTS)
    frame.to_file(folder / "o.shp", encoding="ISO-8859-1")
    (folder / "o.cpg").unlink()
    table = folder / "o.dbf"
    content = bytearray(table.read_bytes())
    content[29] = 0
    table.write_bytes(content)
    return folder


def shapefile(folder: Path, encoding: str | None = None) -> Rows:
    return read_shapefile({"o": folder / "o.shp"}, layer=None, encoding=encoding)


def test_an_encoding_that_nothing_states_is_asked_for(parts: Path) -> None:
    with pytest.raises(UnreadableFile, match="--encoding cp1252"):
        shapefile(parts)
    assert shapefile(parts, "cp1252").table.column("name").to_pylist() == ["Café", "Shule"]
    table = parts / "o.dbf"
    table.write_bytes(table.read_bytes().replace("Café ".encode("latin-1"), "Café".encode()))
    rows = shapefile(parts)
    assert rows.table.column("name").to_pylist() == ["Café", "Shule"]
    assert rows.notes == [
        "The Shapefile does not state its encoding (no .cpg); read as UTF-8: its letters beyond "
        "ASCII are whole, which is hardly chance."
    ]
    assert shapefile(parts, "utf-8").encoding == "utf-8, as it was named"


def test_nested_folders_are_layers_and_what_macos_adds_is_not(parts: Path, tmp_path: Path) -> None:
    path = tmp_path / "o.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in parts.iterdir():
            archive.write(part, f"2026/poles/POLES{part.suffix.upper()}")
            archive.write(part, f"2026/nodes/nodes{part.suffix}")
            archive.writestr(f"__MACOSX/2026/poles/._POLES{part.suffix}", b"x")
            archive.writestr(f"2026/nodes/._nodes{part.suffix}", b"x")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    found = unpack_shapefiles(path, folder, LIMITS)
    assert set(found) == {"POLES", "nodes"}
    rows = read_shapefile(found, layer="POLES", encoding="cp1252")
    assert rows.table.column("name").to_pylist() == ["Café", "Shule"]


# --- curves ---


def test_curves_become_straight_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Part by part, and the numbers of rows go on from part to part."""
    import sqlite3  # noqa: PLC0415
    import struct  # noqa: PLC0415

    path = tmp_path / "c.gpkg"
    line = shapely.LineString([(34.7, -0.6), (34.8, -0.6)])
    twice = shapely.LineString([(34.7, -0.6), (34.7, -0.6), (34.8, -0.6)])
    gpd.GeoDataFrame(
        {"id": ["a", "b", "c"]}, geometry=[line, line, twice], crs=4326
    ).to_file(path, driver="GPKG", layer="links")
    arc = struct.pack("<BII6d", 1, 8, 3, 34.7, -0.6, 34.75, -0.55, 34.8, -0.6)
    with sqlite3.connect(path) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        blob = b"GP\x00\x01" + struct.pack("<i", 4326) + arc
        database.execute("UPDATE links SET geom = ? WHERE id = 'b'", (blob,))
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY'")
    database.close()
    monkeypatch.setattr(gdal_layers, "PART_ROWS", 1)
    rows = read_geopackage(path, layer=None)
    found: list[Any] = []
    for _ in rows.parts():
        shape_rows(rows, Shaping(GeometryType.LINE_STRING, most_vertices=100))
        found += shapes(rows)
    straight, curve, thinned = found
    assert straight.equals(line)
    assert thinned.equals(line)
    assert [(fault["row"], fault["rule"]) for fault in rows.faults] == [(3, "repeated-vertices")]
    # a half circle around 34.75, -0.6 of radius 0.05
    assert curve.length == pytest.approx(0.05 * 3.14159, rel=1e-3)
    assert rows.notes == ["Curves were made of straight pieces, in 1 geometries."]


@pytest.mark.parametrize(
    ("name", "begin", "format_"),
    [
        ("a.txt", SURVEY, FileFormat.KML),
        ("a.txt", b"\xef\xbb\xbf<!-- <gpx> --><kml>", FileFormat.KML),
        ("a.kml", GPX, FileFormat.GPX),
        ("a.csv", b"fgb\x03fgb\x00" + bytes(99), FileFormat.FLATGEOBUF),
        ("a.csv", b"PAR1" + bytes(99), FileFormat.GEOPARQUET),
        ("a.csv", b'{"networks": [{"id": "x"}]}', FileFormat.OFDS),
        ("a.json", f"\x1e{FEATURE}".encode(), FileFormat.GEOJSON),
    ],
)
def test_content_tells_the_format(
    tmp_path: Path, name: str, begin: bytes, format_: FileFormat
) -> None:
    path = tmp_path / name
    path.write_bytes(begin)
    assert sniff(path, max_bytes=1_000_000) is format_


def test_a_folder_is_looked_through(tmp_path: Path) -> None:
    for name in ("b.SHP", "b.dbf", "a.gpkg", "deep/c.xlsx", "readme.pdf", "__MACOSX/a.gpkg",
                 "b-faults.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = files_at([tmp_path, tmp_path / "readme.pdf"])
    assert [path.name for path in found.files] == ["a.gpkg", "b.SHP", "c.xlsx", "readme.pdf"]
    assert [path.name for path in found.passed_over] == ["readme.pdf"]
    (tmp_path / "old.gdb").mkdir()
    with pytest.raises(UnreadableFile, match="File Geodatabase"):
        files_at([tmp_path / "old.gdb"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match="has no file"):
        files_at([tmp_path / "empty"])


def test_a_package_is_not_loaded_into_a_collection(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    path.write_text('{"networks": [{"id": "x"}]}')
    with pytest.raises(UnreadableFile, match="OFDS package"):
        read_file(path)
