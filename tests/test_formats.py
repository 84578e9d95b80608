"""Reading files: what is recognised, what is refused, and that a reader cannot be led astray."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_service.errors import UnknownCrs, UnreadableFile
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.formats.reading import read_file, read_layers

POINTS = shapely.points([[34.77, -0.68], [34.78, -0.69]])


def frame(crs: Any = 4326, **columns: Any) -> gpd.GeoDataFrame:
    columns = columns or {"external_id": ["a", "b"], "name": ["Ofisi", "Shule ya Nyanchwa"]}
    return gpd.GeoDataFrame(columns, geometry=POINTS, crs=crs)


def geopackage(path: Path, layer: str = "offices", crs: Any = 4326) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame(crs).to_file(path, driver="GPKG", layer=layer)
    return path


def shapefile_zip(path: Path, data: gpd.GeoDataFrame, *, without: tuple[str, ...] = ()) -> Path:
    folder = path.parent / f"{path.stem}-parts"
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.to_file(folder / "offices.shp", encoding="UTF-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            if part.suffix not in without:
                archive.write(part, part.name)
    return path


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def collection(*features: Any, **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def point(*coordinates: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(coordinates)}


def faults_of(path: Path, **options: Any) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.rule) for f in read_file(path, **options).faults]


# --- what is recognised ---


def test_a_geopackage_is_read_with_its_crs_and_hash(tmp_path: Path) -> None:
    source = read_file(geopackage(tmp_path / "offices.gpkg"))
    assert source.format is FileFormat.GEOPACKAGE
    assert source.frame["name"].tolist() == ["Ofisi", "Shule ya Nyanchwa"]
    assert source.frame.index.tolist() == [1, 2]
    assert source.crs is not None
    assert source.crs.to_epsg() == 4326
    assert source.crs_found
    assert len(source.sha256) == 64
    assert shapely.equals(source.frame.geometry.to_numpy(), POINTS).all()


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    source = read_file(geopackage(tmp_path / "a.gpkg").rename(tmp_path / "offices.csv"))
    assert source.format is FileFormat.GEOPACKAGE


def test_a_file_with_several_layers_needs_one_named(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "two.gpkg", "nodes")
    frame().to_file(path, driver="GPKG", layer="offices", mode="a")
    assert read_layers(path) == ("nodes", "offices")
    with pytest.raises(UnreadableFile, match="--layer: nodes, offices"):
        read_file(path)
    assert read_file(path, layer="offices").layer == "offices"
    with pytest.raises(UnreadableFile, match="no layer 'links'"):
        read_file(path, layer="links")


def test_a_zipped_shapefile_is_read(tmp_path: Path) -> None:
    source = read_file(shapefile_zip(tmp_path / "o.zip", frame(32736)))
    assert source.format is FileFormat.SHAPEFILE
    assert source.crs is not None
    assert source.crs.to_epsg() == 32736
    assert source.layers == ("offices",)


def test_geojson_keeps_objects_lists_and_whole_numbers(tmp_path: Path) -> None:
    big = 9007199254740993
    path = text(tmp_path / "x.geojson", collection(
        feature(point(34.7, -0.6), start={"id": "n1"}, type=["pop"], n=big, mixed=1),
        feature(point(34.7, -0.6), start=None, type=[], n=2, mixed="two"),
    ))
    found = read_file(path).frame
    assert found["start"].tolist() == [{"id": "n1"}, None]
    assert found["type"].tolist() == [["pop"], []]
    assert found["n"].tolist() == [big, 2]
    assert found["mixed"].tolist() == [1, "two"]


def test_geojson_means_crs84_unless_its_crs_member_says_otherwise(tmp_path: Path) -> None:
    plain = text(tmp_path / "a.geojson", collection(feature(point(34.7, -0.6))))
    assert read_file(plain).crs == "EPSG:4326"
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32736"}}
    utm = text(tmp_path / "b.geojson", collection(feature(point(698000, 9925000)), crs=name))
    assert read_file(utm).crs == "EPSG:32736"
    null = text(tmp_path / "c.geojson", collection(feature(point(34.7, -0.6)), crs=None))
    with pytest.raises(UnknownCrs, match="--crs"):
        read_file(null)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("external_id,lon,lat", "a,34.77,-0.68"),
        ("external_id;Longitude;Latitude", "a;34,77;-0,68"),
        ("external_id\tlongitudo\tlatitudo", "a\t34.77\t-0.68"),
        ("external_id|X|Y", "a|34.77|-0.68"),
        ("external_id,wkt", 'a,"POINT (34.77 -0.68)"'),
    ],
)
def test_csv_coordinates_are_found_by_their_names(
    tmp_path: Path, header: str, row: str
) -> None:
    path = text(tmp_path / "o.csv", "\N{BYTE ORDER MARK}" + f"{header}\r\n{row}\r\n")
    source = read_file(path)
    assert source.frame["external_id"].tolist() == ["a"]
    assert source.frame.geometry.iloc[0].equals(shapely.Point(34.77, -0.68))
    assert source.crs == "EPSG:4326"


def test_csv_coordinates_can_be_named(tmp_path: Path) -> None:
    path = text(tmp_path / "o.csv", "id,GPS_E,GPS_N\na,34.77,-0.68\n")
    assert not hasattr(read_file(path).frame, "geometry")
    source = read_file(path, coordinates={"longitude": "GPS_E", "latitude": "GPS_N"})
    assert source.frame.geometry.iloc[0].x == 34.77


def test_csv_without_coordinates_is_a_plain_frame(tmp_path: Path) -> None:
    source = read_file(text(tmp_path / "o.csv", "external_id,name\nj,JTL\n"))
    assert source.crs is None
    assert source.frame["name"].tolist() == ["JTL"]


# --- broken rows do not break the file ---

UNCLOSED = [[34.7, -0.6], [34.8, -0.6], [34.8, -0.7], [34.7, -0.7]]


@pytest.mark.parametrize(
    ("geometry", "rule"),
    [
        ({"type": "Polygon", "coordinates": [UNCLOSED]}, "broken-geometry"),
        ({"type": "Polygon", "coordinates": [UNCLOSED[:2]]}, "broken-geometry"),
        ({"type": "LineString", "coordinates": [[34.7, -0.6]]}, "broken-geometry"),
        ({"type": "Point", "coordinates": [34.7]}, "broken-geometry"),
        ({"type": "Point", "coordinates": [34.7, None]}, "broken-geometry"),
        ({"type": "Point", "coordinates": ["east", "south"]}, "broken-geometry"),
        ({"type": "Point", "coordinates": ["34.7", "-0.6"]}, "coordinates-as-text"),
        ({"type": "Circle", "coordinates": [34.7, -0.6]}, "broken-geometry"),
        ({"type": "LineString", "coordinates": [[34.7, -0.6], [34.7, -0.6, 5]]}, "broken-geometry"),
    ],
)
def test_a_broken_feature_is_a_fault_of_its_row_only(
    tmp_path: Path, geometry: Any, rule: str
) -> None:
    path = text(tmp_path / "x.geojson", collection(
        feature(point(34.7, -0.6), external_id="good"), feature(geometry, external_id="bad"),
    ))
    source = read_file(path)
    assert [(f.row, f.rule) for f in source.faults] == [(2, rule)]
    assert source.frame.geometry.isna().tolist() == [False, rule == "broken-geometry"]


def test_text_coordinates_are_read_as_the_numbers_they_show(tmp_path: Path) -> None:
    path = text(tmp_path / "x.geojson", collection(feature(point("34.7", "-0.6"))))
    assert read_file(path).frame.geometry.iloc[0].equals(shapely.Point(34.7, -0.6))


def test_deep_geometry_collections_are_refused(tmp_path: Path) -> None:
    nested: Any = point(34.7, -0.6)
    for _ in range(5):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    assert faults_of(text(tmp_path / "x.geojson", collection(feature(nested)))) == [
        (1, "geometry", "broken-geometry")
    ]


def test_an_unclosed_ring_in_a_geopackage_is_a_fault_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    box = shapely.box(34.7, -0.7, 34.8, -0.6)
    gpd.GeoDataFrame({"code": ["1", "2"]}, geometry=[box, box], crs=4326).to_file(
        path, driver="GPKG", layer="wards"
    )
    ring = np.array(UNCLOSED).tobytes()
    wkb = struct.pack("<BIII", 1, 3, 1, 4) + ring
    blob = b"GP\x00\x01" + struct.pack("<i", 4326) + wkb
    with sqlite3.connect(path) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("UPDATE wards SET geom = ? WHERE code = '2'", (blob,))
    database.close()
    source = read_file(path)
    assert [(f.row, f.rule) for f in source.faults] == [(2, "broken-geometry")]
    assert "closed" in source.faults[0].message


def test_csv_rows_with_bad_coordinates_are_named(tmp_path: Path) -> None:
    path = text(tmp_path / "o.csv", "id,lon,lat\na,34.7,-0.6\nb,here,-0.6\nc,34.7,\nd,,\n")
    source = read_file(path)
    assert [(f.row, f.column, f.value) for f in source.faults] == [
        (2, "lon", "here"), (3, "lat", "")
    ]  # fmt: skip
    assert {f.rule for f in source.faults} == {"bad-coordinate"}
    assert source.frame.geometry.isna().tolist() == [False, True, True, True]


def test_blank_csv_rows_are_passed_over_and_row_numbers_stay_true(tmp_path: Path) -> None:
    source = read_file(text(tmp_path / "o.csv", "id,lon,lat\na,34.7,-0.6\n,,\nb,34.7,-0.6\n"))
    assert source.frame.index.tolist() == [1, 3]
    assert source.notes == ("1 blank row was passed over.",)


# --- what is refused ---


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.geojson", b"", "empty"),
        ("blank.csv", b" \n \n", "empty"),
        ("rows.geojson", collection(), "no rows"),
        ("rows.csv", "external_id,lon,lat\n", "no rows"),
        ("cut.geojson", collection(feature(point(34.7, -0.6)))[:-9], "cut short"),
        ("list.geojson", "[1, 2]", "no GeoJSON"),
        ("deep.geojson", "[" * 100_000, "too deeply"),
        ("x.xml", "<?xml version='1.0'?><gml/>", "XML that is neither"),
        ("x.bin", bytes(range(256)) * 4, "no known format"),
        ("short.csv", "id,lon,lat\na,34.7,-0.6\nb,34.7\n", "line 3 has 2"),
        ("long.csv", "id,lon,lat\na,34.7,-0.6,x\n", "line 2 has 4"),
        ("quote.csv", 'id,name,lon,lat\na,"Ofisi,34.7,-0.6\nb,x,34.7,-0.6\n', "quote"),
        ("twice.csv", "id,id\na,b\n", "twice: id"),
        ("cp1252.csv", "id,name\na,Caf\xe9\n".encode("cp1252"), "--encoding cp1252"),
        ("latin.geojson", collection(feature(point(34.7, -0.6), name="x")).replace("x", "\xe9")
         .encode("latin-1"), "not UTF-8"),
        ("half.geojson", '{"type": "Feature", "geometry": null, "properties": {"a": "\\ud800"}}',
         "half a character"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_a_clear_message(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_file(text(tmp_path / name, content))


def test_the_encoding_can_be_named(tmp_path: Path) -> None:
    path = text(tmp_path / "o.csv", "id,name\na,Caf\xe9\n".encode("cp1252"))
    assert read_file(path, encoding="cp1252").frame["name"].tolist() == ["Caf\xe9"]
    with pytest.raises(UnreadableFile, match="no encoding 'klingon'"):
        read_file(path, encoding="klingon")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read_file(tmp_path / "nowhere.csv")
    with pytest.raises(UnreadableFile, match="not a file"):
        read_file(tmp_path)


@pytest.mark.parametrize("crs", [None, 0, -1])
def test_a_geopackage_without_crs_is_refused_until_one_is_named(
    tmp_path: Path, crs: int | None
) -> None:
    path = geopackage(tmp_path / "o.gpkg", crs=None)
    if crs is not None:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE gpkg_contents SET srs_id = ?", (crs,))
            database.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", (crs,))
        database.close()
    with pytest.raises(UnknownCrs, match="--crs EPSG:32736"):
        read_file(path)
    source = read_file(path, crs="EPSG:4326")
    assert source.crs == "EPSG:4326"
    assert not source.crs_found


def test_a_shapefile_without_prj_is_refused_until_a_crs_is_named(tmp_path: Path) -> None:
    path = shapefile_zip(tmp_path / "o.zip", frame(32736), without=(".prj",))
    with pytest.raises(UnknownCrs, match=r"\.prj is missing"):
        read_file(path)
    assert read_file(path, crs="32736").crs == "EPSG:32736"


def test_a_crs_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "o.gpkg")
    assert read_file(path, crs="EPSG:4326").crs_found
    with pytest.raises(UnknownCrs, match="says that it is in EPSG:4326"):
        read_file(path, crs="EPSG:32736")


def test_a_shapefile_without_its_dbf_has_geometry_only(tmp_path: Path) -> None:
    source = read_file(shapefile_zip(tmp_path / "o.zip", frame(), without=(".dbf", ".cpg")))
    assert list(source.frame.columns) == ["geometry"]
    assert shapely.equals(source.frame.geometry.to_numpy(), POINTS).all()
    assert "lacks its table (.dbf)" in source.notes[0]


def test_the_index_of_a_shapefile_is_made_anew(tmp_path: Path) -> None:
    source = read_file(shapefile_zip(tmp_path / "o.zip", frame(), without=(".shx",)))
    assert source.frame["name"].tolist() == ["Ofisi", "Shule ya Nyanchwa"]
    assert shapely.equals(source.frame.geometry.to_numpy(), POINTS).all()
    assert source.notes == ("The Shapefile offices lacks its index (.shx), which was made anew.",)


def test_a_lying_cpg_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    frame(id=["a", "b"], name=["Caf\xe9", "x"]).to_file(
        folder / "o.shp", encoding="ISO-8859-1"
    )
    (folder / "o.cpg").write_text("UTF-8")
    path = tmp_path / "o.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    with pytest.raises(UnreadableFile, match="--encoding"):
        read_file(path)
    assert read_file(path, encoding="ISO-8859-1").frame["name"].tolist() == ["Caf\xe9", "x"]


# --- hostile files ---


@pytest.mark.parametrize("suffix", [".geojson", ".csv", ".gpkg", ".shp", ".json", ".txt"])
def test_a_vrt_under_another_name_opens_nothing(tmp_path: Path, suffix: str) -> None:
    secret = text(tmp_path / "secret.csv", "id,lon,lat\nsecret,34.7,-0.6\n")
    os.utime(secret, (1, 1_000_000))
    vrt = text(tmp_path / f"data{suffix}", (
        '<OGRVRTDataSource><OGRVRTLayer name="secret">'
        f"<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    ))
    with pytest.raises(UnreadableFile):
        read_file(vrt)
    control = text(tmp_path / "control", "x")
    os.utime(control, (1, 1_000_000))
    control.read_bytes()
    if control.stat().st_atime == 1:
        pytest.skip("this file system does not record when a file was read")
    assert secret.stat().st_atime == 1, "the file that the VRT names was opened"


def test_a_vrt_inside_of_a_zip_opens_nothing(tmp_path: Path) -> None:
    secret = text(tmp_path / "secret.csv", "id,lon,lat\nsecret,34.7,-0.6\n")
    path = tmp_path / "o.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in (".shp", ".shx", ".dbf"):
            archive.writestr(f"o{part}", f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>"
                             f"{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>")
    with pytest.raises(UnreadableFile):
        read_file(path)


@pytest.mark.parametrize("name", ["/vsicurl/http://127.0.0.1:9/x.geojson", "http://127.0.0.1:9/x",
                                  "CSV:/etc/passwd", "PG:dbname=postgres", '{"type":"Point"}'])
def test_a_name_is_a_file_and_nothing_else(name: str) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_file(Path(name))


def _zip(path: Path, *entries: tuple[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../../o.shp", b"x")], "outside of it"),
        ([("/etc/o.shp", b"x")], "outside of it"),
        ([("C:\\o.shp", b"x")], "outside of it"),
        ([("o.shp", b"x"), ("O.SHP", b"y")], "twice"),
        ([(f"{n}.shp", b"x") for n in range(201)], "201 entries"),
        ([("o.shp", bytes(60_000_000))], "unpacks to far more"),
        ([("readme.txt", b"x")], "without a .shp"),
        ([("inner.zip", b"PK\x05\x06" + bytes(18))], "without a .shp"),
    ],
)
def test_hostile_archives_are_refused(tmp_path: Path, entries: Any, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_file(_zip(tmp_path / "o.zip", *entries))
    assert not (tmp_path.parent / "o.shp").exists()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "o.zip"
    link = zipfile.ZipInfo("o.shp")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnreadableFile, match="link or device"):
        read_file(path)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "o.zip", ("o.shp", b"x"))
    content = path.read_bytes()
    # bit 0 of the flags, in the entry's own header and in the directory
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + place
        content = content[:at] + bytes([content[at] | 1]) + content[at + 1 :]
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match="encrypted"):
        read_file(path)


def test_a_forged_virtual_table_reads_no_other_file(tmp_path: Path) -> None:
    secret = text(tmp_path / "secret.csv", "id,lon,lat\nsecret,34.7,-0.6\n")
    path = geopackage(tmp_path / "o.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = 1")
        database.execute(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) "
            "VALUES ('table', 'evil', 'evil', 0, ?)",
            (f"CREATE VIRTUAL TABLE evil USING VirtualOGR('{secret}')",),
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('evil', 'attributes', 'evil')"
        )
    database.close()
    with pytest.raises(UnreadableFile) as raised:
        read_file(path, layer="evil")
    assert "secret" not in str(raised.value).replace(str(tmp_path), "")


def test_the_name_of_a_file_opens_no_other(tmp_path: Path) -> None:
    path = text(tmp_path / "a b;id\n.geojson", collection(feature(point(34.7, -0.6), n=1)))
    assert read_file(path).frame["n"].tolist() == [1]


def test_an_archive_that_lies_about_its_sizes_is_cut_off(tmp_path: Path) -> None:
    path = _zip(tmp_path / "o.zip", ("o.shp", bytes(60_000_000)))
    content = path.read_bytes()
    true, false = struct.pack("<I", 60_000_000), struct.pack("<I", 1_000)
    path.write_bytes(content.replace(true, false))
    with pytest.raises(UnreadableFile, match=r"damaged|far more"):
        read_file(path)


def test_reading_that_takes_too_long_or_too_much_is_ended(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},34.7,-0.6" for n in range(300_000))
    path = text(tmp_path / "o.csv", f"id,lon,lat\n{rows}\n")
    with pytest.raises(UnreadableFile, match="longer than"):
        read_file(path, limits=ReadLimits(deadline_s=0.05))
    # Out of memory shows itself in several ways; each of them must end it in words.
    with pytest.raises(UnreadableFile, match=r"memory|longer than|reading process ended"):
        read_file(path, limits=ReadLimits(memory_mb=450, deadline_s=20))
    with pytest.raises(UnreadableFile, match="at most 1 MB"):
        read_file(path, limits=ReadLimits(file_mb=1))


def test_cut_and_flipped_geopackages_are_clean_errors(tmp_path: Path) -> None:
    content = geopackage(tmp_path / "o.gpkg").read_bytes()
    for number, broken in enumerate((content[: len(content) // 2], content[:100])):
        with pytest.raises(UnreadableFile) as raised:
            read_file(text(tmp_path / f"cut{number}.gpkg", broken))
        assert str(tmp_path) not in str(raised.value)


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    source = read_file(text(tmp_path / "o.csv", "id,lon,lat\na,34.7,-0.6\n"))
    with pytest.raises(UnreadableFile):
        read_file(_zip(tmp_path / "o.zip", ("o.shp", b"x")))
    assert list(place.iterdir()) == []
    assert source.frame["id"].tolist() == ["a"], "the rows outlive the folder they came from"


def test_the_reader_sees_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gis_service.formats import process  # noqa: PLC0415

    seen: dict[str, str] = {}
    start = process.subprocess.Popen

    def spy(*arguments: Any, **options: Any) -> Any:
        seen.update(options["env"])
        return start(*arguments, **options)

    monkeypatch.setenv("GIS_DATABASE_URL", "postgresql://u:secret@host/db")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(process.subprocess, "Popen", spy)
    read_file(geopackage(tmp_path / "o.gpkg"))
    assert "secret" not in " ".join(seen.values())
    assert "OGR_VRT" in seen["GDAL_SKIP"].split(",")


def test_drivers_that_cannot_be_cut_stop_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gis_service.formats import process  # noqa: PLC0415

    path = geopackage(tmp_path / "o.gpkg")
    calls: list[Any] = []

    def leaky(keep: str, surplus: Any = ()) -> dict[str, str]:
        calls.append(tuple(surplus))
        return {}

    monkeypatch.setattr(process, "gdal_environment", leaky)
    with pytest.raises(UnreadableFile, match="nothing was opened"):
        read_file(path)
    assert "OGR_VRT" in calls[1], "the second try is told what the first one found"


def test_a_workbook_whose_bytes_were_turned_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "offices.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook>" + "<sheet/>" * 500 + "</workbook>")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("xl/workbook.xml").header_offset + 30 + len("xl/workbook.xml")
    content = bytearray(path.read_bytes())
    content[at:at + 8] = b"\xff" * 8
    path.write_bytes(content)
    assert ofds_form(path) is None
    with pytest.raises(UnreadableFile):
        read_file(path)
