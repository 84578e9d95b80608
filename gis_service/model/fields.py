"""The words in which a collection is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Language = Literal["en", "sw"]
LANGUAGES: tuple[Language, ...] = ("en", "sw")


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in English and Kiswahili."""

    en: str
    sw: str

    def __getitem__(self, language: Language) -> str:
        return self.sw if language == "sw" else self.en


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a codelist, spelled as its standard spells it."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True)
class Codelist:
    """
    A list of codes with titles.

    A closed list admits its own codes only; an open one admits others, which
    a load reports and keeps.
    """

    name: str
    codes: tuple[Code, ...]
    closed: bool = True
    source: str = ""

    def __contains__(self, code: object) -> bool:
        return any(c.code == code for c in self.codes)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def values(self) -> tuple[str, ...]:
        return tuple(c.code for c in self.codes)

    def title(self, code: str, language: Language) -> str:
        """The title of `code`; the code itself where an open list does not know it."""
        for known in self.codes:
            if known.code == code:
                return known.title[language]
        return code


class FieldType(StrEnum):
    """
    What a field holds; `CODES` and `REFERENCES` hold several.

    `PERSON` is an opaque id; who it stands for is in `people` and can be erased.
    """

    TEXT = "text"
    CODE = "code"
    CODES = "codes"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    REFERENCE = "reference"
    REFERENCES = "references"
    OBJECT = "object"
    PERSON = "person"


class GeometryType(StrEnum):
    """Geometry of a collection's items, named as in OGC Simple Features."""

    POINT = "Point"
    LINE_STRING = "LineString"
    MULTI_POLYGON = "MultiPolygon"


@dataclass(frozen=True, slots=True)
class Field:
    """
    One property of a collection's items.

    Parameters
    ----------
    name
        Column and property name; a unit is part of it (`route_length_m`).
    unit
        UCUM-like unit shown to people ("m", "Mbit/s").
    minimum, maximum
        Bounds of a number, both inclusive.
    references
        The collection whose items a REFERENCE or REFERENCES field names.
    public
        Whether the public may see it at all.
    public_step
        The public sees a number rounded to a multiple of this.
    generated
        PostgreSQL expression over the row's other columns that computes it;
        nobody may write it.
    derived
        Name of the rule in `store.derived` that computes it from other rows;
        nobody may write it.
    personal
        Whether it may name a person, or say how to reach one: it is never
        public, and can be erased, from old versions too.
    """

    name: str
    type: FieldType
    title: Text
    description: Text
    unit: str | None = None
    codelist: Codelist | None = None
    references: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    searchable: bool = False
    public: bool = False
    public_step: float | None = None
    generated: str | None = None
    derived: str | None = None
    personal: bool = False

    @property
    def is_computed(self) -> bool:
        """Whether the service fills it, so that nobody may write it."""
        return (
            self.generated is not None
            or self.derived is not None
            or self.type is FieldType.PERSON
        )


@dataclass(frozen=True, slots=True)
class PublicRule:
    """
    Which rows the public sees, and how exactly.

    Parameters
    ----------
    only
        Property values a row must have, any of them per property.
    empty
        Properties that must have no value.
    exact_when
        Property and code that make a point public exactly as it is.
    geometry
        As it is, with vertices moved to the centres of a 100 m grid, or none.
    """

    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    empty: tuple[str, ...] = ()
    exact_when: tuple[str, str] | None = None
    geometry: Literal["exact", "snapped", "none"] = "exact"


@dataclass(frozen=True, slots=True)
class Collection:
    """
    One kind of thing on the map, declared once; everything else is derived.

    Parameters
    ----------
    key
        The property that identifies an item in a file: `external_id`, unique
        per network, or a code of its own (`code` for wards), unique everywhere.
    networked
        Whether each item belongs to one network.
    public
        The rule of what the public sees; None when it sees nothing of it.
    label
        The property that names an item to people.
    append_only
        Whether items are added and never changed.
    """

    id: str
    title: Text
    description: Text
    fields: tuple[Field, ...]
    geometry: GeometryType | None = None
    geometry_required: bool = True
    key: str = "external_id"
    networked: bool = True
    label: str = "name"
    public: PublicRule | None = None
    append_only: bool = False
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})
        if len(self.by_name) != len(self.fields):
            raise ValueError(f"{self.id} declares a field twice")

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def writable_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if not f.is_computed)

    @property
    def public_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.public)
