"""Layers that GDAL reads: GeoPackage, Shapefile, FlatGeobuf, as Arrow with geometry in WKB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
from pyogrio.errors import DataSourceError, FeatureError, GeometryError
from pyogrio.raw import open_arrow, read

from gis_service.errors import UnreadableFile
from gis_service.formats.choosing import choose_layer
from gis_service.formats.decoding import told_encoding
from gis_service.formats.rows import GEOMETRY, PART_ROWS, Rows
from gis_service.formats.wkb import may_have_curves

_LANGUAGE_DRIVER = 29
"""Byte of a .dbf that names its code page; 0 where it does not."""
_STYLES = "layer_styles"
"""Where QGIS keeps its styles in a GeoPackage."""
_PATH = re.compile(r"'/[^']*'|\"/[^\"]*\"|`/[^']*'|/[^\s:'\"()]+/[^\s:'\"()]*[^\s:'\"().]")


def geopackage_layers(path: Path) -> tuple[str, ...]:
    """
    Names of a GeoPackage's layers, without QGIS's styles.

    Raises
    ------
    UnreadableFile
        GDAL cannot open it.
    """
    try:
        listed = pyogrio.list_layers(path)
    except (DataSourceError, ValueError) as error:
        raise _unreadable(error) from None
    return tuple(str(name) for name, _ in listed if name != _STYLES)


def read_geopackage(path: Path, *, layer: str | None, skip: int = 0) -> Rows:
    """One layer of a GeoPackage, without its first rows."""
    layers = geopackage_layers(path)
    chosen = choose_layer(layer, layers)
    return _read(path, chosen, layers, encoding=None, inside=chosen, skip=skip)


def read_flatgeobuf(path: Path, *, layer: str, skip: int = 0) -> Rows:
    """The one layer of a FlatGeobuf file, without its first rows."""
    return _read(path, layer, (layer,), encoding=None, inside=None, skip=skip)


def read_shapefile(
    paths: Mapping[str, Path], *, layer: str | None, encoding: str | None, skip: int = 0
) -> Rows:
    """
    One of the Shapefiles that were unpacked, by layer name, without its first rows.

    A lost index (.shx) is made anew beside the unpacked file; without a table
    (.dbf) the rows have no properties.

    Raises
    ------
    UnreadableFile
        It is damaged, or its text is in an encoding that nothing states.
    """
    layers = tuple(paths)
    chosen = choose_layer(layer, layers)
    path = paths[chosen]
    notes = []
    if not path.with_suffix(".shx").exists():
        notes.append(f"The Shapefile {chosen} lacks its index (.shx), which was made anew.")
    if not path.with_suffix(".dbf").exists():
        notes.append(
            f"The Shapefile {chosen} lacks its table (.dbf): its rows have a geometry and nothing "
            "else. Ask for all of its files (.shp, .shx, .dbf, .prj) if they should have more."
        )
    told = ""
    if path.with_suffix(".dbf").exists():
        named = encoding
        encoding, told = _table_encoding(path, named)
        if encoding != named:
            notes.append(f"The Shapefile does not state its encoding (no .cpg); read as {told}.")
    rows = _read(path, chosen, layers, encoding=encoding, inside=None, skip=skip)
    rows.notes += notes
    rows.encoding = told
    return rows


def _table_encoding(path: Path, named: str | None) -> tuple[str | None, str]:
    """
    The encoding of a Shapefile's table, and how that is known; None leaves it to GDAL.

    Raises
    ------
    UnreadableFile
        It has letters beyond ASCII and tells nothing.
    """
    if named is not None:
        return named, f"{named}, as it was named"
    stated = path.with_suffix(".cpg")
    if stated.exists():
        said = stated.read_bytes()[:40].decode("ascii", "replace").strip()
        return None, f"{said}, as its .cpg states"
    content = path.with_suffix(".dbf").read_bytes()
    text = content[int.from_bytes(content[8:10], "little"):]
    if text.isascii():
        return None, "only letters of ASCII, which most encodings write alike"
    if content[_LANGUAGE_DRIVER : _LANGUAGE_DRIVER + 1] not in {b"", b"\x00"}:
        return None, "the code page that its table (.dbf) states"
    try:
        text.decode()
    except UnicodeDecodeError:
        raise UnreadableFile(
            "The Shapefile does not state its encoding (no .cpg), and its text is not UTF-8. Ask "
            "whoever made it and name it, for example --encoding cp1252 or --encoding latin-1."
        ) from None
    return "UTF-8", told_encoding(text, None)


def _read(
    path: Path,
    name: str,
    layers: tuple[str, ...],
    *,
    encoding: str | None,
    inside: str | None,
    skip: int,
) -> Rows:
    notes: list[str] = []
    tables = _tables(path, inside, encoding, notes, skip)
    crs, first = next(tables)
    return Rows(
        table=first, layer=name, layers=layers, crs=_known_crs(crs), notes=notes,
        more=(table for _, table in tables), before=skip,
    )


def _tables(
    path: Path, inside: str | None, encoding: str | None, notes: list[str], skip: int
) -> Iterator[tuple[str | None, pa.Table]]:
    """The stated CRS with each part of a layer; at the end notes of what was made straight."""
    try:
        with open_arrow(
            path, layer=inside, encoding=encoding, batch_size=PART_ROWS, use_pyarrow=True,
            skip_features=skip,
        ) as (meta, reader):
            straight = _Straight(path, inside, meta["geometry_name"] or "wkb_geometry", skip)
            empty = True
            for batch in reader:
                empty = False
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                yield meta["crs"], straight.table(table)
            if empty:
                yield meta["crs"], straight.table(reader.schema.empty_table())
            if straight.count:
                notes.append(
                    f"Curves were made of straight pieces, in {straight.count:,} geometries."
                )
    except (DataSourceError, FeatureError, GeometryError, RuntimeError) as error:
        raise _unreadable(error) from None
    except (UnicodeDecodeError, pa.ArrowInvalid):
        raise UnreadableFile(
            "Some text is not in the encoding that the file states. Name the right one, "
            "for example --encoding cp1252 or --encoding latin-1."
        ) from None
    except LookupError:
        raise UnreadableFile(f"There is no encoding {encoding!r}.") from None


class _Straight:
    """Parts of a layer with the geometry under its own name, its curves made of straight pieces."""

    def __init__(self, path: Path, inside: str | None, geometry: str, skip: int) -> None:
        self.count = 0
        self._path, self._inside, self._geometry = path, inside, geometry
        self._rows = skip
        self._whole: list[bytes | None] | None = None

    def table(self, table: pa.Table) -> pa.Table:
        """The next part."""
        begin, self._rows = self._rows, self._rows + table.num_rows
        if self._geometry not in table.column_names:
            return table
        wkb = table.column(self._geometry).cast(pa.binary())
        if any(map(may_have_curves, pc.unique(pc.binary_slice(wkb, 0, 5)).to_pylist())):
            if self._whole is None:
                # Arrow carries curves as they are; the other way to read makes lines of them
                self._whole = read(self._path, layer=self._inside, columns=[])[2].tolist()
            made = self._whole[begin : self._rows]
            self.count += sum(old != new for old, new in zip(wkb.to_pylist(), made, strict=True))
            wkb = pa.chunked_array([pa.array(made, pa.binary())])
        position = table.column_names.index(self._geometry)
        return table.set_column(position, pa.field(GEOMETRY, pa.binary()), wkb)


def _known_crs(crs: str | None) -> str | None:
    """GeoPackage's srs_id 0 and -1 say that the CRS is not known."""
    if crs is None or '"Undefined ' in crs:
        return None
    return crs


def _unreadable(error: Exception) -> UnreadableFile:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return UnreadableFile(
        f"The file is damaged or not what it claims to be: {_without_paths(reason)}"
    )


def _without_paths(reason: str) -> str:
    """GDAL's reason without where our files are, and without what to do for who calls GDAL."""
    if reason.startswith("/") and ":" in reason:
        reason = reason.split(":", 1)[1]
    return _PATH.sub("the file", reason.split("; It might help")[0]).strip()
