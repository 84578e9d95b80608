"""What is odd about the links of a file, beside each other and in their network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.services.link_ends import LINKS
from gis_service.store.dig_safe import IN_THE_AIR
from gis_service.store.network_parts import links_within, network_parts
from gis_service.store.staging import GONE, StagedRows
from gis_service.validation.drawn import Counts, Drawn, Some, some_of
from gis_service.validation.key_index import Hashes, hashes
from gis_service.validation.link_checks import check_links
from gis_service.validation.link_crossings import check_crossings
from gis_service.validation.network_parts import check_reach
from gis_service.validation.snapping import SIDES
from gis_service.validation.texts import arrow
from gis_service.validation.topology import Flags, Ints

_COLUMNS = tuple(f"{side}_node" for side in SIDES)


@dataclass(frozen=True, slots=True)
class LinkFindings:
    """Warnings of rows, never errors, and what is to be told of the file as a whole."""

    faults: Sequence[RowFault] = ()
    notes: Sequence[str] = ()


class LinkTopology:
    """
    The links of a file that are about to be stored; other things are not looked at.

    They are gathered part by part, and looked at as a whole: 22 bytes of each are kept
    beside its line. Those that are decommissioned neither cross others nor join anything;
    radio crosses what it likes.
    """

    def __init__(self, collection: Collection, network: UUID | None) -> None:
        self._looked_at = collection.id == LINKS and network is not None
        self._network = network
        self._parts: list[_Links] = []

    def add(self, links: pd.DataFrame) -> None:
        """
        Take note of links.

        Parameters
        ----------
        links
            Rows that passed validation, with their nodes' names in `start_node` and `end_node`.
        """
        if not self._looked_at or not isinstance(links, gpd.GeoDataFrame):
            return
        if not all(column in links for column in _COLUMNS):
            return
        live = np.ones(len(links), dtype=bool)
        if "status" in links:
            live = (links["status"] != GONE).fillna(True).to_numpy(dtype=bool)
        start, end = (hashes(_texts(links[column])) for column in _COLUMNS)
        rows = links.index.to_numpy().astype(np.int32)
        self._parts.append(_Links(rows, start, end, live, live & ~_by_radio(links)))

    def check(
        self, connection: Connection, staged: StagedRows, drawn: Drawn, *, without: Ints
    ) -> Callable[[], LinkFindings]:
        """
        How to look at the links.

        What is stored is read at once. The look itself needs no connection, so it may
        go on in a thread of its own while the rows are written.

        Parameters
        ----------
        staged
            The rows; the nodes that are made for them are stored already.
        drawn
            The lines of all rows, in the order in which they were added.
        without
            Numbers of rows that are at fault after all.
        """
        network = self._network
        if network is None or not any(len(part.rows) for part in self._parts):
            return LinkFindings
        columns: Any = zip(*self._parts, strict=True)
        links = _Links(*map(np.concatenate, columns))
        self._parts.clear()
        if len(without):
            kept = np.flatnonzero(~np.isin(links.rows, without))
            links, drawn = links.some(kept), Some(drawn, kept)
        rows, live, wired = links.rows, links.live, links.wired
        parts = network_parts(connection, network, staged.lacks)
        start, end = parts.nodes_named(links.start), parts.nodes_named(links.end)
        bounds = drawn.bounds[live]
        west, south = np.nanmin(bounds[:, :2], axis=0, initial=np.inf).tolist()
        east, north = np.nanmax(bounds[:, 2:], axis=0, initial=-np.inf).tolist()
        box = (west, south, east, north) if live.any() else (0.0, 0.0, 0.0, 0.0)
        known = links_within(connection, network, staged.lacks, box)

        def look() -> LinkFindings:
            faults = check_links(rows, drawn, links.start, links.end)
            crossing, notes = check_crossings(
                rows[wired], some_of(drawn, wired), start[wired], end[wired], known
            )
            unfed, told = check_reach(rows[live], start[live], end[live], parts)
            return LinkFindings([*faults, *crossing, *unfed], [*notes, *told])

        return look


class _Links(NamedTuple):
    """Rows by number: hashes of the names of their nodes, whether they are in use, and cables."""

    rows: Counts
    start: Hashes
    end: Hashes
    live: Flags
    wired: Flags

    def some(self, kept: Ints) -> _Links:
        return _Links(
            self.rows[kept], self.start[kept], self.end[kept], self.live[kept], self.wired[kept]
        )


def _texts(series: pd.Series[Any]) -> pa.Array:
    array = arrow(series)
    return pa.array(series.tolist(), pa.string()) if array is None else array.cast(pa.string())


def _by_radio(links: pd.DataFrame) -> Flags:
    if "medium" not in links:
        return np.zeros(len(links), dtype=bool)
    media = arrow(links["medium"])
    listed = links["medium"].tolist() if media is None else media.to_pylist()
    return np.array([each == [IN_THE_AIR] for each in listed], dtype=bool)
