"""Items as people read them: titles instead of codes, links instead of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from gis_service.cartography.wording import wording
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, FieldType, Language
from gis_service.model.locales import measured, medium_date, number, unit_word
from gis_service.ogc.links import Addresses
from gis_service.web.local_times import local_time

_NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)

Feature = dict[str, Any]
Labels = Mapping[tuple[str, UUID], str]
"""What items are called, by collection and id."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a cell; `href` where it leads somewhere."""

    text: str
    href: str | None = None


_ABSENT = (Part("\N{EN DASH}"),)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, in parts where the field holds several."""

    parts: tuple[Part, ...]
    numeric: bool = False

    @property
    def present(self) -> bool:
        return self.parts != _ABSENT


@dataclass(frozen=True, slots=True)
class Reading:
    """
    How values are put to the reader.

    Parameters
    ----------
    labels
        Of the items that are referred to; one without a label cannot be read,
        and is told by the beginning of its id.
    """

    language: Language
    at: Addresses
    labels: Labels


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column's heading.

    Parameters
    ----------
    measure
        How a number stands with its unit: `{} m`, `miezi {}`.
    """

    name: str
    title: str
    description: str
    unit: str | None
    measure: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An item: what it is called, where it is, and its values."""

    id: str
    name: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A page of items; the first column, which names them, stands apart."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def table(
    collection: Collection,
    features: Iterable[Feature],
    fields: Sequence[Field],
    reading: Reading,
) -> Table:
    """
    Features as a table.

    Parameters
    ----------
    features
        Parsed GeoJSON features.
    fields
        Those that the reader may see, in their order.
    """
    label = next((f for f in fields if f.name == collection.label), None)
    others = [f for f in fields if f is not label]
    return Table(
        name=label.title[reading.language] if label is not None else "id",
        columns=tuple(_column(field, reading.language) for field in others),
        rows=tuple(
            Row(
                id=feature["id"],
                name=called(collection, feature, reading.language),
                href=reading.at.item(collection.id, feature["id"]),
                cells=tuple(
                    cell(field, feature["properties"].get(field.name), reading)
                    for field in others
                ),
            )
            for feature in features
        ),
    )


def called(collection: Collection, feature: Feature, language: Language) -> str:
    """What an item is called: its label, or else its id."""
    return named(collection, feature["properties"].get(collection.label), language) or feature["id"]


def named(collection: Collection, label: str | None, language: Language) -> str | None:
    """A label in the reader's language, where it is a code."""
    field = collection.by_name.get(collection.label)
    if not label or field is None or field.codelist is None:
        return label
    return field.codelist.title(label, language)


def entries(
    feature: Feature, fields: Iterable[Field], reading: Reading
) -> list[tuple[Column, Cell]]:
    """One feature, a line for each field."""
    return [
        (
            _column(field, reading.language),
            cell(field, feature["properties"].get(field.name), reading),
        )
        for field in fields
    ]


def references(
    valued: Iterable[Mapping[str, Any]], fields: Iterable[Field]
) -> dict[str, set[UUID]]:
    """The ids that the values of `fields` refer to, by collection."""
    found: dict[str, set[UUID]] = {}
    referring = [(f.name, f.references) for f in fields if f.references is not None]
    for values in valued:
        for name, collection in referring:
            value = values.get(name)
            several = value if isinstance(value, list) else [value]
            found.setdefault(collection, set()).update(UUID(v) for v in several if v is not None)
    return {collection: ids for collection, ids in found.items() if ids}


def positions(coordinates: list[Any]) -> int:
    """How many points a geometry has."""
    if not isinstance(coordinates[0], list):
        return 1
    return sum(map(positions, coordinates))


def cell(field: Field, value: Any, reading: Reading) -> Cell:
    """A field's value as text; what is absent is a dash."""
    values = value if isinstance(value, list) and field.type is not FieldType.OBJECT else [value]
    parts = tuple(_part(field, v, reading) for v in values if v is not None)
    return Cell(parts or _ABSENT, numeric=field.type in _NUMERIC)


def _part(field: Field, value: Any, reading: Reading) -> Part:
    if field.references is None:
        return Part(_text(field, value, reading.language))
    label = reading.labels.get((field.references, UUID(value)))
    if label is None:
        return Part(str(value)[:8])
    text = named(REGISTRY[field.references], label, reading.language) or label
    return Part(text, reading.at.item(field.references, value))


def _text(field: Field, value: Any, language: Language) -> str:
    if field.codelist is not None:
        return field.codelist.title(str(value), language)
    if isinstance(value, bool):
        return wording(language)["yes" if value else "no"]
    if field.type is FieldType.TIMESTAMP:
        return local_time(datetime.fromisoformat(value), language)
    if field.type is FieldType.DATE:
        return medium_date(date.fromisoformat(value), language)
    if isinstance(value, int | float) and not field.name.endswith("year"):
        return number(value, language)
    return _flat(value)


def _flat(value: Any) -> str:
    """A structure in one line."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return str(value)


def _column(field: Field, language: Language) -> Column:
    return Column(
        field.name,
        field.title[language],
        field.description[language],
        unit_word(field.unit, language) if field.unit else None,
        measured("{}", field.unit or "", language),
        field.type in _NUMERIC,
    )
