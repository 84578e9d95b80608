"""
The rows of a file that were rejected, as a file that can be corrected and loaded again.

Each row stands there as it was read, with its number and what is wrong with it
beside it; the loader passes over those columns.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
from pyproj import CRS

from gis_service.errors import ExportFailed
from gis_service.formats.source_rows import SourceRows
from gis_service.model.reports import REASONS, RowFault, Severity
from gis_service.model.rules import RULES

_AT_ONCE = 20_000
"""Rows that are written together."""
_NUMBER, _RULES, _WORDS, _REMEDIES = REASONS


def write_rejects(path: Path, source: SourceRows, faults: Sequence[RowFault]) -> int:
    """
    Write the rejected rows as a GeoPackage, in the CRS of the file, part by part.

    Returns
    -------
    int
        How many rows it holds; without any, no file is written.

    Raises
    ------
    ExportFailed
        It cannot be written.
    """
    for_all = [f for f in itertools.takewhile(lambda f: f.row == 0, faults) if _rejects(f)]
    errors = filter(_rejects, faults)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.gpkg")
    written = 0
    held: list[pd.DataFrame] = []
    by_row: dict[int, list[RowFault]] = {}
    pending = next(errors, None)
    try:
        for each in source.parts():
            last = int(each.frame.index.max())
            while pending is not None and pending.row <= last:
                if pending.row:
                    by_row.setdefault(pending.row, []).append(pending)
                pending = next(errors, None)
            rows = each.frame if for_all else each.frame[each.frame.index.isin(list(by_row))]
            if len(rows):
                held.append(rows)
            if sum(map(len, held)) >= _AT_ONCE:
                written += _write(part, held, source.crs, for_all, by_row, more=bool(written))
                held, by_row = [], {}
        if held:
            written += _write(part, held, source.crs, for_all, by_row, more=bool(written))
        if written:
            part.replace(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportFailed(f"{path} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    return written


def _write(
    path: Path,
    held: Sequence[pd.DataFrame],
    crs: CRS | None,
    for_all: Sequence[RowFault],
    by_row: Mapping[int, Sequence[RowFault]],
    *,
    more: bool,
) -> int:
    """Write rows that are at fault, behind those that are there; how many they are."""
    made = _reasons(_storable(pd.concat(held)), for_all, by_row)
    _as_spatial(made, crs).to_file(
        path, driver="GPKG", layer="rejected", index=False, mode="a" if more else "w"
    )
    return len(made)


def _rejects(fault: RowFault) -> bool:
    return fault.severity is Severity.ERROR


def _as_spatial(frame: pd.DataFrame, crs: CRS | None) -> gpd.GeoDataFrame:
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    empty = np.full(len(frame), None, dtype=object)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(empty, index=frame.index), crs=crs)


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose columns a GeoPackage can hold: objects become JSON text."""
    made = frame.copy()
    shape = made.geometry.name if isinstance(made, gpd.GeoDataFrame) else None
    for name in made.columns:
        if name == shape:
            continue
        if made[name].dtype == object:
            made[name] = [None if v is None else _dumped(v) for v in made[name]]
        elif isinstance(made[name].dtype, pd.ArrowDtype):
            values = made[name].astype(object)
            made[name] = values.where(values.notna(), None)
    taken = {str(n).lower() for n in made.columns}
    renamed = {n: f"{n}_" for n in made.columns if str(n).lower() in {"fid", "geom"} and n != shape}
    made = made.rename(columns={o: n for o, n in renamed.items() if n.lower() not in taken})
    return made.drop(columns=[name for name in REASONS if name in made.columns])


def _dumped(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _reasons(
    frame: pd.DataFrame, for_all: Sequence[RowFault], by_row: Mapping[int, Sequence[RowFault]]
) -> pd.DataFrame:
    each = [[*for_all, *by_row.get(int(row), [])] for row in frame.index]
    made = frame.copy()
    made[_NUMBER] = [int(row) for row in frame.index]
    made[_RULES] = [", ".join(dict.fromkeys(f.rule for f in faults)) for faults in each]
    made[_WORDS] = [" ".join(f"{f.column}: {f.message}" for f in faults) for faults in each]
    made[_REMEDIES] = [
        " ".join(dict.fromkeys(RULES[f.rule].remedy.en for f in faults)) for faults in each
    ]
    return made
