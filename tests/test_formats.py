"""Reading files: what is recognised, what is refused, and that a reader cannot be led astray."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from gis_service.errors import UnknownCrs, UnreadableFile
from gis_service.formats.child import work
from gis_service.formats.drivers import DRIVERS
from gis_service.formats.geojson import refuse_too_many_positions
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.formats.reading import read_file, read_layers
from gis_service.formats.sniffing import sniff
from gis_service.model.collections import REGISTRY
from gis_service.validation.checking import validate
from tests.hostile_files import FAULTY, REFUSED, SECRET, Hostile, zipped

OF_VALIDATION = {"non-finite-coordinate", "outside-world"}
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
        ("blank.csv", b" \n \n", "empty"),
        ("rows.geojson", collection(), "no rows"),
        ("rows.csv", "external_id,lon,lat\n", "no rows"),
        ("x.xml", "<?xml version='1.0'?><gml/>", "XML that is neither"),
        ("short.csv", "id,lon,lat\na,34.7,-0.6\nb,34.7\n", "line 3 has 2"),
        ("long.csv", "id,lon,lat\na,34.7,-0.6,x\n", "line 2 has 4"),
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
    if crs is not None:
        return
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


def test_reading_a_shapefile_changes_none_of_its_files(tmp_path: Path) -> None:
    frame().to_file(tmp_path / "offices.shp", encoding="UTF-8")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()}
    source = read_file(tmp_path / "offices.shp")
    assert len(source.frame) == 2
    assert source.notes == ()
    assert before == {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()
    }


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


def read_here(path: Path) -> dict[str, Any]:
    """Read without a process of its own where no driver of GDAL is needed; that is quicker."""
    format_ = sniff(path, max_bytes=ReadLimits().file_bytes)
    if format_ in DRIVERS:
        return {"faults": [{"rule": fault.rule} for fault in read_file(path).faults]}
    with tempfile.TemporaryDirectory() as folder:
        job = {"file": path, "format": format_, "list_layers": False, "layer_name": path.stem}
        return work(job, Path(folder), ReadLimits())


@pytest.mark.parametrize("hostile", REFUSED, ids=str)
def test_hostile_files_are_refused_and_open_nothing(tmp_path: Path, hostile: Hostile) -> None:
    path = hostile.at(tmp_path)
    secret = tmp_path / "secret.csv"
    os.utime(secret, (1, 1_000_000))
    with pytest.raises(UnreadableFile, match=hostile.said) as raised:
        read_here(path)
    assert SECRET not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert {each.name for each in tmp_path.iterdir()} == {path.name, "secret.csv"}
    assert secret.stat().st_atime == 1, "the file beside it was opened"


@pytest.mark.parametrize("hostile", FAULTY, ids=str)
def test_broken_rows_are_faults_of_their_own(tmp_path: Path, hostile: Hostile) -> None:
    path = hostile.at(tmp_path)
    if hostile.said in OF_VALIDATION:
        faults = validate(read_file(path).frame, REGISTRY["offices"]).faults
        assert hostile.said in {fault.rule for fault in faults}
        return
    found = [fault["rule"] for fault in read_here(path)["faults"]]
    assert (found or [fault.rule for fault in read_file(path).faults]) == [hostile.said]


def test_an_archive_of_data_is_read_like_the_files_in_it(tmp_path: Path) -> None:
    path = tmp_path / "survey.zip"
    zipped(("a/offices.csv", "external_id,name\na,Caf\xe9\n"), ("notes.txt", b"x"))(path, path)
    source = read_file(path)
    assert (source.layer, source.format, source.frame["name"].tolist()) == (
        "offices", FileFormat.CSV, ["Caf\xe9"],
    )  # fmt: skip
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.encoding.startswith("UTF-8")
    geopackage(tmp_path / "o.gpkg")
    zipped(("offices.csv", "id\na\n"), ("more/o.gpkg", (tmp_path / "o.gpkg").read_bytes()))(
        path, path
    )
    assert read_layers(path) == ("offices", "o")
    assert read_file(path, layer="o").frame["name"].tolist() == ["Ofisi", "Shule ya Nyanchwa"]


def test_more_positions_than_memory_holds_are_refused_in_words() -> None:
    with pytest.raises(UnreadableFile, match="11 positions; as GeoJSON at most 0 are read"):
        refuse_too_many_positions(b"[" * 11, memory_mb=0)


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


def test_a_geopackage_that_another_program_has_open_is_refused(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "o.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE more (id)")
    with pytest.raises(UnreadableFile, match="open in another program"):
        read_layers(path)
    database.close()
    assert "offices" in read_layers(path)


def test_the_name_of_a_file_opens_no_other(tmp_path: Path) -> None:
    path = text(tmp_path / "a b;id\n.geojson", collection(feature(point(34.7, -0.6), n=1)))
    assert read_file(path).frame["n"].tolist() == [1]


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
