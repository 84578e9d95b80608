"""Validation of a file: every row at fault and why, and the rows that may be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.validation.codes import STRICT, CodeReading
from gis_service.validation.drawn import Held
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.keys import candidates, lacking_key
from gis_service.validation.part_checks import Asked, Checks, shapes_in
from gis_service.validation.whereabouts import Surroundings


@dataclass(frozen=True, slots=True)
class Validated:
    """
    The rows of a file that may be loaded, and what is wrong with the others.

    Parameters
    ----------
    frame
        The good rows, indexed by row number: the key, a column per loaded
        field (Arrow types; references as the text that names them), `extra`
        as JSON text, `geom` in EPSG:4326.
    read
        Rows of the file, good or not.
    lacking
        What an item must have and the file has no column for: such a file can
        change items, not add them.
    unmapped
        Columns that are no field; kept in `extra`.
    """

    frame: pd.DataFrame
    read: int
    faults: tuple[RowFault, ...]
    lacking: tuple[str, ...]
    unmapped: tuple[str, ...]
    notes: tuple[str, ...]


def validate(
    frame: pd.DataFrame,
    collection: Collection,
    *,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    known_faults: tuple[RowFault, ...] = (),
    extent: Extent = KENYA,
    max_vertices: int = 50_000,
    make_ids: bool = False,
    split: bool = False,
    reading: CodeReading = STRICT,
    around: Surroundings | None = None,
) -> Validated:
    """
    Check every row of a file that is in memory against the registry.

    Parameters
    ----------
    frame
        As `formats.reading.read_file` gives it: indexed by row number, with
        its CRS when it has geometry.
    known_faults
        What the reader found already.
    mapping, constants, extent, max_vertices, make_ids, split, reading, around
        As in `Asked`.

    Raises
    ------
    InvalidInput
        The file as a whole does not fit: no identifiers, a mapping that names
        what is not there.
    """
    shapes = shapes_in(frame)
    names = [str(c) for c in frame.columns if shapes is None or c != shapes.name]
    checks = Checks(
        names, collection,
        Asked(mapping, constants, extent, max_vertices, make_ids, split, reading, around),
        shaped=shapes is not None, last_row=int(frame.index.max()) if split and len(frame) else 0,
    )
    if checks.lacks_key:
        raise lacking_key(candidates(((n, [frame[n]]) for n in names), collection.key), collection)
    part = checks.part(frame, known_faults)
    good = part.frame
    ended = checks.finish(
        Held(
            good.geometry.to_numpy() if isinstance(good, gpd.GeoDataFrame)
            else np.empty(0, dtype=object)
        )
    )
    if ended.crashed:
        good = good.iloc[[]]
    elif len(ended.rejected):
        good = good[~good.index.isin(ended.rejected)]
    return Validated(
        frame=good,
        read=part.read,
        faults=tuple(sorted((*part.faults, *ended.faults), key=lambda fault: fault.row)),
        lacking=checks.lacking,
        unmapped=checks.unmapped,
        notes=checks.notes,
    )
