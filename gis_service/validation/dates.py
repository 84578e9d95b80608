"""Dates in the several ways in which people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.validation.faults import Faults, Mask
from gis_service.validation.texts import arrow, as_texts, lookup

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}:\d{2}.*))?")
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_DAY_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]+([^\W\d]+)\.?,?[ -]+(\d{4})")
_NAME_DAY = re.compile(r"([^\W\d]+)\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})")
_MONTHS = (
    ("january", "januari"), ("february", "februari"), ("march", "machi"), ("april", "aprili"),
    ("may", "mei"), ("june", "juni"), ("july", "julai"), ("august", "agosti"),
    ("september", "septemba"), ("october", "oktoba"), ("november", "novemba"),
    ("december", "desemba"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DateColumn:
    """Dates, and what was decided about all of them."""

    array: pa.Array
    note: str | None = None


@dataclass(slots=True)
class DateHabits:
    """
    What the dates of a column, as far as they were looked at, tell of day and month.

    One value such as 31/03/2021 or 03/31/2021 decides for the column as a whole, and where none
    does, days come first as in Kenya, and a note says so.
    """

    _day_first: bool = False
    _month_first: bool = False
    _either: bool = False

    def look(self, series: pd.Series[Any]) -> None:
        """Take note of more values."""
        array = arrow(series)
        if array is None or not pa.types.is_temporal(array.type):
            for text in pc.unique(as_texts(series)[0]).to_pylist():
                if text is not None and (m := _NUMERIC.fullmatch(text)):
                    first, second = int(m[1]), int(m[2])
                    self._day_first |= first > 12
                    self._month_first |= second > 12
                    self._either |= first != second

    @property
    def day_first(self) -> bool:
        """Whether days come before months."""
        return self._day_first or not self._month_first

    def note(self, column: str) -> str | None:
        """What to tell of it."""
        if self._day_first:
            return None
        if self._month_first:
            return (
                f"{column}: dates are read with the month first, as 03/31/2021 can only mean that."
            )
        if not self._either:
            return None
        return (
            f"{column}: dates like 03/04/2021 could be read two ways; they are read with the day "
            "first, as in Kenya (3 April 2021). Write 2021-04-03 to be sure."
        )


def dates(
    series: pd.Series[Any], faults: Faults, column: str, habits: DateHabits | None = None
) -> DateColumn:
    """
    A column of dates; null where a row is at fault.

    Parameters
    ----------
    habits
        Of the whole column, where `series` is a part of it.
    """
    array = arrow(series)
    if array is not None and pa.types.is_date(array.type):
        return DateColumn(array.cast(pa.date32()))
    if array is not None and pa.types.is_timestamp(array.type):
        return DateColumn(pc.cast(array, pa.date32(), safe=False))
    texts, nested = as_texts(series)
    unique = [t for t in pc.unique(texts).to_pylist() if t is not None]
    if habits is None:
        habits = DateHabits()
        habits.look(series)
    parsed = {text: _parsed(text, habits.day_first) for text in unique}
    values = [None if t is None else parsed[t] for t in texts.to_pylist()]
    bad: Mask = np.array(
        [v is None and t is not None for v, t in zip(values, texts.to_pylist(), strict=True)],
        dtype=bool,
    )
    faults.add(
        bad | nested, column=column, rule="not-a-date", values=lookup(texts),
        message="This is no date of the calendar. Write it as 2026-03-31.",
    )
    return DateColumn(pa.array(values, pa.date32()), habits.note(column))


def timestamps(series: pd.Series[Any], faults: Faults, column: str) -> pa.Array:
    """A column of times in UTC; a time without zone is a fault, as its meaning is not known."""
    texts, nested = as_texts(series)
    values: list[datetime | None] = []
    bad: Mask = np.zeros(len(texts), dtype=bool)
    for position, text in enumerate(texts.to_pylist()):
        value = None if text is None else _time(text)
        bad[position] = text is not None and value is None
        values.append(value)
    faults.add(
        bad | nested, column=column, rule="not-a-date", values=lookup(texts),
        message="This is no time with its zone. Write it as 2026-03-31T08:00:00+03:00.",
    )
    return pa.array(values, pa.timestamp("us", "UTC"))


def _time(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if value.tzinfo is None else value.astimezone(UTC)


def _parsed(text: str, day_first: bool) -> date | None:
    if m := _ISO.fullmatch(text):
        return _date(int(m[1]), int(m[2]), int(m[3]))
    if m := _NUMERIC.fullmatch(text):
        first, second = int(m[1]), int(m[2])
        day, month = (first, second) if day_first else (second, first)
        return _date(int(m[3]), month, day)
    if m := _DAY_NAME.fullmatch(text):
        return _date(int(m[3]), _month(m[2]), int(m[1]))
    if m := _NAME_DAY.fullmatch(text):
        return _date(int(m[3]), _month(m[1]), int(m[2]))
    return None


def _month(name: str) -> int:
    name = name.lower()
    for number, names in enumerate(_MONTHS, 1):
        if any(name == whole or (len(name) >= 3 and name == whole[: len(name)]) for whole in names):
            return number
    return 0


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
