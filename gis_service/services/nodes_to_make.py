"""Nodes that a load of links makes where they end."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gis_service.crs import WGS84
from gis_service.model.collections import REGISTRY
from gis_service.services.link_ends import END_FIELDS, NODES, arrow_texts
from gis_service.store.staging import StagedRows, lock_for_load
from gis_service.validation.drawn import Ints


class NodesToMake:
    """
    Nodes that links which are loaded end at, gathered part by part.

    They have the status of the first link that ends there, and a plain name.
    """

    def __init__(self, made: Mapping[str, tuple[float, float]]) -> None:
        self._made = made
        self._parts: list[pd.DataFrame] = []

    def add(self, links: pd.DataFrame) -> None:
        """Take note of links."""
        if self._made:
            names = [name for name in (*END_FIELDS, "status") if name in links]
            self._parts.append(pd.DataFrame(links[names]))

    def _wanted(self, without: Ints) -> dict[str, str]:
        """The status of each."""
        wanted: dict[str, str] = {}
        for field in END_FIELDS:
            for part in self._parts:
                links = part[~part.index.isin(without)]
                statuses = links["status"] if "status" in links else ["planned"] * len(links)
                for key, status in zip(links.get(field, ()), statuses, strict=False):
                    if key in self._made:
                        wanted.setdefault(str(key), str(status))
        return wanted

    def make(self, connection: Connection, network: UUID, *, without: Ints) -> int:
        """
        Store them; how many were made.

        Parameters
        ----------
        without
            Numbers of links that are not loaded after all.
        """
        wanted = self._wanted(without)
        if not wanted:
            return 0
        lonlat = np.array([self._made[key] for key in wanted])
        frame = gpd.GeoDataFrame(
            {
                "external_id": arrow_texts(list(wanted)),
                "name": arrow_texts(["Junction"] * len(wanted)),
                "status": arrow_texts(list(wanted.values())),
            },
            index=pd.RangeIndex(1, len(wanted) + 1, name="row"),
            geometry=shapely.points(lonlat),
            crs=WGS84,
        ).rename_geometry("geom")
        collection = REGISTRY[NODES]
        lock_for_load(connection, collection, network)
        staged = StagedRows(
            connection, collection, frame.columns, network=network, beside=True
        )
        staged.copy(frame)
        staged.analyze()
        outcome = staged.upsert()
        staged.close()
        return outcome.inserted
