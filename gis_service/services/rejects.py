"""
The rows of a file that were rejected, as a file that can be corrected and loaded again.

Each row stands there as it was read, with its number and what is wrong with it
beside it; the loader passes over those columns.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd

from gis_service.errors import ExportFailed
from gis_service.formats.source import SourceFrame
from gis_service.model.reports import REASONS, RowFault, Severity
from gis_service.model.rules import RULES

_NUMBER, _RULES, _WORDS, _REMEDIES = REASONS


def write_rejects(path: Path, source: SourceFrame, faults: Sequence[RowFault]) -> int:
    """
    Write the rejected rows as a GeoPackage, in the CRS of the file.

    Returns
    -------
    int
        How many rows it holds; without any, no file is written.

    Raises
    ------
    ExportFailed
        It cannot be written.
    """
    errors = [fault for fault in faults if fault.severity is Severity.ERROR]
    whole = any(fault.row == 0 for fault in errors)
    rows = {fault.row for fault in errors}
    frame = source.frame if whole else source.frame[source.frame.index.isin(rows)]
    if not len(frame):
        return 0
    written = _reasons(_storable(frame), errors)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.gpkg")
    try:
        _as_spatial(written, source).to_file(
            part, driver="GPKG", layer="rejected", index=False
        )
        part.replace(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportFailed(f"{path} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    return len(written)


def _as_spatial(frame: pd.DataFrame, source: SourceFrame) -> gpd.GeoDataFrame:
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    empty = np.full(len(frame), None, dtype=object)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(empty, index=frame.index), crs=source.crs)


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


def _reasons(frame: pd.DataFrame, errors: Sequence[RowFault]) -> pd.DataFrame:
    by_row: dict[int, list[RowFault]] = {}
    for fault in errors:
        by_row.setdefault(fault.row, []).append(fault)
    for_all = by_row.get(0, [])
    each = [[*for_all, *by_row.get(int(row), [])] for row in frame.index]
    made = frame.copy()
    made[_NUMBER] = [int(row) for row in frame.index]
    made[_RULES] = [", ".join(dict.fromkeys(f.rule for f in faults)) for faults in each]
    made[_WORDS] = [" ".join(f"{f.column}: {f.message}" for f in faults) for faults in each]
    made[_REMEDIES] = [
        " ".join(dict.fromkeys(RULES[f.rule].remedy.en for f in faults)) for faults in each
    ]
    return made
