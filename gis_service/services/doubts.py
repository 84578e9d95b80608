"""Whether a file's CRS is the one that it states."""

from __future__ import annotations

from gis_service.formats.reading import unknown_crs
from gis_service.formats.source_rows import SourceRows
from gis_service.model.reports import RowFault, Severity
from gis_service.validation.whereabouts import (
    MOST_LOOKED_AT,
    Surroundings,
    is_plausible,
    places_of,
    whereabouts,
)


def crs_doubts(name: str, source: SourceRows, around: Surroundings) -> tuple[RowFault, ...]:
    """
    A warning of the file as a whole when its CRS is probably another one.

    Raises
    ------
    UnknownCrs
        None is stated; the error tells which ones would fit.
    """
    if not source.shaped:
        return ()
    places = places_of(source.some_shapes(MOST_LOOKED_AT))
    stated_by = "the file" if source.crs_found else "--crs"
    if source.crs is None:
        found = whereabouts(places, None, around, stated_by="")
        raise unknown_crs(name, source.format, f" {found.verdict}")
    if not len(places) or is_plausible(places, source.crs, around):
        return ()
    found = whereabouts(places, source.crs, around, stated_by=stated_by)
    if found.plausible:
        return ()
    return (
        RowFault(0, "geometry", "implausible-crs", found.crs, found.verdict, Severity.WARNING),
    )
