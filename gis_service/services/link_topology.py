"""What is odd about the links of a file, beside each other and in their network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from sqlalchemy import Connection

from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.services.link_ends import LINKS
from gis_service.store.dig_safe import IN_THE_AIR
from gis_service.store.network_parts import links_within, network_parts
from gis_service.store.staging import GONE
from gis_service.validation.link_checks import check_links
from gis_service.validation.link_crossings import check_crossings
from gis_service.validation.network_parts import check_reach
from gis_service.validation.snapping import SIDES
from gis_service.validation.texts import arrow
from gis_service.validation.topology import Flags, Ints


@dataclass(frozen=True, slots=True)
class LinkFindings:
    """Warnings of rows, never errors, and what is to be told of the file as a whole."""

    faults: Sequence[RowFault] = ()
    notes: Sequence[str] = ()


def topology_check(
    connection: Connection, collection: Collection, network: UUID | None, links: pd.DataFrame
) -> Callable[[], LinkFindings]:
    """
    How to look at the links of a file that are about to be stored; not at other things.

    What is stored is read at once. The look itself needs no connection, so it may
    go on in a thread of its own while the rows are copied and written.

    Those that are decommissioned neither cross others nor join anything; radio
    crosses what it likes.

    Parameters
    ----------
    links
        Rows that passed validation, with their nodes' names in `start_node`
        and `end_node`; the nodes that are made for them are stored already.
    """
    columns = [f"{side}_node" for side in SIDES]
    if collection.id != LINKS or network is None or not isinstance(links, gpd.GeoDataFrame):
        return LinkFindings
    if not len(links) or not all(column in links for column in columns):
        return LinkFindings
    rows, lines = links.index.to_numpy(), links.geometry.to_numpy()
    parts = network_parts(connection, network)
    names, named = _coded(links, columns)
    place = parts.nodes_named(named)
    start, end = (place[each] for each in names)
    beside = parts.links_beside(links[collection.key].tolist())
    live = np.ones(len(links), dtype=bool)
    if "status" in links:
        live = (links["status"] != GONE).fillna(True).to_numpy(dtype=bool)
    west, south, east, north = shapely.total_bounds(lines[live]).tolist()
    near = beside.tolist() if live.any() else []
    known = links_within(connection, parts, near, (west, south, east, north))
    wired = live & ~_by_radio(links)

    def look() -> LinkFindings:
        faults = check_links(rows, lines, *names)
        crossing, notes = check_crossings(
            rows[wired], lines[wired], start[wired], end[wired], known
        )
        unfed, told = check_reach(rows[live], start[live], end[live], parts, beside)
        return LinkFindings([*faults, *crossing, *unfed], [*notes, *told])

    return look


def _coded(links: pd.DataFrame, columns: Sequence[str]) -> tuple[list[Ints], list[str]]:
    """Per column the number of the name in each row, and the names: each once, however often."""
    texts = [_texts(links[column]) for column in columns]
    coded = pa.concat_arrays(texts).dictionary_encode(null_encoding="encode")
    numbers = coded.indices.to_numpy().astype(np.int64)
    return np.split(numbers, len(columns)), [str(name) for name in coded.dictionary.to_pylist()]


def _texts(series: pd.Series[Any]) -> pa.Array:
    array = arrow(series)
    return pa.array(series.tolist(), pa.string()) if array is None else array.cast(pa.string())


def _by_radio(links: pd.DataFrame) -> Flags:
    if "medium" not in links:
        return np.zeros(len(links), dtype=bool)
    media = arrow(links["medium"])
    listed = links["medium"].tolist() if media is None else media.to_pylist()
    return np.array([each == [IN_THE_AIR] for each in listed], dtype=bool)
