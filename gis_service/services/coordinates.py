"""Whether coordinates in another CRS are right before anybody is told them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from gis_service.crs import from_degrees
from gis_service.errors import ConfigurationError, InvalidInput
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.services.load_networks import network_extent
from gis_service.store.database import Database
from gis_service.store.transforming import network_extents, transformed
from gis_service.validation.geometry import KENYA

TOLERANCE_M = 0.01
_METRES_OF_A_DEGREE = 111_320
_STEPS = 4


def check_crs(database: Database, served: Iterable[ServedCrs]) -> None:
    """
    Compare PostGIS with PROJ at the networks' extents, or at Kenya's while there is none.

    Raises
    ------
    ConfigurationError
        PostGIS does not know a CRS, or puts points more than a centimetre apart.
    """
    with database.begin() as connection:
        boxes = []
        for stored in network_extents(connection):
            with suppress(InvalidInput):  # loading says what is wrong with it
                boxes.append(network_extent("", stored))
        points = [
            (float(lon), float(lat))
            for west, south, east, north in boxes or [KENYA]
            for lon in np.linspace(west, east, _STEPS)
            for lat in np.linspace(south, north, _STEPS)
        ]
        for crs in served:
            if crs.srid == CRS84.srid:
                continue
            found = transformed(connection, points, crs.srid)
            if found is None:
                raise ConfigurationError(
                    f"PostGIS cannot transform to EPSG:{crs.srid} where the networks lie. "
                    "Take it out of GIS_METRIC_CRS and GIS_EXTRA_CRS, or bring PostGIS's "
                    "spatial_ref_sys up to date."
                )
            expected = from_degrees(crs.srid, points)
            apart = float(np.abs(np.array(found) - np.array(expected)).max())
            if crs.is_degrees:
                apart *= _METRES_OF_A_DEGREE
            if not apart <= TOLERANCE_M:
                raise ConfigurationError(
                    f"PostGIS and PROJ put points of EPSG:{crs.srid} {apart:.3g} m apart where "
                    "the networks lie. Take it out of GIS_METRIC_CRS and GIS_EXTRA_CRS, or use "
                    "a PostGIS whose PROJ knows the same datum shifts."
                )
