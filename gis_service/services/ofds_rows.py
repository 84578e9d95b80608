"""
Rows of our collections, made from the objects of one OFDS network.

Every object is kept whole beside its row. A value that breaks a rule here is
left out of the row, told as a warning, and kept with the object. An object that
cannot be a row at all (no position, an end that is not there, an identifier
used twice) is kept with the network, in its place.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj import Geod

from gis_service.crs import WGS84
from gis_service.formats.ofds_geometry import FARTHEST_LATITUDE, Place, place_of
from gis_service.formats.ofds_mapping import (
    COLLECTIONS,
    GEOMETRIES,
    collection_of,
    fields_of,
    key_of,
)
from gis_service.formats.ofds_package import Json, objects_of
from gis_service.model.fields import Collection, FieldType
from gis_service.model.ofds import OfdsVersion
from gis_service.model.reports import RowFault, Severity
from gis_service.network.joining import is_unique_everywhere
from gis_service.store.ofds import KEPT
from gis_service.validation.checking import validate
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.part_checks import GEOMETRY
from gis_service.validation.texts import objects

OFF_NODE_M = 50.0
"""A route that ends farther from its node than this is told."""
_WIDEST_DEGREES = 60.0
"""Farther than this in longitude from its middle a network has no metric CRS."""
_ROUNDS = 4
_REFERENCES = {FieldType.REFERENCE, FieldType.REFERENCES}
_NOT_STATED = "proposed"
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An object that is no row, and its position in its array."""

    array: str
    position: int
    object: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """
    What a network becomes.

    Parameters
    ----------
    frames
        Rows ready to be staged, by array; those that are empty are left out.
    read
        Objects of each array of the network.
    extent
        Box of all positions, west, south, east, north; None without any.
    """

    frames: Mapping[str, pd.DataFrame]
    read: Mapping[str, int]
    unplaced: tuple[Unplaced, ...]
    faults: tuple[RowFault, ...]
    extent: Extent | None


@dataclass(slots=True)
class _Object:
    """One object on its way to a row."""

    position: int
    key: str
    object: Json
    kept: Json
    shape: Any = None
    said: Json = field(default_factory=dict)
    values: Json = field(default_factory=dict)


class RowsMaker:
    """
    Makes the rows of one network.

    Parameters
    ----------
    known
        Identifiers of items that the network has already, by collection.
    elsewhere
        Identifiers of nodes of other networks at which spans may end.
    constants
        One value for all rows, by field (`visibility`).
    """

    def __init__(
        self,
        network: Json,
        version: OfdsVersion,
        *,
        known: Mapping[str, frozenset[str]],
        elsewhere: Container[str] = (),
        constants: Mapping[str, str],
        max_vertices: int,
    ) -> None:
        self._network = network
        self._version = version
        self._keys = {id_: set(keys) for id_, keys in known.items()}
        self._elsewhere = elsewhere
        self._constants = constants
        self._max_vertices = max_vertices
        self._faults: list[RowFault] = []
        self._unplaced: list[Unplaced] = []
        self._nodes: dict[str, Any] = {}

    def rows(self) -> Rows:
        """The rows of every array, in an order in which references come after what they name."""
        found = {array: self._objects(array) for array in COLLECTIONS}
        extent = self._placed(found)
        self._statuses(found)
        frames = {}
        for array in COLLECTIONS:
            frame = self._frame(array, found[array], extent or KENYA)
            if frame is not None:
                frames[array] = frame
        self._ends(found["spans"])
        return Rows(
            frames,
            {array: len(objects_of(self._network, array)) for array in COLLECTIONS},
            tuple(sorted(self._unplaced, key=lambda each: (each.array, each.position))),
            tuple(self._faults),
            extent,
        )

    def _objects(self, array: str) -> list[_Object]:
        """The objects that have an identifier of their own."""
        found = []
        seen: set[str] = set()
        for position, each in enumerate(objects_of(self._network, array)):
            key = key_of(each)
            if key is None:
                self._unplace(array, position, each, "required", "It has no id.")
            elif key in seen:
                self._unplace(
                    array, position, each, "duplicate-key",
                    f"An object before it has the same id {key!r}.",
                )
            else:
                seen.add(key)
                said = fields_of(array, self._version, each)
                found.append(_Object(position, key, each, each, said=said, values=dict(said)))
        return found

    def _placed(self, found: dict[str, list[_Object]]) -> Extent | None:
        """Give nodes and spans their shapes; the box of all of them."""
        boxes = []
        for array in GEOMETRIES:
            left = []
            for each in found[array]:
                place = place_of(array, each.object)
                if place.shape is None:
                    self._unplace(array, each.position, each.object, place.rule, place.message)
                    continue
                if not _in_world(place):
                    self._unplace(
                        array, each.position, each.object, "outside-world",
                        "It lies outside the world, or nearer to a pole than maps reach.",
                    )
                    continue
                if place.rule:
                    self._warn(array, each.position, GEOMETRIES[array], place.rule, place.message)
                each.kept, each.shape = place.kept, place.shape
                boxes.append(place.shape.bounds)
                left.append(each)
            found[array] = left
        if not boxes:
            return None
        whole = np.array(boxes)
        middle = float(np.median((whole[:, 0] + whole[:, 2]) / 2))
        near = (np.abs(whole[:, [0, 2]] - middle) <= _WIDEST_DEGREES).all(axis=1)
        kept = whole[near]
        return (*kept[:, :2].min(axis=0).tolist(), *kept[:, 2:].max(axis=0).tolist())

    def _statuses(self, found: dict[str, list[_Object]]) -> None:
        """A node that does not say its status has that of the spans that end at it."""
        at: dict[str, set[str]] = {}
        for span in found["spans"]:
            for end in ("start_node", "end_node"):
                at.setdefault(str(span.said[end]), set()).add(str(span.said["status"]))
        for node in found["nodes"]:
            if node.said["status"] is None and "operational" in at.get(node.key, ()):
                node.values["status"] = "operational"
                self._warn(
                    "nodes", node.position, "status", "status-not-stated",
                    "It does not say its status; a span that is operational ends there, so it "
                    "was taken as operational.",
                )

    def _frame(
        self, array: str, found: list[_Object], extent: Extent
    ) -> pd.DataFrame | None:
        """The rows of an array; what cannot be one is set aside."""
        collection = collection_of(array)
        self._resolve(array, collection, found)
        for _ in range(_ROUNDS):
            if not found:
                return None
            validated = validate(
                self._plain(collection, found), collection,
                extent=extent, max_vertices=self._max_vertices,
            )
            broken = [f for f in validated.faults if f.severity is Severity.ERROR]
            if not broken:
                break
            found = self._mended(array, collection, found, broken)
        else:  # never seen: each round takes a broken value or its row away
            for each in found:
                self._unplace(array, each.position, each.object, "rule-crashed", "It was not read.")
            return None
        self._tell_warnings(array, found, validated.faults)
        self._keys.setdefault(collection.id, set()).update(each.key for each in found)
        if array == "nodes":
            self._nodes = {each.key: each.shape for each in found}
        return self._with_kept(collection, found, validated.frame)

    def _resolve(self, array: str, collection: Collection, found: list[_Object]) -> None:
        """Take references away that name nothing; a span needs both of its ends."""
        kept = []
        for each in found:
            lost = ""
            for name, value in each.values.items():
                about = collection.by_name[name]
                if about.type not in _REFERENCES or value is None:
                    continue
                known = self._keys.get(about.references or "", set())
                wanted = value if isinstance(value, list) else [value]
                there = [one for one in wanted if _text(one) in known]
                if not there and array == "spans" and _text(value) in self._elsewhere:
                    self._warn(
                        array, each.position, name, "external-end",
                        "The node is one of another network here; the span joins the two.", value,
                    )
                    continue
                if len(there) == len(wanted):
                    continue
                missing = next(one for one in wanted if _text(one) not in known)
                if about.required:
                    lost = str(missing)
                    break
                self._warn(
                    array, each.position, name, "unknown-reference",
                    f"The network has no {about.references} with the id {str(missing)[:80]!r}.",
                    missing,
                )
                each.values[name] = there if isinstance(value, list) else None
            if array == "spans" and is_unique_everywhere(lost):
                self._unplace(
                    array, each.position, each.object, "external-end",
                    f"It ends at a node {lost[:80]!r} that is in no network here.",
                )
            elif lost or (array == "spans" and None in (
                each.values["start_node"], each.values["end_node"]
            )):
                said = f"a node {lost[:80]!r} that is not in it" if lost else "no node at one end"
                self._unplace(
                    array, each.position, each.object, "unknown-reference", f"It names {said}."
                )
            else:
                kept.append(each)
        found[:] = kept

    def _plain(self, collection: Collection, found: Sequence[_Object]) -> pd.DataFrame:
        index = pd.Index([each.position + 1 for each in found], name="row")
        columns = {collection.key: objects([each.key for each in found], index)}
        for name in found[0].values:
            columns[name] = objects([each.values[name] for each in found], index)
        for name, value in self._constants.items():
            columns[name] = objects([value] * len(found), index)
        frame: pd.DataFrame = pd.DataFrame(columns, index=index)
        if collection.geometry is None:
            return frame
        series = gpd.GeoSeries([each.shape for each in found], index=index, crs=WGS84)
        placed: pd.DataFrame = gpd.GeoDataFrame(
            frame.assign(geometry=series), geometry="geometry"
        )
        return placed

    def _mended(
        self, array: str, collection: Collection, found: list[_Object], broken: list[RowFault]
    ) -> list[_Object]:
        """Without the values at fault, or without the object where it cannot do without."""
        faults: dict[int, list[RowFault]] = {}
        for fault in broken:
            faults.setdefault(fault.row, []).append(fault)
        if 0 in faults:
            faults = {each.position + 1: faults[0] for each in found}
        left = []
        for each in found:
            for fault in faults.get(each.position + 1, ()):
                about = collection.by_name.get(fault.column)
                if about is None or about.type in _REFERENCES:
                    self._unplace(array, each.position, each.object, fault.rule, fault.message)
                    break
                if fault.rule == "required":
                    each.values[fault.column] = self._stand_in(array, each, fault.column)
                    continue
                self._warn(
                    array, each.position, fault.column, fault.rule,
                    f"{fault.message} It is kept for the exchange only.", fault.value,
                )
                each.values[fault.column] = (
                    self._stand_in(array, each, fault.column) if about.required else None
                )
            else:
                left.append(each)
        return left

    def _stand_in(self, array: str, each: _Object, column: str) -> str:
        """What stands in a required field about which the object says nothing."""
        if column != "status":
            return each.key[:200]
        self._warn(
            array, each.position, column, "status-not-stated",
            f"It does not say its status as the standard does; it was taken as {_NOT_STATED}, so "
            "that nothing counts on it.",
        )
        return _NOT_STATED

    def _with_kept(
        self, collection: Collection, found: Sequence[_Object], frame: pd.DataFrame
    ) -> pd.DataFrame:
        """The rows, each with the object that it came from."""
        columns = {
            name: pa.array(frame[name].array).to_pylist()
            for name in found[0].values
        }
        texts = []
        for place, each in enumerate(found):
            stored = {
                name: plain
                for name, values in columns.items()
                if not _equal(
                    plain := _jsonable(values[place], collection, name), each.said[name]
                )
            }
            kept: Json = {"position": each.position, "object": dumped(each.kept)}
            if stored:
                kept["stored"] = stored
            texts.append(dumped({KEPT: kept}))
        array = pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())]))
        made: pd.DataFrame = frame.assign(extra=pd.Series(array, index=frame.index))
        if GEOMETRY in made.columns:  # the geometry stands last
            made = made[[*(c for c in made.columns if c != GEOMETRY), GEOMETRY]]
        return made

    def _ends(self, found: Sequence[_Object]) -> None:
        """Tell of routes that end far from their nodes; they are left where they are."""
        placed = self._keys.get("fibre_links", set())
        ends = []
        for span in found:
            if span.key not in placed:
                continue
            for name, place in (("start_node", 0), ("end_node", -1)):
                node = self._nodes.get(str(_text(span.said[name])))
                if node is not None:
                    ends.append((span, name, span.shape.coords[place], node.coords[0]))
        if not ends:
            return
        lon, lat = np.array([each[2] for each in ends]).T
        node_lon, node_lat = np.array([each[3] for each in ends]).T
        _, _, metres = _GEOD.inv(lon, lat, node_lon, node_lat)
        for (span, name, *_), distance_m in zip(ends, metres.tolist(), strict=True):
            if distance_m > OFF_NODE_M:
                self._warn(
                    "spans", span.position, name, "end-off-node",
                    f"The route ends {distance_m:,.0f} m from its node; it was left where it is.",
                    span.said[name],
                )

    def _tell_warnings(
        self, array: str, found: Sequence[_Object], faults: Iterable[RowFault]
    ) -> None:
        for fault in faults:
            if fault.severity is Severity.WARNING:
                self._faults.append(
                    replace(fault, column=_path(array, fault.row - 1, fault.column))
                )

    def _warn(  # noqa: PLR0917 - what a fault says
        self, array: str, position: int, column: str, rule: str, message: str, value: Any = ""
    ) -> None:
        self._faults.append(
            RowFault(
                position + 1, _path(array, position, column), rule, str(value)[:120], message,
                Severity.WARNING,
            )
        )

    def _unplace(self, array: str, position: int, object_: Any, rule: str, message: str) -> None:
        self._unplaced.append(Unplaced(array, position, object_))
        self._warn(
            array, position, "", rule,
            f"{message} It is kept for the exchange, and is not on the map.",
            key_of(object_) or "",
        )


def _path(array: str, position: int, column: str) -> str:
    return "/".join(each for each in (array, str(position), column) if each)


def _text(value: Any) -> str | None:
    return key_of({"id": value})


def _in_world(place: Place) -> bool:
    west, south, east, north = (float(side) for side in place.shape.bounds)
    return (
        -180 <= west <= east <= 180
        and -FARTHEST_LATITUDE <= south <= north <= FARTHEST_LATITUDE
    )


def _equal(one: Any, other: Any) -> bool:
    """Equal, and not one of them true or false where the other is a number."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _jsonable(value: Any, collection: Collection, name: str) -> Any:
    """A stored value as JSON has it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is not None and collection.by_name[name].type is FieldType.OBJECT:
        return json.loads(value)
    return value


def dumped(value: Any) -> str:
    """JSON as it is kept beside rows."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
