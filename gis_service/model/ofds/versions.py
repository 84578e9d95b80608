"""The versions of the standard, told apart by `links[0].href` of a network alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gis_service.errors import InvalidInput
from gis_service.model.ofds.classes import CLASSES
from gis_service.model.ofds.words import OfdsClass, Property

_GITHUB = "https://raw.githubusercontent.com/Open-Telecoms-Data/open-fibre-data-standard"
_SITE = "https://standard.ofds.info/en"


@dataclass(frozen=True)
class OfdsVersion:
    """
    One version of the standard.

    Parameters
    ----------
    id
        As people say it: "0.3".
    schema_uri
        What `links[0].href` of a network says.
    """

    id: str
    schema_uri: str
    package_schema_uri: str

    @cached_property
    def _properties(self) -> Mapping[str, tuple[Property, ...]]:
        return {
            c.name: tuple(p for p in c.properties if p.in_version(self.id)) for c in self.classes
        }

    @cached_property
    def classes(self) -> tuple[OfdsClass, ...]:
        """The classes of this version; Network first."""
        return tuple(c for c in CLASSES if c.in_version(self.id))

    @cached_property
    def _by_name(self) -> Mapping[str, OfdsClass]:
        return {c.name: c for c in self.classes}

    def class_named(self, name: str) -> OfdsClass:
        return self._by_name[name]

    def properties(self, class_name: str) -> tuple[Property, ...]:
        """The properties of a class in this version, in the standard's order."""
        return self._properties[class_name]

    def array_of(self, class_name: str) -> str:
        """The array of a network that holds the objects of a class: `nodes` for Node."""
        return next(
            p.name for p in self.properties("Network") if p.array and p.of == class_name
        )

    def sealed(self, class_: OfdsClass) -> bool:
        """Whether properties of other names are invalid in this class."""
        return bool(class_.sealed_since) and class_.sealed_since <= self.id

    def forbidden(self, class_: OfdsClass) -> tuple[str, ...]:
        """Names that a property of this class may not have."""
        return class_.forbidden if class_.forbidden_since <= self.id else ()


def _version(id_: str, base: str) -> OfdsVersion:
    return OfdsVersion(
        id_, f"{base}/network-schema.json", f"{base}/network-package-schema.json"
    )


VERSIONS: Mapping[str, OfdsVersion] = {
    version.id: version
    for version in (
        _version("0.2", f"{_GITHUB}/0__2__0/schema"),
        _version("0.3", f"{_GITHUB}/0__3__0/schema"),
        _version("0.4", f"{_SITE}/0__4__0"),
    )
}
CURRENT = VERSIONS["0.4"]
_BY_URI = {version.schema_uri: version for version in VERSIONS.values()}


def version_named(name: str) -> OfdsVersion:
    """
    The version that a person names, such as "0.3" or "0.3.0".

    Raises
    ------
    InvalidInput
        There is none of that name.
    """
    for id_, version in VERSIONS.items():
        if name.strip() in {id_, f"{id_}.0"}:
            return version
    raise InvalidInput(
        f"There is no version {name[:20]!r} of the Open Fibre Data Standard here. "
        f"Known: {', '.join(VERSIONS)}."
    )


def version_of(network: Mapping[str, Any]) -> OfdsVersion | None:
    """The version that a network names as its own in `links[0].href`; None where it does not."""
    links = network.get("links")
    first = links[0] if isinstance(links, list) and links else None
    href = first.get("href") if isinstance(first, Mapping) else None
    return _BY_URI.get(href) if isinstance(href, str) else None


def likely_version(network: Mapping[str, Any]) -> OfdsVersion:
    """The version of a network that names none: 0.4 where it has a property that only 0.4 has."""
    older = VERSIONS["0.3"]
    if not _newer("Network", older).isdisjoint(network):
        return CURRENT
    for array in (p for p in older.properties("Network") if p.array):
        newer, found = _newer(array.of, older), network.get(array.name)
        for each in found if isinstance(found, list) else ():
            if isinstance(each, Mapping) and not newer.isdisjoint(each):
                return CURRENT
    return older


def _newer(class_name: str, older: OfdsVersion) -> frozenset[str]:
    before = {p.name for p in older.properties(class_name)}
    return frozenset(p.name for p in CURRENT.properties(class_name)) - before
