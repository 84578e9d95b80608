"""Codes against their lists."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.model.fields import Codelist, Field
from gis_service.model.reports import Severity
from gis_service.validation.columns import plain
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.texts import as_texts, lookup, mask, objects

_SHOWN_CODES = 12


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """Codes as the list spells them, and which spellings were taken for which."""

    array: pa.Array
    notes: tuple[str, ...] = ()


def codes(series: pd.Series[Any], field: Field, faults: Faults, column: str) -> CodeColumn:
    """A column of one code per row; an open list keeps what it does not know."""
    codelist = _list_of(field)
    texts, nested = as_texts(series)
    faults.add(
        nested, column=column, rule="nested-value", message="An object or list; a code is needed.",
    )
    encoded = pc.dictionary_encode(texts)
    known = {text: _match(text, codelist) for text in encoded.dictionary.to_pylist()}
    _report(texts, {t for t, c in known.items() if c is None}, field, faults, column)
    meant = pa.array([known[t] or t for t in encoded.dictionary.to_pylist()], pa.string())
    array = meant.take(encoded.indices) if len(meant) else texts
    return CodeColumn(array, _notes(known, column))


def code_lists(series: pd.Series[Any], field: Field, faults: Faults, column: str) -> CodeColumn:
    """A column of several codes per row."""
    codelist = _list_of(field)
    lists = value_lists(series, faults, column)
    known = {
        text: _match(text, codelist)
        for text in {t for values in lists if values for t in values}
    }
    unknown = {t for t, c in known.items() if c is None}
    if unknown:
        first = objects(
            [next((t for t in v or () if t in unknown), None) for v in lists], series.index
        )
        _report(as_texts(first)[0], unknown, field, faults, column)
    meant = [
        None if values is None else list(dict.fromkeys(known[t] or t for t in values))
        for values in lists
    ]
    return CodeColumn(pa.array(meant, pa.list_(pa.string())), _notes(known, column))


def value_lists(series: pd.Series[Any], faults: Faults, column: str) -> list[list[str] | None]:
    """Texts per row, from JSON arrays or joined by semicolons; None where there are none."""
    result: list[list[str] | None] = []
    bad: Mask = np.zeros(len(series), dtype=bool)
    nested: Mask = np.zeros(len(series), dtype=bool)
    values = series.tolist()
    cache: dict[str, list[str] | None] = {}
    for position, value in enumerate(values):
        items: list[str] | None
        if value is None or value is pd.NA:
            items = None
        elif isinstance(value, str):
            if value not in cache:
                cache[value] = _split(value)
            items = cache[value]
            bad[position] = items is None and bool(value.strip())
        else:
            items = _texts(list(value)) if isinstance(value, list | np.ndarray) else None
            nested[position] = items is None and _holds_objects(value)
            bad[position] = items is None and not nested[position]
        result.append(items or None)
    faults.add(
        bad, column=column, rule="not-a-list", values=values,
        message="A list of texts is needed: a JSON array, or values joined by semicolons.",
    )
    faults.add(
        nested, column=column, rule="nested-value", values=values,
        message=f"Objects where texts belong; keep them beside the fields (--map {column}=extra) "
        f"or leave them out (--map {column}=).",
    )
    return result


def _holds_objects(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _split(text: str) -> list[str] | None:
    if text.lstrip().startswith("["):
        try:
            return _texts(orjson.loads(text))
        except orjson.JSONDecodeError:
            return None
    return [item.strip() for item in text.split(";") if item.strip()]


def _texts(items: Any) -> list[str] | None:
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return [item.strip() for item in items if item.strip()]


def _list_of(field: Field) -> Codelist:
    if field.codelist is None:
        raise ValueError(f"{field.name} has no codelist")
    return field.codelist


def _match(text: str, codelist: Codelist) -> str | None:
    """The code that a text spells, blanks, case and titles forgiven; else None."""
    if text in codelist:
        return text
    wanted = plain(text)
    for code in codelist:
        if wanted and wanted in {plain(code.code), plain(code.title.en), plain(code.title.sw)}:
            return code.code
    return None


def _notes(known: dict[str, str | None], column: str) -> tuple[str, ...]:
    return tuple(
        f"{column}: {text!r} was read as {code!r}."
        for text, code in known.items()
        if code is not None and code != text
    )


def _report(
    texts: pa.Array, unknown: set[str], field: Field, faults: Faults, column: str
) -> None:
    if not unknown:
        return
    codelist = _list_of(field)
    advice = {text: _advice(text, codelist) for text in unknown}
    values = lookup(texts)
    faults.add(
        mask(pc.is_in(texts, pa.array(sorted(unknown)))),
        column=column,
        rule="unknown-code" if codelist.closed else "unlisted-code",
        values=values,
        message=lambda position: advice[str(values[position])],
        severity=Severity.ERROR if codelist.closed else Severity.WARNING,
    )


def _advice(text: str, codelist: Codelist) -> str:
    spellings = {plain(s): c.code for c in codelist for s in (c.code, c.title.en, c.title.sw)}
    near = difflib.get_close_matches(plain(text), spellings, n=1, cutoff=0.6)
    meant = f" Did you mean {spellings[near[0]]!r}?" if near else ""
    listed = codelist.values()
    shown = ", ".join(listed[:_SHOWN_CODES]) + (" ..." if len(listed) > _SHOWN_CODES else "")
    if codelist.closed:
        return f"{text!r} is not in the list {codelist.name}.{meant} Codes: {shown}."
    return f"{text!r} is not in the list {codelist.name}, which is open: it was kept.{meant}"
