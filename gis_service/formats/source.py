"""A file as it was read: its rows, where on earth they are, and what looked odd."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from pyproj import CRS

from gis_service.formats.kinds import FileFormat
from gis_service.model.reports import RowFault


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """
    One layer of a file.

    Parameters
    ----------
    frame
        A GeoDataFrame with its geometry in the CRS of the file, or a DataFrame
        where the file has no geometry. Its index is the row's number in the
        file, from 1. Columns that held JSON hold Python objects.
    crs
        The CRS of the coordinates as they stand; None without geometry.
    crs_found
        Whether the file itself (or the standard of its format) says so;
        otherwise the user did.
    layers
        All layers of the file.
    sha256
        Of the file's bytes.
    faults
        Rows whose geometry could not be read, and what is odd about others.
    notes
        What the reader should know about the file as a whole.
    encoding
        That of the text, and how that is known; empty where the format leaves no choice.
    """

    frame: pd.DataFrame
    format: FileFormat
    crs: CRS | None
    crs_found: bool
    layer: str
    layers: tuple[str, ...]
    sha256: str
    faults: tuple[RowFault, ...] = ()
    notes: tuple[str, ...] = ()
    encoding: str = ""
