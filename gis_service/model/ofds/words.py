"""The words in which a class of the Open Fibre Data Standard is declared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CRS84_NAME = "urn:ogc:def:crs:OGC::CRS84"
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class Kind(StrEnum):
    """
    What a property holds, or each member of it where it is an array.

    `POSITION` is longitude, latitude and perhaps metres above the WGS84
    ellipsoid; `LINE` is two positions or more; `COORDINATES` is either.
    """

    TEXT = "text"
    CODE = "code"
    UUID = "uuid"
    DATE = "date"
    IRI = "iri"
    URI = "uri"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    POSITION = "position"
    LINE = "line"
    COORDINATES = "coordinates"


@dataclass(frozen=True, slots=True)
class Property:
    """
    One property of a class.

    Parameters
    ----------
    codelist
        Name of the codelist of a `CODE`.
    closed
        Only codes of the list are valid.
    of
        Name of the class of an `OBJECT`.
    refers_to
        Name of the class whose id this text is (`start` of a span: Node).
    const
        The one value that is valid.
    pattern
        Regular expression that the text must match.
    since, until
        First and last version that has it; empty for no bound.
    """

    name: str
    kind: Kind
    required: bool = False
    array: bool = False
    codelist: str = ""
    closed: bool = False
    of: str = ""
    refers_to: str = ""
    const: str = ""
    pattern: str = ""
    since: str = ""
    until: str = ""

    def in_version(self, version: str) -> bool:
        """Versions are compared as text: "0.2" < "0.3" < "0.4"."""
        return (not self.since or self.since <= version) and (
            not self.until or version <= self.until
        )


@dataclass(frozen=True, slots=True)
class OfdsClass:
    """
    One class: its properties in the order of the standard.

    Parameters
    ----------
    refers_to
        A reference class (`OrganisationReference`) names the class that its
        `id` belongs to.
    sealed_since
        First version in which properties of other names are invalid; empty
        where they are always allowed.
    forbidden_since
        Names that a property may not have, and since which version.
    may_be_empty
        The standard does not ask for a property at all.
    """

    name: str
    properties: tuple[Property, ...]
    refers_to: str = ""
    sealed_since: str = ""
    forbidden: tuple[str, ...] = ()
    forbidden_since: str = ""
    may_be_empty: bool = False
    since: str = ""
    until: str = ""

    def in_version(self, version: str) -> bool:
        return (not self.since or self.since <= version) and (
            not self.until or version <= self.until
        )
