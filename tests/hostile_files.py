"""
Files that mean harm or are damaged, for every door that takes one.

`REFUSED` are refused as a whole; of `FAULTY` single rows are refused. Each names the
case of the adversarial catalogue that it is, and what a person is told.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

POINT = {"type": "Point", "coordinates": [34.7, -0.6]}
RING = [[34.7, -0.6], [34.8, -0.6], [34.8, -0.7], [34.7, -0.6]]
SECRET = "hidden away"
"""What stands in the file beside each of these that it may try to open."""


@dataclass(frozen=True)
class Hostile:
    """
    Parameters
    ----------
    name
        What the file is called.
    make
        Writes it; gets its path, and that of a file that must not be opened.
    said
        Pattern of what a person is told; of a faulty row the id of the rule.
    case
        Number in the catalogue.
    """

    name: str
    make: Callable[[Path, Path], Any]
    said: str
    case: str

    def __str__(self) -> str:
        return f"{self.case}-{self.name}"

    def at(self, folder: Path) -> Path:
        """The file, in a folder of its own, beside the one that it may not open."""
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "secret.csv"
        secret.write_text(f"external_id,name,lon,lat\n1,{SECRET},34.7,-0.6\n")
        path = folder / self.name
        self.make(path, secret)
        return path


def content(data: str | bytes) -> Callable[[Path, Path], Any]:
    """A file with these bytes; `SECRET_PATH` in a text is the path of the other file."""

    def make(path: Path, secret: Path) -> None:
        text = data.replace("SECRET_PATH", str(secret)) if isinstance(data, str) else data
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    return make


def zipped(
    *entries: tuple[str | zipfile.ZipInfo, str | bytes]
) -> Callable[[Path, Path], Any]:
    """An archive of these files."""

    def make(path: Path, secret: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            warnings.simplefilter("ignore")
            for name, data in entries:
                text = data.replace("SECRET_PATH", str(secret)) if isinstance(data, str) else data
                archive.writestr(name, text)

    return make


def collection(*geometries: Any) -> str:
    """Features with these geometries."""
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"external_id": str(number), "name": "x"},
         "geometry": geometry} for number, geometry in enumerate(geometries, 1)
    ]})  # fmt: skip


def _link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o120777 << 16
    return entry


def _changed(make: Callable[[Path, Path], Any], change: Callable[[bytes], bytes]) -> (
    Callable[[Path, Path], Any]
):
    def made(path: Path, secret: Path) -> None:
        make(path, secret)
        path.write_bytes(change(path.read_bytes()))

    return made


def _encrypted(archive: bytes) -> bytes:
    """Bit 0 of the flags, in the entry's own header and in the directory."""
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.index(signature) + place
        archive = archive[:at] + bytes([archive[at] | 1]) + archive[at + 1 :]
    return archive


def _overlapping(path: Path, _: Path) -> None:
    """One body for a hundred entries: each name in the directory points to it."""
    body = bytes(1_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(body), len(packed), len(body))
    names = [f"o{number}.shp".encode() for number in range(100)]
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes + struct.pack(
        "<HH", len(names[0]), 0
    ) + names[0] + packed
    directory = b"".join(
        b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0x21) + sizes
        + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
        for name in names
    )
    end = b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, len(names), len(names), len(directory), len(local), 0
    )
    path.write_bytes(local + directory + end)


def geopackage(shapes: Iterable[Any], *, change: Callable[[sqlite3.Connection, Path], Any]) -> (
    Callable[[Path, Path], Any]
):
    """A GeoPackage of wards, changed by hand; it gets the path that must not be opened."""

    def make(path: Path, secret: Path) -> None:
        placed = list(shapes)
        codes = [str(number) for number in range(1, len(placed) + 1)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=placed, crs=4326).to_file(
                path, driver="GPKG", layer="wards"
            )
        database = sqlite3.connect(path)
        with database:
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (trigger,) in database.execute(triggers).fetchall():
                database.execute(f'DROP TRIGGER "{trigger}"')
            change(database, secret)
        database.close()

    return make


def _shape(code: str, wkb: bytes) -> Callable[[sqlite3.Connection, Path], Any]:
    blob = b"GP\x00\x01" + struct.pack("<i", 4326) + wkb
    return lambda database, _: database.execute(
        "UPDATE wards SET geom = ? WHERE code = ?", (blob, code)
    )


def _virtual_table(database: sqlite3.Connection, secret: Path) -> None:
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


BOX = shapely.box(34.7, -0.7, 34.8, -0.6)
_VERTICES = np.array(RING)
_TRIANGLE = struct.pack("<BIII", 1, 17, 1, 4) + _VERTICES.tobytes()
_TIN = struct.pack("<BII", 1, 16, 1) + _TRIANGLE
_UNCLOSED = struct.pack("<BIII", 1, 3, 1, 3) + _VERTICES[:3].tobytes()
VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>SECRET_PATH</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
_NESTED: Any = POINT
for _ in range(5):
    _NESTED = {"type": "GeometryCollection", "geometries": [_NESTED]}
_ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://SECRET_PATH">]>'
_KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&a;</name></Placemark></kml>'

REFUSED = (
    *(Hostile(f"data{suffix}", content(VRT), "XML that is neither KML nor GPX", "1-2")
      for suffix in (".geojson", ".gpkg", ".csv")),
    Hostile("curl.shp", content(VRT.replace("SECRET_PATH", "/vsicurl/http://127.0.0.1:9/x")),
            "XML that is neither KML nor GPX", "3-4"),
    Hostile("vrt.zip", zipped(*((f"o{part}", VRT) for part in (".shp", ".shx", ".dbf"))),
            "damaged or not what it claims", "2"),
    Hostile("places.gml", content(
        '<gml:FeatureCollection xmlns:gml="g" xmlns:xlink="x"><gml:featureMember '
        'xlink:href="file://SECRET_PATH"/></gml:FeatureCollection>'
    ), "XML that is neither KML nor GPX", "9"),
    Hostile("above.zip", zipped(("../../o.shp", b"x")), "outside of it", "13"),
    Hostile("absolute.zip", zipped(("/etc/o.shp", b"x")), "outside of it", "13"),
    Hostile("drive.zip", zipped(("C:\\o.shp", b"x")), "outside of it", "13"),
    Hostile("case.zip", zipped(("o.shp", b"x"), ("O.SHP", b"y")), "twice", "13"),
    Hostile("many.zip", zipped(*((f"{n}.shp", b"x") for n in range(201))), "201 entries", "13"),
    Hostile("link.zip", zipped((_link("o.shp"), "SECRET_PATH")), "link or device", "13"),
    Hostile("table.gpkg", geopackage([BOX], change=_virtual_table),
            r"2 layers|damaged|no such module", "16"),
    Hostile("entity.kml", content(_ENTITY + _KML), "DOCTYPE", "17"),
    Hostile("entity.kmz", zipped(("doc.kml", _ENTITY + _KML)), "DOCTYPE", "17"),
    Hostile("entity.xlsx", zipped(("xl/workbook.xml", _ENTITY + "<x>&a;</x>")), "DOCTYPE", "17"),
    Hostile("quote.csv", content('external_id,name\na,"Ofisi\nb,x\n'), "quote", "24"),
    Hostile("short.csv", content("external_id,name\na,x\nb\n"), "line 3 has 1", "24"),
    Hostile("cut.geojson", content(collection(POINT)[:-9]), "cut short", "27"),
    Hostile("cut.gpkg", _changed(geopackage([BOX], change=lambda *_: None),
                                 lambda data: data[: len(data) // 2]), "damaged", "27"),
    Hostile("empty.csv", content(b""), "empty", "27"),
    Hostile("letters.csv", content("external_id,name\na,x\n".encode("utf-16-le")), "UTF-16", "27"),
    Hostile("bomb.zip", zipped(("o.shp", bytes(60_000_000))), "far more", "28"),
    Hostile("bomb.xlsx", zipped(("xl/workbook.xml", bytes(60_000_000))), "far more", "28"),
    Hostile("bomb-csv.zip", zipped(("o.csv", bytes(60_000_000))), "far more", "28"),
    Hostile("sizes.zip", _changed(
        zipped(("o.shp", bytes(60_000_000))),
        lambda data: data.replace(struct.pack("<I", 60_000_000), struct.pack("<I", 1_000)),
    ), "damaged|far more", "29"),
    Hostile("overlap.zip", _overlapping, "overlap", "29"),
    Hostile("locked.zip", _changed(zipped(("o.shp", b"x")), _encrypted), "encrypted", "29"),
    Hostile("nested.zip", zipped(("inner.zip", b"PK\x05\x06" + bytes(18))), "without a .shp", "29"),
    Hostile("packed.csv.gz", content(b"\x1f\x8b\x08\x00" + bytes(60)), "no known format", "29"),
    Hostile("cp1252.csv", content("external_id,name\na,Caf\xe9\n".encode("cp1252")),
            "--encoding cp1252", "30"),
    Hostile("latin.geojson", content(collection(POINT).replace('"x"', '"\xe9"').encode("latin-1")),
            "not UTF-8", "30"),
    Hostile("deep.geojson", content("[" * 100_000), "too deeply", "31"),
    Hostile("names.csv", content("external_id,external_id\na,b\n"), "twice: external_id", "32"),
    Hostile("members.geojson", content(
        '{"type": "Feature", "geometry": null, "properties": {"a": 1, "a": 2}}'
    ), "twice", "32"),
    Hostile("half.geojson", content(
        '{"type": "Feature", "geometry": null, "properties": {"a": "\\ud800"}}'
    ), "half a character", "67"),
    Hostile("list.geojson", content("[1, 2]"), "no GeoJSON", "34"),
    Hostile("noise.gpkg", content(bytes(range(256)) * 4), "no known format", "34"),
)
"""Refused as a whole, with nothing opened beside them and nothing left on the disk."""

FAULTY = (
    Hostile("nan.geojson", content(collection({**POINT, "coordinates": [float("nan"), 2.0]})),
            "non-finite-coordinate", "35"),
    Hostile("ring.geojson", content(collection({"type": "Polygon", "coordinates": [RING[:3]]})),
            "broken-geometry", "38"),
    Hostile("ring.gpkg", geopackage([BOX, BOX], change=_shape("2", _UNCLOSED)),
            "broken-geometry", "38"),
    Hostile("one.geojson", content(collection({"type": "LineString", "coordinates": [RING[0]]})),
            "broken-geometry", "38"),
    Hostile("far.geojson", content(collection({**POINT, "coordinates": [34.7, 999]})),
            "outside-world", "39"),
    Hostile("deep.geojson", content(collection(_NESTED)), "broken-geometry", "31"),
    Hostile("tin.gpkg", geopackage([BOX, BOX], change=_shape("2", _TIN)), "broken-geometry", "48"),
    Hostile("faces.csv", content(
        'external_id,name,wkt\na,x,"POLYHEDRALSURFACE (((34 -1,35 -1,35 0,34 -1)))"\n'
    ), "broken-geometry", "48"),
)
"""Read, and single rows of them refused: by the reader, or by validation."""
