"""Numbers and booleans from what people write."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.model.fields import Field, FieldType
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.texts import arrow, as_texts, lookup, mask

_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_WHOLE = r"^[+-]?\d{1,18}$"
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d+")
_DECIMAL_COMMA = re.compile(r"([+-]?)(\d*),(\d+)")
_TRUE = {"true", "yes", "y", "t", "1", "ndiyo", "ndio", "kweli"}
_FALSE = {"false", "no", "n", "f", "0", "hapana", "la", "siyo"}
_INT64 = (-(2**63), 2**63 - 1)


@dataclass(slots=True)
class NumberHabits:
    """
    What the numbers of a column, as far as they were looked at, tell of its commas.

    A decimal comma is read where it can mean nothing else: where some number of the column
    can only be read with one, and none has a point.
    """

    _decimal: bool = False
    _points: bool = False

    def look(self, series: pd.Series[Any]) -> None:
        """Take note of more values."""
        array = arrow(series)
        if array is None or not _are_numbers(array):
            texts = as_texts(series)[0]
            odd = texts.filter(pc.match_substring(texts, ","))
            self._decimal = self._decimal or _uses_decimal_comma(pc.unique(odd).to_pylist())
            self._points = self._points or bool(mask(pc.match_substring(texts, ".")).any())

    @property
    def decimal_comma(self) -> bool:
        return self._decimal and not self._points


def _are_numbers(array: pa.Array) -> bool:
    return bool(pa.types.is_integer(array.type) or pa.types.is_floating(array.type))


def numbers(
    series: pd.Series[Any],
    field: Field,
    faults: Faults,
    column: str,
    habits: NumberHabits | None = None,
) -> pa.Array:
    """
    A column of numbers or whole numbers; null where a row is at fault. Nothing is rounded.

    Parameters
    ----------
    habits
        Of the whole column, where `series` is a part of it.
    """
    whole = field.type is FieldType.INTEGER
    array = arrow(series)
    if array is not None and _are_numbers(array):
        result = _from_numbers(array, whole, faults, column)
    else:
        if habits is None:
            habits = NumberHabits()
            habits.look(series)
        result = _from_texts(series, whole, faults, column, habits)
    return _in_range(result, field, faults, column)


def booleans(series: pd.Series[Any], faults: Faults, column: str) -> pa.Array:
    """A column of yes and no; null where a row is at fault."""
    array = arrow(series)
    if array is not None and pa.types.is_boolean(array.type):
        return array
    texts, nested = as_texts(series)
    lower = pc.utf8_lower(texts)
    true = mask(pc.is_in(lower, pa.array(sorted(_TRUE))))
    false = mask(pc.is_in(lower, pa.array(sorted(_FALSE))))
    bad = (mask(pc.is_valid(texts)) & ~true & ~false) | nested
    faults.add(
        bad, column=column, rule="not-a-boolean", values=lookup(texts),
        message="Neither yes nor no. Write true or false, yes or no, ndiyo or hapana, 1 or 0.",
    )
    return pa.array(true, mask=~(true | false))


def _from_numbers(array: pa.Array, whole: bool, faults: Faults, column: str) -> pa.Array:
    if pa.types.is_integer(array.type):
        if pa.types.is_uint64(array.type):
            array = array.cast(pa.int64(), safe=False)
        return array.cast(pa.int64()) if whole else array.cast(pa.float64(), safe=False)
    array = array.cast(pa.float64())
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    infinite = mask(pc.is_inf(array))
    faults.add(
        infinite, column=column, rule="not-a-number", values=lookup(array),
        message="The number is infinite.",
    )
    if not whole:
        return _without(array, infinite)
    values = np.asarray(array.to_numpy(zero_copy_only=False))
    with np.errstate(invalid="ignore"):
        bad = np.isfinite(values) & ((values != np.trunc(values)) | (np.abs(values) >= 2**63))
    faults.add(
        bad, column=column, rule="not-an-integer", values=lookup(array),
        message="A whole number is needed; nothing is rounded silently.",
    )
    return _without(array, bad | infinite).cast(pa.int64())


def _from_texts(
    series: pd.Series[Any], whole: bool, faults: Faults, column: str, habits: NumberHabits
) -> pa.Array:
    texts, nested = as_texts(series)
    valid = mask(pc.is_valid(texts))
    plain = mask(pc.match_substring_regex(texts, _WHOLE if whole else _PLAIN))
    kind = pa.int64() if whole else pa.float64()
    easy = pc.if_else(pa.array(plain), texts, pa.scalar(None, pa.string()))
    result = pc.utf8_ltrim(easy, characters="+").cast(kind)
    faults.add(
        nested, column=column, rule="nested-value",
        message="An object or list; a number is needed.",
    )
    odd = np.flatnonzero(valid & ~plain)
    if not len(odd):
        return result
    found = {int(position): texts[int(position)].as_py() for position in odd}
    values = result.to_pylist()
    wrong: dict[str, Mask] = {}
    for position, text in found.items():
        value, rule = _parsed(text, decimal_comma=habits.decimal_comma, whole=whole)
        values[position] = value
        if rule is not None:
            wrong.setdefault(rule, np.zeros(len(values), dtype=bool))[position] = True
    for rule, bad in wrong.items():
        faults.add(bad, column=column, rule=rule, values=lookup(texts), message=_MESSAGES[rule])
    return pa.array(values, kind)


_MESSAGES = {
    "not-a-number": "This is no number. Write digits with a decimal point, without unit.",
    "not-an-integer": "A whole number is needed; nothing is rounded silently.",
    "ambiguous-number": "The comma may part thousands or decimals. Write 1500 or 1.5.",
}


def _uses_decimal_comma(texts: Any) -> bool:
    """Whether some number of the column can only be read with a decimal comma."""
    matches = (_DECIMAL_COMMA.fullmatch(t) for t in texts)
    return any(m is not None and _is_decimal(m) for m in matches)


def _is_decimal(match: re.Match[str]) -> bool:
    """Whether a comma parts decimals: thousands would have one to three digits before it."""
    before, after = match[2], match[3]
    return len(after) != 3 or len(before) > 3 or before in {"", "0"}


def _parsed(
    text: str, *, decimal_comma: bool, whole: bool
) -> tuple[int | float | None, str | None]:
    """The number, or the rule that the text breaks."""
    text = text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", "")
    commas = _DECIMAL_COMMA.fullmatch(text)
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif commas is not None:
        if not (_is_decimal(commas) or decimal_comma):
            return None, "ambiguous-number"
        text = text.replace(",", ".")
    try:
        value = None if "_" in text else float(text)
    except ValueError:
        value = None
    if value is None or not math.isfinite(value):
        return None, "not-a-number"
    if not whole:
        return value, None
    exact = int(text) if re.fullmatch(r"[+-]?\d+", text) else value
    if exact != int(exact) or not _INT64[0] <= int(exact) <= _INT64[1]:
        return None, "not-an-integer"
    return int(exact), None


def _in_range(array: pa.Array, field: Field, faults: Faults, column: str) -> pa.Array:
    bad: Mask = np.zeros(len(array), dtype=bool)
    if field.minimum is not None:
        bad |= mask(pc.less(array, field.minimum))
    if field.maximum is not None:
        bad |= mask(pc.greater(array, field.maximum))
    if bad.any():
        least = "" if field.minimum is None else f"at least {field.minimum:g}"
        most = "" if field.maximum is None else f"at most {field.maximum:,.12g}"
        bounds = " and ".join(b for b in (least, most) if b)
        faults.add(
            bad, column=column, rule="out-of-range", values=lookup(array),
            message=f"The number must be {bounds}{' ' + field.unit if field.unit else ''}.",
        )
    return array


def _without(array: pa.Array, bad: Mask) -> pa.Array:
    return pc.if_else(pa.array(bad), pa.scalar(None, array.type), array) if bad.any() else array
