"""Checks of a file part by part, and of what only shows of it as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from gis_service.crs import WGS84
from gis_service.model.fields import Collection
from gis_service.model.parts import HEIGHTS
from gis_service.model.reports import RowFault
from gis_service.validation.codes import STRICT, CodeReading
from gis_service.validation.columns import loadable_fields, plan_columns
from gis_service.validation.drawn import Drawn, Ints
from gis_service.validation.faults import Faults
from gis_service.validation.field_values import (
    EXTRA,
    Habits,
    extra_values,
    field_series,
    parsed,
    require,
)
from gis_service.validation.geometry import KENYA, Extent, check_geometry, flattened_note
from gis_service.validation.keys import KeysSeen, made_keys
from gis_service.validation.placing import Places
from gis_service.validation.splitting import split_parts
from gis_service.validation.whereabouts import Surroundings

GEOMETRY = "geom"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    How the rows of a file are to be checked.

    Parameters
    ----------
    mapping
        Field by column of the file; see `plan_columns`.
    constants
        One value for all rows, by field.
    extent
        Box that every geometry must lie in: that of the network.
    make_ids
        Make identifiers from each row's content.
    split
        Make a row of each part of a geometry of several parts.
    reading
        How codes are read.
    around
        What is known of the place; without it no row is warned of where it stands.
    """

    mapping: Mapping[str, str] | None = None
    constants: Mapping[str, str] | None = None
    extent: Extent = KENYA
    max_vertices: int = 50_000
    make_ids: bool = False
    split: bool = False
    reading: CodeReading = STRICT
    around: Surroundings | None = None


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """
    Some rows of a file that were checked by themselves.

    Parameters
    ----------
    frame
        The good ones, as in `Validated`.
    """

    frame: pd.DataFrame
    read: int
    faults: Sequence[RowFault]


@dataclass(frozen=True, slots=True)
class Ended:
    """
    What only shows of a file as a whole.

    Parameters
    ----------
    rejected
        Numbers of rows that are at fault beside others.
    crashed
        Whether a rule crashed, so that no row of the file was checked by it.
    """

    faults: Sequence[RowFault]
    rejected: Ints
    crashed: bool


class Checks:
    """
    Checks of a file part by part; what needs all rows is found at the end.

    Of a row that is past some 80 bytes are kept: its identifier's hash and its place. Where
    `habits` of whole columns are set, by field, a part does not speak for its column.

    Parameters
    ----------
    columns
        Of properties.
    shaped
        Whether the rows have a geometry.
    last_row
        The highest number of a row; only for what is split.
    reported
        Numbers of rows that the reader found at fault.

    Raises
    ------
    InvalidInput
        The columns do not fit the mapping.
    """

    def __init__(
        self,
        columns: Sequence[str],
        collection: Collection,
        asked: Asked,
        *,
        shaped: bool,
        last_row: int = 0,
        reported: Sequence[int] = (),
    ) -> None:
        self._collection, self._asked, self._shaped = collection, asked, shaped
        self._last_row, self._reported = last_row, np.unique(np.array(reported, dtype=np.int64))
        self.habits: Mapping[str, Habits] = {}
        self.plan = plan_columns(
            columns, collection, mapping=asked.mapping or {}, constants=asked.constants or {}
        )
        self.unmapped = self.plan.unmapped
        lacking = [
            f.name for f in loadable_fields(collection).values()
            if f.required and not self.plan.has(f.name)
        ]
        if collection.geometry is not None and not shaped and collection.geometry_required:
            lacking.append("geometry")
        self.lacking = tuple(lacking)
        self._places = Places(collection, asked.around) if asked.around is not None else None
        self._keys = KeysSeen()
        self._said: dict[str, dict[str, None]] = {}
        self._flattened = 0
        self._crashed: dict[str, RowFault] = {}

    @property
    def lacks_key(self) -> bool:
        """Whether nothing says which item a row is."""
        return not self.plan.has(self._collection.key) and not self._asked.make_ids

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell of the file as far as it was looked at."""
        notes = [note for said in self._said.values() for note in said]
        if self._asked.make_ids and not self.plan.has(self._collection.key):
            notes.append("Identifiers were made from the content of each row (--make-ids).")
        if self.plan.refilled:
            notes.append(
                "The file is an export of this service; what the service fills itself was left "
                f"out: {', '.join(self.plan.refilled)}."
            )
        if self._flattened:
            kept = HEIGHTS in self.plan.kept
            notes.append(flattened_note(self._flattened, kept=kept))
        if self._shaped and self._collection.geometry is None:
            notes.append(
                f"{self._collection.title.en} have no geometry; that of the file was left out."
            )
        return tuple(notes)

    def part(self, frame: pd.DataFrame, known_faults: tuple[RowFault, ...] = ()) -> CheckedPart:
        """
        Check the next rows.

        Parameters
        ----------
        known_faults
            What was found of them already.
        """
        collection, asked, plan = self._collection, self._asked, self.plan
        if asked.split:
            frame, said = split_parts(
                frame, collection, plan.sources.get(collection.key), last=self._last_row
            )
            known_faults += said
            self._last_row = max(self._last_row, int(frame.index.max()))
        shapes = shapes_in(frame)
        faults = Faults(frame.index)
        reported = faults.add_known(known_faults) | np.isin(faults.rows, self._reported)
        faults.rejected |= reported
        columns = self._fields(frame, faults)
        kept = extra_values(frame, plan, faults)
        if kept is not None:
            columns[EXTRA] = kept
        result = pd.DataFrame(
            {n: pd.arrays.ArrowExtensionArray(pa.chunked_array([a])) for n, a in columns.items()},
            index=frame.index,
        )
        if collection.geometry is not None and shapes is not None:
            checked = np.full(len(result), None, dtype=object)
            with faults.guarded("geometry"):
                outcome = check_geometry(
                    shapes.to_numpy(), collection, faults, crs=shapes.crs, extent=asked.extent,
                    max_vertices=asked.max_vertices, reported=reported,
                )
                checked = outcome.shapes
                self._flattened += outcome.flattened
            series = gpd.GeoSeries(checked, index=result.index, crs=WGS84)
            result = gpd.GeoDataFrame(result.assign(**{GEOMETRY: series}), geometry=GEOMETRY)
        good = result[~faults.rejected] if faults.rejected.any() else result
        if self._places is not None and isinstance(good, gpd.GeoDataFrame):
            with faults.guarded("geometry"):
                self._places.add(good.index.to_numpy(), good.geometry.to_numpy(), _names(good))
        return CheckedPart(good, len(frame), self._once(faults.found))

    def finish(self, drawn: Drawn) -> Ended:
        """
        What shows only now that all rows were seen.

        Parameters
        ----------
        drawn
            The geometries of all good rows, in their order.
        """
        key = self._collection.key
        faults = Faults(pd.Index(self._keys.rows()))
        with faults.guarded(key):
            self._keys.check(faults, self.plan.name_of(key) if self.plan.has(key) else key)
        self._keys = KeysSeen()
        rejected = faults.rows[faults.rejected]
        odd: list[RowFault] = []
        if self._places is not None and self._shaped:
            places = Faults(pd.Index([], dtype=np.int64))
            with places.guarded("geometry"):
                odd = self._places.check(drawn, without=rejected)
            odd += places.found
        found = self._once([*faults.found, *odd])
        return Ended(found, rejected, bool(self._crashed))

    def _once(self, found: list[RowFault]) -> list[RowFault]:
        """Rules that crashed are told once each, however many parts they did not check."""
        told = []
        for fault in found:
            if fault.rule == "rule-crashed":
                if fault.column in self._crashed:
                    continue
                self._crashed[fault.column] = fault
            told.append(fault)
        return told

    def _fields(self, frame: pd.DataFrame, faults: Faults) -> dict[str, pa.Array]:
        collection, plan = self._collection, self.plan
        columns: dict[str, pa.Array] = {}
        for field in loadable_fields(collection).values():
            if not plan.has(field.name):
                continue
            name = plan.name_of(field.name)
            before = faults.rejected.copy()
            with faults.guarded(name):
                array, said = parsed(
                    field_series(frame, plan, field.name), field, faults, name,
                    self._asked.reading, self.habits.get(field.name),
                )
                columns[field.name] = array
                self._said.setdefault(field.name, {}).update(dict.fromkeys(said))
                if field.required or field.name == collection.key:
                    require(array, field, faults, name, spared=faults.rejected & ~before)
        if self._asked.make_ids and not plan.has(collection.key):
            columns = {collection.key: made_keys(frame)} | columns
        if collection.key in columns:
            with faults.guarded(collection.key):
                self._keys.add(faults.rows, columns[collection.key])
        return columns


def _names(frame: pd.DataFrame) -> Sequence[str | None] | None:
    return pa.array(frame["name"].array).to_pylist() if "name" in frame else None


def shapes_in(frame: pd.DataFrame) -> gpd.GeoSeries | None:
    """The geometries of a frame; None where it has none."""
    return frame.geometry if isinstance(frame, gpd.GeoDataFrame) else None
