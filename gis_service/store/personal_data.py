"""
Finding and erasing what is kept of somebody whom a contact identifies.

A personal field is erased whole, in its item and in every old version. In the
words of a report, and in texts inside JSON, the contact alone is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, Update, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.model.collections import REGISTRY
from gis_service.model.personal_data import personal_fields
from gis_service.store.history import ERASING, HISTORY, history_table
from gis_service.store.internal import CONFLICTS, JOBS, LOADS, OPERATIONS, PEOPLE
from gis_service.store.report_tables import REPORTS
from gis_service.store.tables import SCHEMA, table

ERASED = "(erased)"
SHORTEST = 6
"""Letters and digits of the shortest contact that is looked for."""
_NUMBER = 9
"""Digits of a telephone number in Kenya, without 0 or +254."""
_BETWEEN = r"[ ()./-]*"


@dataclass(frozen=True, slots=True)
class Found:
    """A row that holds a contact: where, and what stands there."""

    place: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class _Place:
    stored: Table
    column: str
    whole: bool
    """Whether the whole value goes, and not the contact alone."""

    @property
    def name(self) -> str:
        return f"{self.stored.schema}.{self.stored.name}.{self.column}"

    @property
    def value(self) -> Column[Any]:
        return self.stored.c[self.column]

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that erasing writes."""
        versioned = ("updated_at", "version") if self.stored.schema == SCHEMA else ()
        return (self.column, *versioned)

    @property
    def is_json(self) -> bool:
        return isinstance(self.value.type, JSONB)

    @property
    def key(self) -> list[Column[Any]]:
        return list(self.stored.primary_key.columns)


def places() -> Iterator[_Place]:
    """Every column that is searched; items before their history, which a change adds to."""
    for collection, field in personal_fields():
        yield _Place(table(collection), field.name, whole=True)
    for collection in REGISTRY.values():
        if "extra" in table(collection).c:
            yield _Place(table(collection), "extra", whole=False)
    for collection, field in personal_fields():
        yield _Place(history_table(collection), field.name, whole=True)
    for collection in REGISTRY.values():
        if "extra" in history_table(collection).c:
            yield _Place(history_table(collection), "extra", whole=False)
    yield _Place(PEOPLE, "contact", whole=True)
    yield _Place(REPORTS, "contact", whole=True)
    for stored, names in (
        (REPORTS, ("description", "place", "answer")), (OPERATIONS, ("content", "answer")),
        (CONFLICTS, ("fields", "settlement")), (LOADS, ("report",)), (JOBS, ("payload", "result")),
    ):
        yield from (_Place(stored, name, whole=False) for name in names)


def pattern_of(contact: str) -> str | None:
    """
    A regular expression for a contact; None where it is too short to identify anybody.

    A telephone number is found however it is spaced, and with 0, +254 or neither before it.
    """
    digits = re.sub(r"\D", "", contact)
    if "@" not in contact and len(digits) >= _NUMBER and not re.search("[A-Za-z]", contact):
        return rf"(\+?{_BETWEEN}254{_BETWEEN}|0{_BETWEEN})?" + _BETWEEN.join(digits[-_NUMBER:])
    words = contact.split()
    if sum(c.isalnum() for c in contact) < SHORTEST:
        return None
    return r"\s+".join(re.escape(word) for word in words)


def find(connection: Connection, pattern: str) -> Iterator[Found]:
    """Every value that holds what a pattern describes."""
    for place in places():
        for *key, value in connection.execute(_holding(place, pattern)):
            if not place.is_json or _mended(value, re.compile(pattern, re.IGNORECASE)) != value:
                yield Found(place.name, "/".join(map(str, key)), value)


def erase(connection: Connection, pattern: str) -> dict[str, int]:
    """
    Take out what a pattern describes; how many values were changed, by place.

    The number of rows of every table stays, but that each changed item has one
    version more.
    """
    connection.execute(select(func.set_config(ERASING, "on", True)))
    changed: dict[str, int] = {}
    for place in places():
        count = _erase_in(connection, place, pattern)
        if count:
            changed[place.name] = count
    connection.execute(select(func.set_config(ERASING, "", True)))
    return changed


def _holding(place: _Place, pattern: str) -> Any:
    return select(*place.key, place.value).where(_holds(place, pattern))


def _holds(place: _Place, pattern: str) -> Any:
    text = cast(place.value, Text) if place.is_json else place.value
    return text.regexp_match(pattern, flags="i")


def _erase_in(connection: Connection, place: _Place, pattern: str) -> int:
    if place.whole:
        instead = ERASED if place.stored.schema == HISTORY else None
        return connection.execute(
            _changed(place, instead).where(_holds(place, pattern))
        ).rowcount
    if not place.is_json:
        mended = func.regexp_replace(place.value, pattern, ERASED, "gi")
        return connection.execute(
            _changed(place, mended).where(_holds(place, pattern))
        ).rowcount
    changed = 0
    for *key, value in connection.execute(_holding(place, pattern)).all():
        mended = _mended(value, re.compile(pattern, re.IGNORECASE))
        if mended != value:
            same = [column == part for column, part in zip(place.key, key, strict=True)]
            connection.execute(_changed(place, mended).where(*same))
            changed += 1
    return changed


def _changed(place: _Place, value: Any) -> Update:
    """A statement that writes a value; that of an item makes a new version of it."""
    values = {place.column: value}
    if place.stored.schema == SCHEMA:
        values |= {"version": place.stored.c.version + 1, "updated_at": func.now()}
    return update(place.stored).values(values)


def _mended(value: Any, pattern: re.Pattern[str]) -> Any:
    """
    A JSON value without what the pattern describes, in texts or as a whole number.

    Parts of other numbers, such as coordinates, only look alike.
    """
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, int) and pattern.fullmatch(str(value)):
        return ERASED
    if isinstance(value, list):
        return [_mended(each, pattern) for each in value]
    if isinstance(value, dict):
        return {name: _mended(each, pattern) for name, each in value.items()}
    return value
