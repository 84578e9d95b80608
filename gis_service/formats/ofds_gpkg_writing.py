"""A package as a GeoPackage of OFDS 0.4, row by row."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import shapely
from pyproj import CRS

from gis_service.formats.ofds_gpkg import KEPT_TABLE
from gis_service.formats.ofds_gpkg_layout import Holds, Layout, codelist_table, layouts
from gis_service.formats.ofds_gpkg_rows import Known, Row, as_read, head_as_read, row_of
from gis_service.formats.ofds_package import ARRAYS, Json
from gis_service.formats.ofds_writing import NetworkSource, PackageSource, dumped
from gis_service.model.ofds import CURRENT, Kind, closed_codes, open_codes

_NAMED = ("organisations", "phases", "wayleaves", "nodes")
_SRS = 4326
_CHANGED = "1980-01-01T00:00:00.000Z"
_TYPES = {
    Holds.NUMBER: "REAL", Holds.INTEGER: "INTEGER", Holds.REFERENCE: "INTEGER",
    Holds.IDENTIFIER: "INTEGER", Holds.CODE: "INTEGER",
}
_GEOMETRY_TYPES = {"nodes": "POINT", "spans": "LINESTRING"}
_HEAD = """
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10400;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
    organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
    definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
    identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL,
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
    m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
    definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkgext_relations (id INTEGER PRIMARY KEY AUTOINCREMENT,
    base_table_name TEXT NOT NULL, base_primary_column TEXT NOT NULL DEFAULT 'id',
    related_table_name TEXT NOT NULL, related_primary_column TEXT NOT NULL DEFAULT 'id',
    relation_name TEXT NOT NULL, mapping_table_name TEXT NOT NULL UNIQUE);
"""
_RELATED = "http://www.geopackage.org/18-000.html"


def write_gpkg(package: PackageSource, out: IO[bytes], folder: Path) -> None:
    """
    The package as a GeoPackage.

    Parameters
    ----------
    package
        Its networks are of the newest version.
    folder
        Where the database is made before it is copied to `out`.
    """
    path = folder / "made.gpkg"
    connection = sqlite3.connect(path)
    try:
        _Writer(connection).write(package)
        connection.commit()
    finally:
        connection.close()
    with path.open("rb") as made:
        shutil.copyfileobj(made, out)
    path.unlink()


class _Writer:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._codes: dict[str, dict[str, int]] = {}
        self._boxes: dict[str, list[float]] = {}
        self._high: set[str] = set()

    def write(self, package: PackageSource) -> None:
        self._connection.executescript(_HEAD)
        self._spatial_reference()
        for layout in layouts():
            self._create(layout)
        self._create_kept()
        if len(package.around) > 1:
            self._keep({"around": package.around})
        for place, network in enumerate(package.networks):
            self._network(place, network)
        for table, box in self._boxes.items():
            self._connection.execute(
                "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? "
                "WHERE table_name = ?", (*box, table),
            )
        for table in self._high:
            self._connection.execute(
                "UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ?", (table,)
            )

    def _spatial_reference(self) -> None:
        wgs84 = CRS.from_epsg(_SRS).to_wkt("WKT1_GDAL")
        self._connection.executemany(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)",
            [
                ("WGS 84 geodetic", _SRS, "EPSG", _SRS, wgs84, "longitude/latitude in degrees"),
                ("Undefined cartesian SRS", -1, "NONE", -1, "undefined", ""),
                ("Undefined geographic SRS", 0, "NONE", 0, "undefined", ""),
            ],
        )

    def _create(self, layout: Layout) -> None:
        columns = ["id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
        if layout.name != "networks":
            columns.append("network_id INTEGER REFERENCES networks(id)")
        if layout.within:
            columns.append(f"{layout.owner} INTEGER REFERENCES {layout.array}(id)")
        else:
            columns.append("ofds_id TEXT")
        for part in layout.parts:
            kind = _GEOMETRY_TYPES[layout.name] if part.holds is Holds.GEOMETRY else (
                _TYPES.get(part.holds, "TEXT")
            )
            foreign = f' REFERENCES "{part.table}"(id)' if part.table else ""
            if part.holds is Holds.CODE:
                self._create_codes(part.table)
            columns.append(f'"{part.column}" {kind}{foreign}')
        self._connection.execute(f'CREATE TABLE "{layout.name}" ({", ".join(columns)})')
        spatial = layout.geometry is not None
        self._register(layout.name, "features" if spatial else "attributes")
        if spatial:
            self._connection.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
                (layout.name, _GEOMETRY_TYPES[layout.name], _SRS),
            )
        for relation in layout.relations:
            if relation.holds is Holds.CODE:
                self._create_codes(relation.related)
            self._connection.execute(
                f'CREATE TABLE "{relation.table}" (base_id INTEGER NOT NULL '
                f'REFERENCES "{layout.name}"(id), related_id INTEGER NOT NULL '
                f'REFERENCES "{relation.related}"(id))'
            )
            self._connection.execute(
                "INSERT INTO gpkgext_relations (base_table_name, related_table_name, "
                "relation_name, mapping_table_name) VALUES (?, ?, ?, ?)",
                (layout.name, relation.related, "attributes", relation.table),
            )
            self._extend(relation.table)

    def _create_codes(self, table: str) -> None:
        if table in self._codes:
            return
        self._connection.execute(
            f'CREATE TABLE "{table}" (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, code TEXT, '
            "description TEXT)"
        )
        self._register(table, "attributes")
        self._codes[table] = {}
        for code in _CODES.get(table, ()):
            self._code(table, code)

    def _create_kept(self) -> None:
        self._connection.execute(
            f"CREATE TABLE {KEPT_TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, line TEXT)"
        )
        self._register(KEPT_TABLE, "attributes")

    def _register(self, table: str, kind: str) -> None:
        self._connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) "
            "VALUES (?, ?, ?, ?, ?)",
            (table, kind, table, _CHANGED, _SRS if kind == "features" else None),
        )

    def _extend(self, table: str) -> None:
        for name in ("gpkgext_relations", table):
            self._connection.execute(
                "INSERT OR IGNORE INTO gpkg_extensions SELECT ?, NULL, 'gpkg_related_tables', ?, "
                "'read-write' WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions "
                "WHERE table_name = ?)", (name, _RELATED, name),
            )

    def _network(self, place: int, network: NetworkSource) -> None:
        known = Known.of({name: network.objects(name) for name in _NAMED})
        top, *others = layouts()
        number = self._insert(top, row_of(network.head, top, known), {}, {
            "ofds_id": _text(network.head.get("id")),
        })
        numbers: dict[str, dict[str, int]] = {}
        arrays, placed = [], False
        for layout in others:
            if layout.within:
                continue
            mine = numbers.setdefault(layout.name, {})
            for position, object_ in enumerate(network.objects(layout.array)):
                has_row = isinstance(object_, dict) and isinstance(object_.get("id"), str) \
                    and object_["id"] not in mine
                if has_row:
                    row = row_of(object_, layout, known)
                    placed = placed or "geom" in row.columns
                    mine[object_["id"]] = self._insert(
                        layout, row, numbers, {"network_id": number, "ofds_id": object_["id"]}
                    )
                    self._parts(object_, layout, number, mine[object_["id"]])
                if not has_row or as_read(layout.array, object_, known) != object_:
                    self._keep({
                        "network": place, "array": layout.array, "position": position,
                        "object": object_, "row": has_row,
                    })
            if mine:
                arrays.append(layout.array)
        head = {k: [] if k in ARRAYS and v == [] else v for k, v in network.head.items()}
        if head_as_read(head, arrays=arrays, placed=placed) != head:
            self._keep({"network": place, "head": head})

    def _parts(self, object_: Json, of: Layout, network: int, owner: int) -> None:
        for layout in layouts():
            members = object_.get(layout.within) if layout.array == of.array else None
            for each in members if layout.within and isinstance(members, list) else ():
                row = row_of(each, layout, Known()) if isinstance(each, dict) else Row()
                if row.columns:
                    self._insert(layout, row, {}, {"network_id": network, layout.owner: owner})

    def _insert(
        self, layout: Layout, row: Row, numbers: dict[str, dict[str, int]], own: dict[str, Any]
    ) -> int:
        values = dict(own)
        for part in layout.parts:
            if part.column in row.columns:
                value = row.columns[part.column]
                if part.holds is Holds.GEOMETRY:
                    value = self._blob(layout.name, value)
                elif part.table:
                    value = self._number(part.holds, part.table, value, numbers)
                values[part.column] = value
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join("?" * len(values))
        cursor = self._connection.execute(
            f'INSERT INTO "{layout.name}" ({columns}) VALUES ({places})', tuple(values.values())
        )
        made = int(cursor.lastrowid or 0)
        for relation in layout.relations:
            self._connection.executemany(
                f'INSERT INTO "{relation.table}" VALUES (?, ?)',
                [
                    (made, self._number(relation.holds, relation.related, each, numbers))
                    for each in row.lists.get(relation.table, ())
                ],
            )
        return made

    def _number(
        self, holds: Holds, table: str, value: str, numbers: dict[str, dict[str, int]]
    ) -> int:
        return self._code(table, value) if holds is Holds.CODE else numbers[table][value]

    def _code(self, table: str, code: str) -> int:
        known = self._codes[table]
        if code not in known:
            cursor = self._connection.execute(f'INSERT INTO "{table}" (code) VALUES (?)', (code,))
            known[code] = int(cursor.lastrowid or 0)
        return known[code]

    def _blob(self, table: str, geometry: Json) -> bytes:
        given = geometry["coordinates"]
        shape = shapely.Point(given) if geometry["type"] == "Point" else shapely.LineString(given)
        if shape.has_z:
            self._high.add(table)
        west, south, east, north = shape.bounds
        box = self._boxes.setdefault(table, [west, south, east, north])
        box[:] = min(box[0], west), min(box[1], south), max(box[2], east), max(box[3], north)
        return b"GP\x00\x01" + struct.pack("<i", _SRS) + bytes(
            shapely.to_wkb(shape, byte_order=1, flavor="iso")
        )

    def _keep(self, line: Json) -> None:
        self._connection.execute(f"INSERT INTO {KEPT_TABLE} (line) VALUES (?)", (dumped(line),))


def _codes() -> Iterator[tuple[str, tuple[str, ...]]]:
    for class_ in CURRENT.classes:
        for about in CURRENT.properties(class_.name):
            if about.kind is Kind.CODE and about.codelist:
                codes = (
                    closed_codes(about.codelist, CURRENT.id) if about.closed
                    else tuple(sorted(open_codes(about.codelist, CURRENT.id) or ()))
                )
                yield codelist_table(about.codelist, closed=about.closed), codes


_CODES = dict(_codes())


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
