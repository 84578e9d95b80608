"""Reading a file: what it is, where on earth its rows are, and which rows are broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.crs import WGS84, crs_title, parse_crs
from gis_service.errors import UnknownCrs, UnreadableFile
from gis_service.formats.choosing import choose_layer
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import DEFAULT_LIMITS, ReadLimits
from gis_service.formats.process import run_reader, unpacked
from gis_service.formats.rows import GEOMETRY
from gis_service.formats.shaping import Shaping
from gis_service.formats.sniffing import sniff
from gis_service.formats.source import SourceFrame
from gis_service.formats.source_rows import SourceRows
from gis_service.model.reports import RowFault, Severity

_MOST_FILES = 20
"""Of an archive: each is opened by a process of its own."""


def read_layers(path: Path, *, limits: ReadLimits = DEFAULT_LIMITS) -> tuple[str, ...]:
    """
    Names of a file's layers.

    Raises
    ------
    UnreadableFile
        It cannot be read as what it claims to be.
    """
    format_ = _loadable(path, limits)
    if format_ is FileFormat.ARCHIVE:
        with unpacked(path, limits) as files:
            return tuple(_inside(files, limits))
    return _layers(path, path.stem, format_, limits)


def _layers(path: Path, name: str, format_: FileFormat, limits: ReadLimits) -> tuple[str, ...]:
    answer, _ = run_reader(path, format_, {"list_layers": True, "layer_name": name}, limits)
    return tuple(answer["layers"])


def read_file(
    path: Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    coordinates: Mapping[str, str] | None = None,
    shaping: Shaping | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
    name: str | None = None,
    crs_needed: bool = True,
) -> SourceFrame:
    """
    Read one layer of a file, in a process of its own that can be ended.

    Parameters
    ----------
    layer
        Needed when the file has several.
    crs
        The CRS of a file that does not state one, such as `EPSG:32736`.
    encoding
        Encoding of text that is not UTF-8.
    coordinates
        Column names for `longitude`, `latitude` or `geometry` of a CSV file
        or workbook whose header does not tell.
    shaping
        What the collection needs of the geometry; without, it stays as it is.
    name
        The file's name where it came from, when it stands under another one.
    crs_needed
        Otherwise a file whose CRS is not known is read, and its `crs` is None.

    Raises
    ------
    UnreadableFile
        It cannot be read as what it claims to be, or has no rows.
    UnknownCrs
        Neither the file nor `crs` says where on earth the coordinates are, or
        they contradict each other.
    """
    return open_file(
        path, layer=layer, crs=crs, encoding=encoding, coordinates=coordinates, shaping=shaping,
        limits=limits, name=name, crs_needed=crs_needed,
    ).gathered()


def open_file(
    path: Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    coordinates: Mapping[str, str] | None = None,
    shaping: Shaping | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
    name: str | None = None,
    crs_needed: bool = True,
    skip: int = 0,
) -> SourceRows:
    """
    As `read_file`, but the rows stay on disk, and are read part by part as they are asked for.

    Parameters
    ----------
    skip
        Rows at the beginning of the file that are not asked for.

    Raises
    ------
    UnreadableFile, UnknownCrs
        As `read_file`.
    """
    name = name or path.name
    format_ = _loadable(path, limits)
    if format_ is FileFormat.ARCHIVE:
        with unpacked(path, limits) as files:
            inside = _inside(files, limits)
            chosen = choose_layer(layer, tuple(inside))
            found_in = inside[chosen]
            source = open_file(
                found_in.path, layer=found_in.layer, crs=crs, encoding=encoding,
                coordinates=coordinates, shaping=shaping, limits=limits, name=found_in.name,
                crs_needed=crs_needed, skip=skip,
            )
        return replace(source, layer=chosen, layers=tuple(inside), sha256=_sha256(path))
    job = {
        "list_layers": False,
        "layer": layer,
        "layer_name": Path(name).stem,
        "encoding": encoding,
        "coordinates": dict(coordinates or {}),
        "metric": crs is not None and parse_crs(crs).is_projected,
        "shaping": asdict(shaping) if shaping else None,
        "skip": skip,
    }
    answer, rows = run_reader(path, format_, job, limits)
    if rows is None or len(rows) == 0:
        raise UnreadableFile(f"{name} has no rows; there is nothing to load.")
    faults = [RowFault(**{**f, "severity": Severity(f["severity"])}) for f in answer["faults"]]
    found: CRS | None = None
    stated = False
    if GEOMETRY in rows.schema.names:
        found, stated = _crs(name, format_, answer, crs, needed=crs_needed)
    return SourceRows(
        rows=rows,
        format=format_,
        crs=found,
        crs_found=stated,
        layer=answer["layer"],
        layers=tuple(answer["layers"]),
        sha256=_sha256(path),
        faults=tuple(faults),
        notes=tuple(answer["notes"]),
        encoding=answer["encoding"],
    )


@dataclass(frozen=True, slots=True)
class _Inside:
    """A layer of a file in an archive."""

    path: Path
    name: str
    layer: str


def _inside(files: Mapping[str, Path], limits: ReadLimits) -> dict[str, _Inside]:
    """The layers of the files in an archive; named for their files where there are several."""
    if len(files) > _MOST_FILES:
        raise UnreadableFile(
            f"The archive holds {len(files)} files of data; at most {_MOST_FILES} are read. "
            "Unpack it and load the folder."
        )
    found: dict[str, _Inside] = {}
    for within, path in files.items():
        name = PurePosixPath(within.replace("\\", "/"))
        try:
            layers = _layers(path, name.stem, _loadable(path, limits), limits)
        except UnreadableFile as error:
            raise UnreadableFile(str(error).replace(path.name, repr(within[:80]))) from None
        for layer in layers:
            called = name.stem if len(layers) == 1 else f"{name.stem}/{layer}"
            if len(files) == 1:
                called = layer
            found[called if called not in found else f"{within}/{layer}"] = _Inside(
                path, name.name, layer
            )
    return found


def _loadable(path: Path, limits: ReadLimits) -> FileFormat:
    format_ = sniff(path, max_bytes=limits.file_bytes)
    if format_ is FileFormat.OFDS:
        raise UnreadableFile(
            f"{path.name} is an OFDS package: it holds whole networks. Load it without "
            "--collection."
        )
    return format_


def _crs(
    name: str, format_: FileFormat, answer: dict[str, Any], asked: str | None, *, needed: bool
) -> tuple[CRS | None, bool]:
    """The CRS to use, and whether the file says so."""
    stated = _parsed(answer["crs"])
    named = parse_crs(asked) if asked else None
    if stated is not None:
        if named is not None and not named.equals(stated, ignore_axis_order=True):
            raise UnknownCrs(
                f"{name} says that it is in {crs_title(stated)}, but --crs says "
                f"{crs_title(named)}. Leave --crs out, or correct the file."
            )
        return _plain(stated), True
    if named is not None:
        return _plain(named), False
    if answer["crs_assumed"]:
        return WGS84, True
    if not needed:
        return None, False
    raise unknown_crs(name, format_)


def unknown_crs(name: str, format_: FileFormat, more: str = "") -> UnknownCrs:
    """
    The error for a file that does not say where on earth it is.

    Parameters
    ----------
    more
        What was found out about it.
    """
    lacking = "its .prj is missing or not understood" if format_ is FileFormat.SHAPEFILE else (
        "it states none that is understood"
    )
    return UnknownCrs(
        f"{name} does not say in which coordinate reference system it is ({lacking}). "
        "Ask whoever made it and name it: --crs EPSG:32736 (WGS 84 / UTM 36S), "
        "--crs EPSG:21036 (Arc 1960 / UTM 36S) or --crs EPSG:4326 (longitude, latitude). "
        f"The first two differ by some 300 m here, so do not guess.{more}"
    )


def _parsed(text: str | None) -> CRS | None:
    if not text:
        return None
    try:
        return CRS.from_user_input(text)
    except CRSError:
        return None


def _plain(crs: CRS) -> CRS:
    return WGS84 if crs.equals(WGS84, ignore_axis_order=True) else crs


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
