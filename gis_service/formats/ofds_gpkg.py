"""OFDS 0.4 in a GeoPackage: read, and written with what its tables cannot say beside them."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import shapely

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_gpkg_layout import NETWORKS, Holds, Layout, layouts
from gis_service.formats.ofds_gpkg_rows import (
    Known,
    Row,
    as_read,
    head_as_read,
    object_of,
    plain_head,
    with_the_same,
)
from gis_service.formats.ofds_package import ARRAYS, Json, objects_of

KEPT_TABLE = "gis_service_kept"
_NAMED = ("organisations", "phases", "wayleaves", "nodes")
_ENVELOPES = (0, 32, 48, 48, 64)
_DEGREES = (4326, 4979)


def read_gpkg_package(path: Path, limits: ReadLimits) -> Json:
    """
    The package in a GeoPackage.

    Raises
    ------
    UnreadableFile
        It is damaged, or its tables are not those of the standard.
    """
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(address, uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            return _Reader(connection).package()
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError) as error:
        raise UnreadableFile(f"The GeoPackage cannot be read: {error}.") from None


class _Reader:
    """Reads tables by the layout, those of other names and all views left alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = {
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        self._ids: dict[str, dict[int, str]] = {}
        self._codes: dict[str, dict[int, str]] = {}

    def package(self) -> Json:
        if NETWORKS not in self._tables:
            raise UnreadableFile("The GeoPackage has no table 'networks'.")
        top, *others = layouts()
        nothing = Known()
        networks = {
            number: object_of(id_, row, top, nothing)
            for number, _, id_, row in self._rows(top)
        }
        for layout in others:
            if not layout.within and layout.name in self._tables:
                self._ids[layout.name] = dict(self._connection.execute(
                    f'SELECT id, ofds_id FROM "{layout.name}" WHERE ofds_id IS NOT NULL'
                ))
        known: dict[int, Known] = {}
        owners: dict[tuple[str, int], Json] = {}
        for layout in others:
            if layout.within:
                self._parts(layout, owners)
                continue
            for number, within, id_, row in self._rows(layout):
                network = networks.get(within)
                if network is None:
                    raise UnreadableFile(
                        f"Row {number} of the table {layout.name!r} belongs to no network."
                    )
                made = object_of(id_, row, layout, known.setdefault(within, Known()))
                network.setdefault(layout.array, []).append(made)
                owners[layout.name, number] = made
            for within, network in networks.items():
                known[within] = Known.of({n: objects_of(network, n) for n in _NAMED})
        document: Json = {"networks": [
            with_the_same(network, placed=_is_placed(network)) for network in networks.values()
        ]}
        return _with_kept(document, self._kept(), list(known.values()))

    def _rows(self, layout: Layout) -> Iterator[tuple[int, int, str | None, Row]]:
        """Number, number of the network, id, and row, in the order of the numbers."""
        if layout.name not in self._tables:
            return
        lists = {
            relation.table: self._pairs(relation.table, relation.holds, relation.related)
            for relation in layout.relations
            if relation.table in self._tables
        }
        cursor = self._connection.execute(f'SELECT * FROM "{layout.name}" ORDER BY id')
        names = [column[0] for column in cursor.description]
        parts = {part.column: part for part in layout.parts}
        for values in cursor:
            cells = dict(zip(names, values, strict=True))
            number = cells.pop("id")
            row = Row()
            for name, value in cells.items():
                if name in parts and value is not None:
                    part = parts[name]
                    row.columns[name] = self._value(part.holds, part.table, value)
            row.lists = {
                table: found[number] for table, found in lists.items() if number in found
            }
            owner: Any = cells.get(layout.owner or "network_id")
            id_: Any = cells.get("ofds_id")
            yield number, owner, id_, row

    def _parts(self, layout: Layout, owners: dict[tuple[str, int], Json]) -> None:
        for number, within, _, row in self._rows(layout):
            owner = owners.get((layout.array, within))
            if owner is None:
                raise UnreadableFile(f"Row {number} of the table {layout.name!r} is of nothing.")
            owner.setdefault(layout.within, []).append(object_of(None, row, layout, Known()))

    def _pairs(self, table: str, holds: Holds, related: str) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for base, other in self._connection.execute(
            f'SELECT base_id, related_id FROM "{table}" ORDER BY rowid'
        ):
            found.setdefault(base, []).append(self._value(holds, related, other))
        return found

    def _value(self, holds: Holds, table: str, value: Any) -> Any:
        if holds is Holds.GEOMETRY:
            return _geometry(value)
        if holds is Holds.CODE:
            return self._named(self._code_table(table), table, value)
        if holds in {Holds.REFERENCE, Holds.IDENTIFIER}:
            return self._named(self._ids.get(table, {}), table, value)
        return value

    def _code_table(self, table: str) -> dict[int, str]:
        if table not in self._codes:
            known = table in self._tables
            self._codes[table] = dict(
                self._connection.execute(f'SELECT id, code FROM "{table}"') if known else ()
            )
        return self._codes[table]

    @staticmethod
    def _named(known: dict[int, str], table: str, number: Any) -> str:
        if number not in known:
            raise UnreadableFile(f"There is no row {number!r} in the table {table!r}.")
        return known[number]

    def _kept(self) -> Iterator[Json]:
        if KEPT_TABLE in self._tables:
            for (line,) in self._connection.execute(f"SELECT line FROM {KEPT_TABLE} ORDER BY id"):
                yield _loaded(line)


def _loaded(line: Any) -> Json:
    try:
        found: Json = json.loads(line)
    except (ValueError, TypeError):
        raise UnreadableFile(f"The table {KEPT_TABLE} is damaged; take it out.") from None
    return found


def _geometry(blob: Any) -> Json:
    """A geometry of a GeoPackage: a head of its own, then WKB."""
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        raise UnreadableFile("A geometry of the GeoPackage is damaged.")
    flags = blob[3]
    srs: int = struct.unpack("<i" if flags & 1 else ">i", blob[4:8])[0]
    if srs not in _DEGREES:
        raise UnreadableFile(
            f"A geometry is in CRS {srs}; those of the standard are longitude and latitude (4326)."
        )
    kind = flags >> 1 & 7
    if kind >= len(_ENVELOPES):
        raise UnreadableFile("A geometry of the GeoPackage is damaged.")
    try:
        shape = shapely.from_wkb(blob[8 + _ENVELOPES[kind]:])
    except shapely.errors.ShapelyError:
        raise UnreadableFile("A geometry of the GeoPackage is damaged.") from None
    if shape.geom_type not in ("Point", "LineString") or shape.is_empty:
        raise UnreadableFile(f"A {shape.geom_type} is no geometry of the standard.")
    positions = shapely.get_coordinates(shape, include_z=shape.has_z).tolist()
    coordinates = positions[0] if shape.geom_type == "Point" else positions
    return {"type": shape.geom_type, "coordinates": coordinates}


def _is_placed(network: Json) -> bool:
    return any(
        name in each
        for array, name in (("nodes", "location"), ("spans", "route"))
        for each in objects_of(network, array)
    )


def _with_kept(document: Json, kept: Iterable[Json], known: list[Known]) -> Json:
    """What the tables could not say; a row that was edited meanwhile wins."""
    networks: list[Json] = document["networks"]
    try:
        for each in kept:
            if "around" in each:
                document = {**each["around"], "networks": networks}
                continue
            place = each["network"]
            network = networks[place]
            if "head" in each:
                head = each["head"]
                before = head_as_read(head, arrays=(), placed=False)
                if plain_head(before) == plain_head(network):
                    arrays = {n: v for n, v in network.items() if n in ARRAYS}
                    networks[place] = {**head, **arrays}
                continue
            members = network.setdefault(each["array"], [])
            position, object_ = each["position"], each["object"]
            if not each["row"]:
                members.insert(position, object_)
            elif members[position] == as_read(each["array"], object_, known[place]):
                members[position] = object_
    except (KeyError, IndexError, TypeError, AttributeError):
        raise UnreadableFile(f"The table {KEPT_TABLE} is damaged; take it out.") from None
    return document


