"""Links of a file and the nodes at their ends, while the file is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import Transformer
from sqlalchemy import Connection

from gis_service.crs import WGS84
from gis_service.errors import InvalidInput
from gis_service.formats.source import SourceFrame
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.store.node_places import node_places
from gis_service.store.staging import StagedRows, lock_for_load
from gis_service.validation.columns import plan_columns
from gis_service.validation.snapping import SIDES, Joined, LinkEnds, join_ends
from gis_service.validation.splitting import split_parts
from gis_service.validation.texts import as_texts
from gis_service.validation.topology import Flags, Floats, ends_of

LINKS, NODES = "fibre_links", "network_nodes"
_LINE = 1


@dataclass(frozen=True, slots=True)
class JoinedSource:
    """
    A file whose links were joined to nodes, and what is to be told of it.

    Parameters
    ----------
    lineless
        Rows without a line, for whose ends no nodes could be found.
    """

    source: SourceFrame
    faults: tuple[RowFault, ...] = ()
    notes: tuple[str, ...] = ()
    made: Mapping[str, tuple[float, float]] | None = None
    lineless: frozenset[int] = frozenset()

    def without_consequences(self, faults: Sequence[RowFault]) -> tuple[RowFault, ...]:
        """What else is wrong with the rows: where there is no line, that it has no ends is none."""
        ends = {f"{side}_node" for side in SIDES}
        return tuple(
            each for each in faults
            if each.rule != "required" or each.row not in self.lineless or each.column not in ends
        )


def join_links(
    connection: Connection,
    collection: Collection,
    network: UUID | None,
    source: SourceFrame,
    *,
    mapping: Mapping[str, str],
    constants: Mapping[str, str],
    snap_m: float,
    create: bool,
    split: bool = False,
) -> JoinedSource:
    """
    Give the ends of a file's links their nodes; files of other things stay as they are.

    Parameters
    ----------
    snap_m
        Metres within which an end belongs to a node; 0 leaves ends where they
        are and tells the gaps.
    create
        Make nodes where ends have none.
    split
        Make a row of each part of a line first, whose ends are its own.

    Raises
    ------
    InvalidInput
        `create` is asked of what are no links.
    """
    frame = source.frame
    if collection.id != LINKS:
        if create:
            raise InvalidInput(
                f"--create-nodes makes nodes for links; {collection.title.en.lower()} are none."
            )
        return JoinedSource(source)
    if network is None or source.crs is None or not isinstance(frame, gpd.GeoDataFrame):
        return JoinedSource(source)
    plan = plan_columns(
        [str(c) for c in frame.columns if c != frame.geometry.name], collection,
        mapping=mapping, constants=constants,
    )
    fields = [f"{side}_node" for side in SIDES]
    if any(f in plan.constants or (f in plan.sources and plan.sources[f].path) for f in fields):
        return JoinedSource(source)
    said: tuple[RowFault, ...] = ()
    if split:
        parts, said = split_parts(frame, collection, plan.sources.get(collection.key))
        frame = gpd.GeoDataFrame(parts)
    columns = [plan.sources[f].column if f in plan.sources else f for f in fields]
    shapes = frame.geometry.to_numpy()
    lines = shapes.copy()
    lineless = shapely.get_type_id(shapes) != _LINE
    lines[lineless] = None
    first, last = ends_of(lines)
    placed = Transformer.from_crs(source.crs, WGS84, always_xy=True)
    ends = LinkEnds(
        frame.index.to_numpy(),
        (_names(frame, columns[0]), _names(frame, columns[1])),
        (_moved(first, placed), _moved(last, placed)),
    )
    joined = join_ends(ends, node_places(connection, network), snap_m=snap_m, create=create)
    changed = frame.copy()
    for side, column in enumerate(columns):
        found = (joined.names[side] != ends.names[side]).nonzero()[0]
        if len(found):
            changed[column] = _filled(frame, column, joined.names[side], found)
    back = Transformer.from_crs(WGS84, source.crs, always_xy=True)
    changed[frame.geometry.name] = gpd.GeoSeries(
        _snapped(shapes, joined, back), index=frame.index, crs=frame.crs
    )
    return JoinedSource(
        replace(source, frame=changed), (*said, *joined.faults), joined.notes, joined.made,
        frozenset(frame.index[lineless].tolist()),
    )


def make_nodes(
    connection: Connection, network: UUID, links: pd.DataFrame, joined: JoinedSource
) -> int:
    """
    Make the nodes that links which are loaded end at; how many were made.

    They have the status of the first link that ends there, and a plain name.
    """
    made = joined.made or {}
    wanted: dict[str, str] = {}
    statuses = links["status"] if "status" in links else pd.Series("planned", index=links.index)
    for side in SIDES:
        for key, status in zip(links.get(f"{side}_node", ()), statuses, strict=False):
            if key in made:
                wanted.setdefault(str(key), str(status))
    if not wanted:
        return 0
    lonlat = np.array([made[key] for key in wanted])
    frame = gpd.GeoDataFrame(
        {
            "external_id": _arrow(list(wanted)),
            "name": _arrow(["Junction"] * len(wanted)),
            "status": _arrow(list(wanted.values())),
        },
        index=pd.RangeIndex(1, len(wanted) + 1, name="row"),
        geometry=shapely.points(lonlat),
        crs=WGS84,
    ).rename_geometry("geom")
    collection = REGISTRY[NODES]
    lock_for_load(connection, collection, network)
    staged = StagedRows(connection, collection, frame, network=network)
    outcome = staged.upsert()
    staged.close()
    return outcome.inserted


def _names(frame: pd.DataFrame, column: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    """What a column says, None where it says nothing; objects are not understood, and stay."""
    found = np.full(len(frame), None, dtype=object)
    if column in frame:
        texts, nested = as_texts(frame[column])
        found[:] = texts.to_pylist()
        found[nested] = ""
    return found


def _moved(lonlat: Floats, into: Transformer) -> Floats:
    moved: Floats = np.column_stack(into.transform(lonlat[:, 0], lonlat[:, 1]))
    moved[~np.isfinite(moved).all(axis=1)] = np.nan
    return moved


def _snapped(
    shapes: np.ndarray[Any, np.dtype[np.object_]], joined: Joined, back: Transformer
) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Lines whose first and last vertices are where they belong; the others stay the same."""
    snapped = shapes.copy()
    moves: list[Flags] = [np.isfinite(each[:, 0]) for each in joined.lonlat]
    rows = np.flatnonzero(moves[0] | moves[1])
    if not len(rows):
        return snapped
    has_z = bool(shapely.has_z(shapes[rows]).any())
    coordinates, owner = shapely.get_coordinates(
        shapes[rows], include_z=has_z, return_index=True
    )
    at = (
        np.searchsorted(owner, np.arange(len(rows))),
        np.searchsorted(owner, np.arange(len(rows)), side="right") - 1,
    )
    for side in (0, 1):
        here = moves[side][rows]
        coordinates[at[side][here], :2] = _moved(joined.lonlat[side][rows[here]], back)
    snapped[rows] = shapely.set_coordinates(shapes[rows], coordinates)
    return snapped


def _filled(
    frame: pd.DataFrame, column: str, names: np.ndarray[Any, np.dtype[np.object_]], found: Any
) -> pd.Series[Any]:
    """A column with the names that were found; other cells as they were."""
    if column not in frame or isinstance(frame[column].dtype, pd.ArrowDtype):
        return pd.Series(_arrow(names.tolist()), index=frame.index)
    filled = frame[column].astype(object).copy()
    filled.iloc[found] = names[found]
    return filled


def _arrow(texts: list[str | None]) -> Any:
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())]))
