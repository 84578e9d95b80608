"""Layers that GDAL reads: GeoPackage and Shapefile, as Arrow with geometry in WKB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataSourceError, FeatureError, GeometryError
from pyogrio.raw import read_arrow

from gis_service.errors import UnreadableFile
from gis_service.formats.rows import GEOMETRY, Rows

_STYLES = "layer_styles"
"""Where QGIS keeps its styles in a GeoPackage."""


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


def read_geopackage(path: Path, *, layer: str | None) -> Rows:
    """One layer of a GeoPackage."""
    layers = geopackage_layers(path)
    chosen = choose_layer(layer, layers)
    return _read(path, chosen, layers, encoding=None, inside=chosen)


def read_shapefile(paths: Mapping[str, Path], *, layer: str | None, encoding: str | None) -> Rows:
    """One of the Shapefiles that were unpacked, by layer name."""
    layers = tuple(paths)
    chosen = choose_layer(layer, layers)
    path = paths[chosen]
    lacking = [part for part in (".shx", ".dbf") if not path.with_suffix(part).exists()]
    if lacking:
        raise UnreadableFile(
            f"The Shapefile {chosen} lacks {' and '.join(lacking)}; "
            "zip all of its files together (.shp, .shx, .dbf, .prj)."
        )
    rows = _read(path, chosen, layers, encoding=encoding, inside=None)
    if encoding is None and not path.with_suffix(".cpg").exists():
        rows.notes.append(
            "The Shapefile does not state its encoding (no .cpg): its text was read as "
            "ISO-8859-1. If letters look wrong, name another with --encoding."
        )
    return rows


def choose_layer(asked: str | None, layers: tuple[str, ...]) -> str:
    """
    The layer to read.

    Raises
    ------
    UnreadableFile
        There are none, none of that name, or several and none was named.
    """
    if not layers:
        raise UnreadableFile("The file has no layers.")
    if asked is not None:
        if asked not in layers:
            raise UnreadableFile(f"There is no layer {asked!r}. Layers: {', '.join(layers)}.")
        return asked
    if len(layers) > 1:
        raise UnreadableFile(
            f"The file has {len(layers)} layers; name one with --layer: {', '.join(layers)}."
        )
    return layers[0]


def _read(
    path: Path, name: str, layers: tuple[str, ...], *, encoding: str | None, inside: str | None
) -> Rows:
    try:
        meta, table = read_arrow(path, layer=inside, encoding=encoding)
        table.validate(full=True)
    except (DataSourceError, FeatureError, GeometryError, RuntimeError) as error:
        raise _unreadable(error) from None
    except (UnicodeDecodeError, pa.ArrowInvalid):
        raise UnreadableFile(
            "Some text is not in the encoding that the file states. Name the right one, "
            "for example --encoding cp1252 or --encoding latin-1."
        ) from None
    except LookupError:
        raise UnreadableFile(f"There is no encoding {encoding!r}.") from None
    geometry = meta["geometry_name"] or "wkb_geometry"
    if geometry in table.column_names:
        position = table.column_names.index(geometry)
        column = table.column(geometry).cast(pa.binary())
        table = table.set_column(position, pa.field(GEOMETRY, pa.binary()), column)
    return Rows(table=table, layer=name, layers=layers, crs=_known_crs(meta["crs"]))


def _known_crs(crs: str | None) -> str | None:
    """GeoPackage's srs_id 0 and -1 say that the CRS is not known."""
    if crs is None or '"Undefined ' in crs:
        return None
    return crs


def _unreadable(error: Exception) -> UnreadableFile:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return UnreadableFile(
        f"The file is damaged or not what it claims to be: {_without_path(reason)}"
    )


def _without_path(reason: str) -> str:
    return reason.split(":", 1)[1].strip() if reason.startswith("/") and ":" in reason else reason
