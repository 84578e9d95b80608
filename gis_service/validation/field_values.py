"""The values of a collection's fields from the columns of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.model.fields import Collection, Field, FieldType
from gis_service.validation.codes import STRICT, CodeReading, code_lists, codes, value_lists
from gis_service.validation.columns import ColumnPlan, Source, loadable_fields
from gis_service.validation.dates import DateHabits, dates, timestamps
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.keys import constant, extras
from gis_service.validation.numbers import NumberHabits, booleans, numbers
from gis_service.validation.texts import as_texts, check_text, dumped, lookup, mask, objects, part

EXTRA = "extra"
Habits = DateHabits | NumberHabits
"""How the values of a whole column are written."""


def habits_of(collection: Collection, plan: ColumnPlan) -> dict[str, Habits]:
    """By field what is to be known of its whole column before a part of it can be read."""
    found: dict[str, Habits] = {}
    for field in loadable_fields(collection).values():
        if field.name in plan.sources:
            if field.type is FieldType.DATE:
                found[field.name] = DateHabits()
            elif field.type in {FieldType.INTEGER, FieldType.NUMBER}:
                found[field.name] = NumberHabits()
    return found


def field_series(frame: pd.DataFrame, plan: ColumnPlan, field: str) -> pd.Series[Any]:
    """What a file says of a field, row by row."""
    if field in plan.constants:
        return constant(plan.constants[field], len(frame), frame.index)
    return within(frame[plan.sources[field].column], plan.sources[field])


def within(series: pd.Series[Any], source: Source) -> pd.Series[Any]:
    """The part of a column's objects that is meant; the column itself where none is."""
    if not source.path:
        return series
    if series.dtype != object:
        series = objects([_loaded(v) for v in series.tolist()], series.index)
    return part(series, source.path)


def parsed(  # noqa: PLR0911, PLR0917 - one for each type; a column's own words first
    series: pd.Series[Any],
    field: Field,
    faults: Faults,
    name: str,
    reading: CodeReading = STRICT,
    habits: Habits | None = None,
) -> tuple[pa.Array, list[str]]:
    """
    A field's values in the type that the database holds, and what to tell of them.

    Parameters
    ----------
    habits
        Those of the whole column, where `series` is a part of it.
    """
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            commas = habits if isinstance(habits, NumberHabits) else None
            return numbers(series, field, faults, name, commas), []
        case FieldType.BOOLEAN:
            return booleans(series, faults, name), []
        case FieldType.DATE:
            order = habits if isinstance(habits, DateHabits) else None
            column = dates(series, faults, name, order)
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


def require(array: pa.Array, field: Field, faults: Faults, name: str, *, spared: Mask) -> None:
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


def extra_values(frame: pd.DataFrame, plan: ColumnPlan, faults: Faults) -> pa.Array | None:
    """What is kept beside the fields, as JSON; None where nothing is."""
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
