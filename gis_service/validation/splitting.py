"""Rows of several parts made rows of one part each."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_service.errors import InvalidInput
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.reports import RowFault, Severity
from gis_service.validation.columns import Source

_SEVERAL = {GeometryType.POINT: 4, GeometryType.LINE_STRING: 5}


def split_parts(
    frame: pd.DataFrame, collection: Collection, key: Source | None, *, last: int
) -> tuple[pd.DataFrame, tuple[RowFault, ...]]:
    """
    A row for each part of a point or line of several parts.

    The first part keeps the row's number; the others are numbered behind the
    last row of the file. Their identifiers are `X-1`, `X-2` and so on.

    Parameters
    ----------
    key
        The column of the identifiers; None when they are made later.
    last
        The highest number that a row of the file has by now.

    Returns
    -------
    tuple
        The rows, and a warning for each that was split.

    Raises
    ------
    InvalidInput
        The identifiers stand inside of objects, where they cannot be changed.
    """
    kind = _SEVERAL.get(collection.geometry) if collection.geometry else None
    if kind is None or not isinstance(frame, gpd.GeoDataFrame):
        return frame, ()
    shapes = frame.geometry.to_numpy()
    counts = np.where(shapely.get_type_id(shapes) == kind, shapely.get_num_geometries(shapes), 1)
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return frame, ()
    if key is not None and key.path:
        raise InvalidInput(f"--multi split needs the identifiers in a column; {key.name} is part "
                           "of one.")
    return _split(frame, counts, several, key.column if key else None, last)


def _split(
    frame: gpd.GeoDataFrame,
    counts: np.ndarray[Any, Any],
    several: np.ndarray[Any, Any],
    key: str | None,
    last: int,
) -> tuple[pd.DataFrame, tuple[RowFault, ...]]:
    added = np.repeat(several, counts[several] - 1)
    order = np.concatenate([np.arange(len(frame)), added])
    numbers = np.concatenate([frame.index.to_numpy(), last + 1 + np.arange(len(added))])
    part = np.concatenate([np.zeros(len(frame), dtype=int),
                           *(np.arange(1, counts[position]) for position in several)])
    shapes = frame.geometry.to_numpy()[order]
    touched = counts[order] > 1
    shapes[touched] = shapely.get_geometry(shapes[touched], part[touched])
    split = frame.iloc[order].set_axis(pd.Index(numbers, name=frame.index.name), axis=0)
    split = split.set_geometry(gpd.GeoSeries(shapes, index=split.index, crs=frame.crs))
    if key is not None:
        texts = [None if pd.isna(value) else str(value) for value in split[key].tolist()]
        split[key] = pd.Series(
            [f"{text}-{n + 1}" if text is not None and much else text
             for text, n, much in zip(texts, part, touched, strict=True)],
            index=split.index, dtype=object,
        )  # fmt: skip
    faults = tuple(
        RowFault(
            int(frame.index[position]), "geometry", "parts-split", "",
            f"Its {counts[position]:,} parts became rows of their own: this one"
            f"{_behind(numbers[len(frame):][added == position])}.",
            Severity.WARNING,
        )
        for position in several.tolist()
    )
    return split, faults


def _behind(numbers: np.ndarray[Any, Any]) -> str:
    first, last = int(numbers[0]), int(numbers[-1])
    return f" and {first:,}" if first == last else f", and {first:,} to {last:,}"
