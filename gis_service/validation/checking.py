"""Validation of a whole file: every row at fault and why, and the rows that may be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.crs import WGS84
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.reports import RowFault
from gis_service.validation.codes import STRICT, CodeReading, code_lists, codes, value_lists
from gis_service.validation.columns import ColumnPlan, loadable_fields, plan_columns
from gis_service.validation.dates import dates, timestamps
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.geometry import KENYA, Extent, check_geometry
from gis_service.validation.keys import check_keys, constant, extras, lacking_key, made_keys
from gis_service.validation.numbers import booleans, numbers
from gis_service.validation.placing import check_places
from gis_service.validation.splitting import split_parts
from gis_service.validation.texts import as_texts, check_text, dumped, lookup, mask, objects, part
from gis_service.validation.whereabouts import Surroundings

EXTRA = "extra"
GEOMETRY = "geom"


@dataclass(frozen=True, slots=True)
class Validated:
    """
    The rows of a file that may be loaded, and what is wrong with the others.

    Parameters
    ----------
    frame
        The good rows, indexed by row number: the key, a column per loaded
        field (Arrow types; references as the text that names them), `extra`
        as JSON text, `geom` in EPSG:4326.
    read
        Rows of the file, good or not.
    lacking
        What an item must have and the file has no column for: such a file can
        change items, not add them.
    unmapped
        Columns that are no field; kept in `extra`.
    """

    frame: pd.DataFrame
    read: int
    faults: tuple[RowFault, ...]
    lacking: tuple[str, ...]
    unmapped: tuple[str, ...]
    notes: tuple[str, ...]


def validate(
    frame: pd.DataFrame,
    collection: Collection,
    *,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    known_faults: tuple[RowFault, ...] = (),
    extent: Extent = KENYA,
    max_vertices: int = 50_000,
    make_ids: bool = False,
    split: bool = False,
    reading: CodeReading = STRICT,
    around: Surroundings | None = None,
) -> Validated:
    """
    Check every row of a file against the registry.

    Parameters
    ----------
    frame
        As `formats.reading.read_file` gives it: indexed by row number, with
        its CRS when it has geometry.
    mapping
        Field by column of the file; see `plan_columns`.
    constants
        One value for all rows, by field.
    known_faults
        What the reader found already.
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

    Raises
    ------
    InvalidInput
        The file as a whole does not fit: no identifiers, a mapping that names
        what is not there.
    """
    shapes = _shapes(frame)
    plan = plan_columns(
        [str(c) for c in frame.columns if shapes is None or c != shapes.name],
        collection,
        mapping=mapping or {},
        constants=constants or {},
    )
    if not plan.has(collection.key) and not make_ids:
        raise lacking_key(frame, collection)
    if split:
        frame, said = split_parts(frame, collection, plan.sources.get(collection.key))
        known_faults += said
        shapes = _shapes(frame)
    faults = Faults(frame.index)
    reported = faults.add_known(known_faults)
    columns, notes = _fields(frame, collection, plan, faults, reading, make_ids=make_ids)
    if plan.refilled:
        notes.append("The file is an export of this service; what the service fills itself was "
                     f"left out: {', '.join(plan.refilled)}.")
    kept = _extras(frame, plan, faults)
    if kept is not None:
        columns[EXTRA] = kept
    result = pd.DataFrame(
        {name: pd.arrays.ArrowExtensionArray(pa.chunked_array([a])) for name, a in columns.items()},
        index=frame.index,
    )
    lacking = [
        f.name for f in loadable_fields(collection).values() if f.required and not plan.has(f.name)
    ]
    if collection.geometry is not None:
        if shapes is None:
            if collection.geometry_required:
                lacking.append("geometry")
        else:
            checked = np.full(len(result), None, dtype=object)
            with faults.guarded("geometry"):
                outcome = check_geometry(
                    shapes.to_numpy(),
                    collection,
                    faults,
                    crs=shapes.crs,
                    extent=extent,
                    max_vertices=max_vertices,
                    reported=reported,
                )
                checked = outcome.shapes
                notes += outcome.notes
            if around is not None:
                with faults.guarded("geometry"):
                    good = checked.copy()
                    good[faults.rejected] = None
                    names = _names(columns)
                    check_places(good, collection, names, around, faults)
            series = gpd.GeoSeries(checked, index=result.index, crs=WGS84)
            result = gpd.GeoDataFrame(result.assign(**{GEOMETRY: series}), geometry=GEOMETRY)
    elif shapes is not None:
        notes.append(f"{collection.title.en} have no geometry; that of the file was left out.")
    return Validated(
        frame=result[~faults.rejected] if faults.rejected.any() else result,
        read=len(frame),
        faults=faults.in_order(),
        lacking=tuple(lacking),
        unmapped=plan.unmapped,
        notes=tuple(notes),
    )


def _names(columns: Mapping[str, pa.Array]) -> list[str | None] | None:
    return columns["name"].to_pylist() if "name" in columns else None


def _shapes(frame: pd.DataFrame) -> gpd.GeoSeries | None:
    return frame.geometry if isinstance(frame, gpd.GeoDataFrame) else None


def _fields(
    frame: pd.DataFrame,
    collection: Collection,
    plan: ColumnPlan,
    faults: Faults,
    reading: CodeReading,
    *,
    make_ids: bool,
) -> tuple[dict[str, pa.Array], list[str]]:
    columns: dict[str, pa.Array] = {}
    notes: list[str] = []
    for field in loadable_fields(collection).values():
        if not plan.has(field.name):
            continue
        series = _series(frame, plan, field)
        name = plan.name_of(field.name)
        before = faults.rejected.copy()
        with faults.guarded(name):
            array, said = parsed(series, field, faults, name, reading)
            columns[field.name] = array
            notes += said
            if field.required or field.name == collection.key:
                _require(array, field, faults, name, spared=faults.rejected & ~before)
    if make_ids and not plan.has(collection.key):
        columns = {collection.key: made_keys(frame)} | columns
        notes.append("Identifiers were made from the content of each row (--make-ids).")
    with faults.guarded(collection.key):
        column = plan.name_of(collection.key) if plan.has(collection.key) else collection.key
        if collection.key in columns:
            check_keys(columns[collection.key], faults, column)
    return columns, notes


def _series(frame: pd.DataFrame, plan: ColumnPlan, field: Field) -> pd.Series[Any]:
    if field.name in plan.constants:
        return constant(plan.constants[field.name], len(frame), frame.index)
    source = plan.sources[field.name]
    series = frame[source.column]
    if not source.path:
        return series
    if series.dtype != object:
        series = objects([_loaded(v) for v in series.tolist()], series.index)
    return part(series, source.path)


def parsed(  # noqa: PLR0911 - one for each type
    series: pd.Series[Any],
    field: Field,
    faults: Faults,
    name: str,
    reading: CodeReading = STRICT,
) -> tuple[pa.Array, list[str]]:
    """A field's values in the type that the database holds, and what to tell of them."""
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return numbers(series, field, faults, name), []
        case FieldType.BOOLEAN:
            return booleans(series, faults, name), []
        case FieldType.DATE:
            column = dates(series, faults, name)
            return column.array, [column.note] if column.note else []
        case FieldType.TIMESTAMP:
            return timestamps(series, faults, name), []
        case FieldType.CODE:
            matched = codes(series, field, faults, name, reading)
            return matched.array, list(matched.notes)
        case FieldType.CODES:
            matched = code_lists(series, field, faults, name, reading)
            return matched.array, list(matched.notes)
        case FieldType.REFERENCES:
            lists = value_lists(series, faults, name)
            return pa.array(lists, pa.list_(pa.string())), []
        case FieldType.OBJECT:
            return _objects(series, faults, name), []
        case FieldType.TEXT | FieldType.REFERENCE | FieldType.PERSON:
            texts, nested = as_texts(series)
            faults.add(
                nested, column=name, rule="nested-value",
                values=series.tolist() if nested.any() else None,
                message=f"An object or list; name the part that is meant "
                f"(--map {name}.id={field.name}), keep it beside the fields (--map {name}=extra) "
                f"or leave it out (--map {name}=).",
            )
            check_text(texts, faults, name)
            return texts, []


def _require(array: pa.Array, field: Field, faults: Faults, name: str, *, spared: Mask) -> None:
    """A value where one is needed; a row whose value was found faulty is told only that."""
    empty = mask(pc.is_null(array)) & ~spared
    if empty.any():
        faults.add(
            empty, column=name, rule="required",
            message=f"{field.title.en} is empty, and every row needs one.",
        )


def _objects(series: pd.Series[Any], faults: Faults, name: str) -> pa.Array:
    values = [_loaded(v) for v in series.tolist()]
    bad = np.array([v is not None and not isinstance(v, dict | list) for v in values], dtype=bool)
    faults.add(
        bad, column=name, rule="not-an-object", values=values,
        message="A JSON object or array is needed.",
    )
    texts = pa.array([None if v is None else dumped(v) for v in values], pa.string())
    _check_json(texts, faults, name)
    return texts


def _loaded(value: Any) -> Any:
    if value is pd.NA or value is None:
        return None
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value) if value.strip() else None
    except orjson.JSONDecodeError:
        return value


def _extras(frame: pd.DataFrame, plan: ColumnPlan, faults: Faults) -> pa.Array | None:
    kept = None
    with faults.guarded(EXTRA):
        kept = extras(frame, plan.kept)
        if kept is not None:
            _check_json(kept, faults, "the columns kept beside the fields")
    return kept


def _check_json(texts: pa.Array, faults: Faults, name: str) -> None:
    bad = mask(pc.match_substring(texts, "\\u0000"))
    faults.add(
        bad, column=name, rule="bad-text", values=lookup(texts),
        message="The text holds a NUL character.",
    )
