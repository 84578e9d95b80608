"""The words in which a process is declared."""

from __future__ import annotations

from dataclasses import dataclass, field

from gis_service.model.audience import Audience
from gis_service.model.fields import Codelist, Field, FieldType, Text

AREA_OR_LINE = ("LineString", "MultiLineString", "Polygon", "MultiPolygon")
RESULT = "result"
"""Name of the one output that every process has."""
ROLE = "role"
"""Property by which an answer with several kinds of features tells them apart."""


@dataclass(frozen=True, slots=True)
class GeometryInput:
    """
    A geometry: GeoJSON in degrees of WGS84, longitude before latitude.

    Parameters
    ----------
    types
        The types of geometry that it may be.
    """

    name: str
    title: Text
    description: Text
    types: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """
    What a process is asked with.

    Parameters
    ----------
    field
        Its name, type, unit and bounds, in the words of the registry.
    default
        What it is when it is not given; None for nothing.
    """

    field: Field | GeometryInput
    default: str | float | bool | None = None

    @property
    def name(self) -> str:
        return self.field.name


@dataclass(frozen=True, slots=True)
class Process:
    """
    A question about the network, answered at once.

    Parameters
    ----------
    id
        Part of its address, in the words of OGC API - Processes.
    audience
        The reader who sees least of those who may ask it.
    changes
        Whether it changes data, so that it cannot be asked by an address alone.
    geojson
        Whether its answer is GeoJSON; otherwise it is plain JSON.
    then
        The process that does something with what this one found, if there is one:
        it takes inputs of the same names.
    answer
        What the properties and members of its answer mean, for people; those
        that are not told here are left out of pages.
    """

    id: str
    title: Text
    description: Text
    inputs: tuple[Input, ...]
    audience: Audience
    changes: bool = False
    geojson: bool = True
    then: str | None = None
    answer: tuple[Field, ...] = ()
    by_name: dict[str, Input] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.inputs})

    def __hash__(self) -> int:
        return hash(self.id)


def given(
    name: str,
    type_: FieldType,
    title: tuple[str, str],
    description: tuple[str, str],
    *,
    default: str | float | bool | None = None,
    unit: str | None = None,
    codelist: Codelist | None = None,
    references: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    required: bool = False,
) -> Input:
    """An input that holds a value, or several of them."""
    return Input(
        Field(
            name, type_, Text(*title), Text(*description), unit=unit, codelist=codelist,
            references=references, minimum=minimum, maximum=maximum, required=required,
        ),
        default,
    )


def told(
    name: str,
    type_: FieldType,
    title: tuple[str, str],
    description: tuple[str, str] = ("", ""),
    *,
    unit: str | None = None,
    codelist: Codelist | None = None,
    references: str | None = None,
) -> Field:
    """A property or member of an answer, with its unit."""
    return Field(
        name, type_, Text(*title), Text(*description), unit=unit, codelist=codelist,
        references=references,
    )


def shape(
    name: str,
    title: tuple[str, str],
    description: tuple[str, str],
    *,
    types: tuple[str, ...] = AREA_OR_LINE,
    required: bool = False,
) -> Input:
    """An input that holds a geometry."""
    return Input(GeometryInput(name, Text(*title), Text(*description), types, required))
