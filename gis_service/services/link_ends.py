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
from gis_service.formats.source_rows import SourceRows
from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.store.node_places import node_places
from gis_service.validation.columns import plan_columns
from gis_service.validation.snapping import SIDES, Joined, LinkEnds, NodePlaces, join_ends, told
from gis_service.validation.splitting import split_parts
from gis_service.validation.texts import as_texts
from gis_service.validation.topology import Flags, Floats, ends_of

LINKS, NODES = "fibre_links", "network_nodes"
_LINE = 1
END_FIELDS = tuple(f"{side}_node" for side in SIDES)
_NO_NAMES = (np.empty(0, dtype=object), np.empty(0, dtype=object))
_NO_PLACES = (np.empty((0, 2)), np.empty((0, 2)))


@dataclass(frozen=True, slots=True)
class JoinedPart:
    """
    Rows of a file whose links were joined to nodes, and what is to be told of them.

    Parameters
    ----------
    lineless
        Rows without a line, for whose ends no nodes could be found.
    """

    frame: pd.DataFrame
    faults: tuple[RowFault, ...] = ()
    lineless: frozenset[int] = frozenset()

    def without_consequences(self, faults: Sequence[RowFault]) -> Sequence[RowFault]:
        """What else is wrong with the rows: where there is no line, that it has no ends is none."""
        return [
            each for each in faults
            if each.rule != "required" or each.row not in self.lineless
            or each.column not in END_FIELDS
        ]


class LinkJoiner:
    """
    Gives the ends of a file's links their nodes, part by part; other things stay as they are.

    Parameters
    ----------
    connection
        Read at once, and not kept.
    snap_m
        Metres within which an end belongs to a node; 0 leaves ends where they
        are and tells the gaps.
    split
        Make a row of each part of a line first, whose ends are its own.
    create
        Make nodes where ends have none: all ends of the file are then in memory, with some
        200 bytes of each link.

    Raises
    ------
    InvalidInput
        `create` is asked of what are no links.
    """

    def __init__(
        self,
        connection: Connection,
        collection: Collection,
        network: UUID | None,
        source: SourceRows,
        *,
        mapping: Mapping[str, str],
        constants: Mapping[str, str],
        snap_m: float,
        create: bool,
        split: bool = False,
    ) -> None:
        self.columns = source.columns
        self.made: Mapping[str, tuple[float, float]] = {}
        self._moved = self._found = 0
        self._snap_m = snap_m
        self._nodes: NodePlaces | None = None
        self._joined: Joined | None = None
        self._begin = 0
        self._last = source.last_row if split else None
        self._collection = collection
        if collection.id != LINKS:
            if create:
                raise InvalidInput(
                    f"--create-nodes makes nodes for links; {collection.title.en.lower()} are none."
                )
            return
        if network is None or source.crs is None:
            return
        plan = plan_columns(self.columns, collection, mapping=mapping, constants=constants)
        sources = [plan.sources.get(field) for field in END_FIELDS]
        if any(f in plan.constants for f in END_FIELDS) or any(s and s.path for s in sources):
            return
        self._ends = [
            field if source is None else source.column
            for field, source in zip(END_FIELDS, sources, strict=True)
        ]
        self._key = plan.sources.get(collection.key)
        self._placed = Transformer.from_crs(source.crs, WGS84, always_xy=True)
        self._back = Transformer.from_crs(WGS84, source.crs, always_xy=True)
        self._nodes = node_places(connection, network)
        if create:
            self._joined = self._whole(source)
            self.made = self._joined.made
        for side, column in enumerate(self._ends):
            if column not in self.columns and self._any_found(source, side):
                self.columns = [*self.columns, column]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of the parts that were joined."""
        return told(self._moved, self._found, len(self.made), snap_m=self._snap_m)

    def close(self) -> None:
        """Let go of the nodes, when all parts were joined."""
        self._nodes = self._joined = None

    def join(self, frame: pd.DataFrame) -> JoinedPart:
        """The next rows with the nodes at their ends."""
        if self._nodes is None or not isinstance(frame, gpd.GeoDataFrame):
            return JoinedPart(frame)
        frame, said = self._split(frame, self._last)
        if self._last is not None:
            self._last = max(self._last, int(frame.index.max()))
        ends = self._ends_of(frame)
        if self._joined is None:
            joined = join_ends(ends, self._nodes, snap_m=self._snap_m, create=False)
            self._moved += joined.moved
            self._found += joined.found
        else:
            joined = _part(self._joined, self._begin, len(frame))
            self._begin += len(frame)
        changed = frame.copy()
        for side, column in enumerate(self._ends):
            found = (joined.names[side] != ends.names[side]).nonzero()[0]
            if len(found) or (column in self.columns and column not in frame):
                changed[column] = _filled(frame, column, joined.names[side], found)
        changed[frame.geometry.name] = gpd.GeoSeries(
            _snapped(frame.geometry.to_numpy(), joined, self._back),
            index=frame.index, crs=frame.crs,
        )
        lineless = shapely.get_type_id(frame.geometry.to_numpy()) != _LINE
        return JoinedPart(
            changed, (*said, *joined.faults), frozenset(frame.index[lineless].tolist())
        )

    def _split(
        self, frame: gpd.GeoDataFrame, last: int | None
    ) -> tuple[gpd.GeoDataFrame, tuple[RowFault, ...]]:
        """A row for each part of a line, where that is asked."""
        if last is None:
            return frame, ()
        parts, said = split_parts(frame, self._collection, self._key, last=last)
        return gpd.GeoDataFrame(parts), said

    def _ends_of(self, frame: gpd.GeoDataFrame) -> LinkEnds:
        lines = frame.geometry.to_numpy().copy()
        lines[shapely.get_type_id(lines) != _LINE] = None
        first, last = ends_of(lines)
        return LinkEnds(
            frame.index.to_numpy(),
            (_names(frame, self._ends[0]), _names(frame, self._ends[1])),
            (_moved(first, self._placed), _moved(last, self._placed)),
        )

    def _whole(self, source: SourceRows) -> Joined:
        """What becomes of all ends, where nodes are to be made for those that meet."""
        if self._nodes is None:
            raise AssertionError("only what has nodes is joined")
        parts = [
            self._ends_of(self._split(each.frame, self._last)[0]) for each in source.parts()
            if isinstance(each.frame, gpd.GeoDataFrame)
        ]
        if not parts:
            return Joined(_NO_NAMES, _NO_PLACES, ())
        rows = np.concatenate([each.rows for each in parts])
        names = [np.concatenate([each.names[side] for each in parts]) for side in (0, 1)]
        lonlat = [np.concatenate([each.lonlat[side] for each in parts]) for side in (0, 1)]
        whole = LinkEnds(rows, (names[0], names[1]), (lonlat[0], lonlat[1]))
        joined = join_ends(whole, self._nodes, snap_m=self._snap_m, create=True)
        self._moved, self._found = joined.moved, joined.found
        return joined

    def _any_found(self, source: SourceRows, side: int) -> bool:
        """Whether some end gets a node by its place; a file may name none at all."""
        if self._nodes is None:
            raise AssertionError("only what has nodes is joined")
        if self._joined is not None:
            return any(name is not None for name in self._joined.names[side])
        for part in source.parts():
            if isinstance(part.frame, gpd.GeoDataFrame):
                ends = self._ends_of(self._split(part.frame, self._last)[0])
                joined = join_ends(ends, self._nodes, snap_m=self._snap_m, create=False)
                if (joined.names[side] != ends.names[side]).any():
                    return True
        return False


def _part(joined: Joined, begin: int, count: int) -> Joined:
    """What became of some ends; faults of all are told with the first."""
    some = slice(begin, begin + count)
    return replace(
        joined,
        names=(joined.names[0][some], joined.names[1][some]),
        lonlat=(joined.lonlat[0][some], joined.lonlat[1][some]),
        faults=() if begin else joined.faults,
    )


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
        return pd.Series(arrow_texts(names.tolist()), index=frame.index)
    filled = frame[column].astype(object).copy()
    filled.iloc[found] = names[found]
    return filled


def arrow_texts(texts: Sequence[str | None]) -> Any:
    """Texts as a column of a frame."""
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())]))
