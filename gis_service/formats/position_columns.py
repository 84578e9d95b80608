"""Which columns of a table hold its coordinates, by what they are called and what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gis_service.formats.angles import NotAnAngle, parse_pair

Cells = Sequence[str | None]
Columns = Mapping[str, Cells]

DEGREES = (
    ("longitude", "lon", "lng", "long", "longitudo", "longtitude", "longitud"),
    ("latitude", "lat", "latitudo", "latitud"),
)
METRES = (
    ("easting", "eastings", "utmeasting", "utme", "east", "mashariki"),
    ("northing", "northings", "utmnorthing", "utmn", "north", "kaskazini"),
)
EITHER = (("x", "e"), ("y", "n"))
WRITTEN = ("wkt", "ewkt", "wkb", "geometry", "geom", "thegeom", "wkbgeometry")
TOGETHER = (
    "latlon", "latlong", "latlng", "lonlat", "longlat", "lnglat", "gps", "coordinates",
    "coordinate", "coords", "position", "location", "geopoint", "gpscoordinates", "gpslocation",
    "gpsposition", "kuratibu", "viwianishi",
)  # fmt: skip
"""Columns that may hold both; they do when most of their cells can be read so."""
_LONGITUDE_FIRST = {"lonlat", "longlat", "lnglat"}
_IDLE = {"gps", "wgs", "dd", "dms", "ddm", "decimal", "degrees", "degree", "deg", "e", "n", "s",
         "w", "m", "metres", "meters", "coord", "coords", "coordinate", "coordinates", "point"}
"""Words beside the one that counts: `GPS_LAT`, `Longitude (E)`, `POINT_X`."""
_SAMPLE = 200


def coordinate_pair(
    columns: Columns, named: Mapping[str, str], *, metric: bool
) -> tuple[str, str, bool] | None:
    """Columns of x and y, and whether they are metres by their names."""
    x, y = named.get("longitude"), named.get("latitude")
    families = (METRES, EITHER, DEGREES) if metric else (DEGREES, EITHER, METRES)
    for family in families:
        east = x or _named(columns, family[0])
        north = y or _named(columns, family[1])
        if east and north:
            return east, north, family is METRES and not (x and y)
    return None


def written_column(columns: Columns) -> str | None:
    """The column that holds whole geometries or positions, if there is one."""
    names = _by_plain_name(columns)
    for plain in WRITTEN:
        if plain in names:
            return names[plain]
    for plain in TOGETHER:
        if plain in names and _mostly_pairs(columns[names[plain]]):
            return names[plain]
    return None


def longitude_first(name: str) -> bool:
    """Whether a column's name says that longitude stands before latitude in it."""
    return re.sub(r"[^a-z]", "", name.lower()) in _LONGITUDE_FIRST


def says_degrees(east: str, north: str) -> bool:
    """Whether the columns' names say longitude or latitude."""
    return bool({*DEGREES[0], *DEGREES[1]} & set(_by_plain_name({east: (), north: ()})))


def _named(columns: Columns, names: Sequence[str]) -> str | None:
    plain = _by_plain_name(columns)
    return next((plain[name] for name in names if name in plain), None)


def _by_plain_name(columns: Columns) -> dict[str, str]:
    """Columns by their names without case and signs, and without idle words where that is free."""
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(list(columns))}
    for name in columns:
        words = [word for word in re.split(r"[^a-z]+", name.lower()) if word]
        telling = [word for word in words if word not in _IDLE]
        if len(telling) == 1:
            plain.setdefault(telling[0], name)
    return plain


def _mostly_pairs(cells: Cells) -> bool:
    filled = [cell for cell in cells if cell is not None][:_SAMPLE]
    return bool(filled) and sum(map(_is_pair, filled)) * 2 >= len(filled)


def _is_pair(cell: str) -> bool:
    try:
        parse_pair(cell)
    except NotAnAngle:
        return bool(re.match(r"(SRID=\d+;)?(POINT|LINESTRING|MULTI|POLYGON)\b", cell.upper()))
    return True
