"""
A package of the Open Fibre Data Standard (OFDS) as plain objects, and its version.

The shape is that of the standard's JSON: `{"networks": [...]}`. Nothing is
renamed, reordered or rounded, whatever form the package came in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.model.ofds import (
    VERSIONS,
    OfdsVersion,
    likely_version,
    version_named,
    version_of,
)

Json = dict[str, Any]

ARRAYS = ("nodes", "spans", "phases", "organisations", "contracts", "wayleaves")
"""The arrays of a network whose objects are rows here."""
_TAG = re.compile(r"/(\d+)__(\d+)__\d+/")


@dataclass(frozen=True, slots=True)
class Package:
    """
    A package as it was read.

    Parameters
    ----------
    document
        `{"networks": [...]}` with every property that the file had.
    form
        What it was read from: `JSON`, `JSON Lines`, `CSV`, `GeoJSON` ...
    sha256
        Of the file's bytes.
    notes
        What the reader should know about the file as a whole.
    """

    document: Json
    form: str
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def networks(self) -> list[Json]:
        found: list[Json] = self.document["networks"]
        return found


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """The version that a network is read in; `note` where it does not say so itself."""

    version: OfdsVersion
    note: str = ""


def find_version(network: Mapping[str, Any], *, asked: str | None = None) -> FoundVersion:
    """
    The version of the standard that a network is written in.

    It stands in `links[0].href` and nowhere else. Without it, `asked` counts,
    and then the properties that are there: some are of 0.4 alone.

    Raises
    ------
    UnreadableFile
        It states a version that is not read, or another one than `asked`.
    InvalidInput
        There is no version `asked`.
    """
    named = None if asked is None else version_named(asked)
    stated = _stated(network)
    if stated is not None:
        if stated not in VERSIONS:
            raise UnreadableFile(
                f"The network {network.get('id')!r} is written in OFDS {stated}; "
                f"{', '.join(VERSIONS)} are read."
            )
        if named is not None and named.id != stated:
            raise UnreadableFile(
                f"The network {network.get('id')!r} says that it is written in OFDS {stated}, "
                f"not {named.id}. Leave --ofds-version out."
            )
        return FoundVersion(VERSIONS[stated])
    if named is not None:
        return FoundVersion(named)
    version = likely_version(network)
    return FoundVersion(
        version,
        "The package does not say its version (links[0].href); by its properties it was read "
        f"as OFDS {version.id}. Name another one with --ofds-version.",
    )


def head_of(network: Mapping[str, Any]) -> Json:
    """A network without the objects of its arrays; an array that is there stays, empty."""
    return {
        name: [] if name in ARRAYS and isinstance(value, list) else value
        for name, value in network.items()
    }


def objects_of(network: Mapping[str, Any], array: str) -> list[Any]:
    """The members of one of a network's arrays; none where it is no array."""
    found = network.get(array)
    return found if isinstance(found, list) else []


def _stated(network: Mapping[str, Any]) -> str | None:
    known = version_of(network)
    if known is not None:
        return known.id
    links = network.get("links")
    first = links[0] if isinstance(links, list) and links else None
    href = first.get("href") if isinstance(first, dict) else None
    found = _TAG.search(href) if isinstance(href, str) else None
    return f"{found[1]}.{found[2]}" if found else None
