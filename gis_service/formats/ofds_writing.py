"""
A package as a file, object by object, so that no memory grows with it.

A package to be written gives its objects one after the other, as often as it is
asked: from memory, or from a folder in which they wait.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from gis_service.formats.ofds_package import ARRAYS, Json, head_of, objects_of
from gis_service.model.ofds import OfdsVersion


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """
    A network to be written.

    Parameters
    ----------
    head
        The network with its arrays empty.
    objects
        Gives the members of an array from the first one on.
    """

    head: Json
    version: OfdsVersion
    objects: Callable[[str], Iterator[Any]]

    @property
    def arrays(self) -> tuple[str, ...]:
        """Its arrays in their order: those that it has, then those that have members."""
        named = [name for name, value in self.head.items() if name in ARRAYS and value == []]
        more = [
            name for name in ARRAYS
            if name not in self.head and next(self.objects(name), self) is not self
        ]
        return (*named, *more)


@dataclass(frozen=True, slots=True)
class PackageSource:
    """
    A package to be written.

    Parameters
    ----------
    around
        The package with its `networks` empty.
    """

    around: Json
    networks: Sequence[NetworkSource]


def in_memory(document: Json, versions: Sequence[OfdsVersion]) -> PackageSource:
    """A package that is in memory, with the version of each of its networks."""
    return PackageSource(
        {**document, "networks": []},
        [
            NetworkSource(
                head_of(network), version, partial(_members_of, network)
            )
            for network, version in zip(document["networks"], versions, strict=True)
        ],
    )


class Spooled:
    """The objects of one network, waiting in a folder: a line of JSON for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def add(self, array: str, objects: Iterable[Any]) -> None:
        with (self._folder / array).open("a", encoding="utf-8") as file:
            for each in objects:
                file.write(dumped(each) + "\n")

    def objects(self, array: str) -> Iterator[Any]:
        path = self._folder / array
        if path.exists():
            with path.open(encoding="utf-8") as file:
                yield from map(json.loads, file)


def write_json(package: PackageSource, out: IO[bytes]) -> None:
    """The package in JSON, an object to a line."""
    def put(text: str) -> None:
        out.write(text.encode())

    _members(put, package.around, {"networks": partial(_networks, put, package)})
    put("\n")


def dumped(value: Any) -> str:
    """JSON without blanks; numbers as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _members_of(network: Json, array: str) -> Iterator[Any]:
    return iter(objects_of(network, array))


def _networks(put: Callable[[str], None], package: PackageSource) -> None:
    put("[\n")
    for place, network in enumerate(package.networks):
        if place:
            put(",\n")
        arrays = network.arrays
        head = network.head | {name: [] for name in arrays}
        _members(put, head, {name: partial(_array, put, network, name) for name in arrays})
    put("\n]")


def _array(put: Callable[[str], None], network: NetworkSource, name: str) -> None:
    put("[")
    for place, each in enumerate(network.objects(name)):
        put(",\n" if place else "\n")
        put(dumped(each))
    put("]")


def _members(
    put: Callable[[str], None], head: Json, streamed: dict[str, Callable[[], None]]
) -> None:
    """An object whose streamed members write themselves."""
    put("{")
    for place, (name, value) in enumerate(head.items()):
        if place:
            put(",\n")
        put(f"{dumped(name)}:")
        if name in streamed:
            streamed[name]()
        else:
            put(dumped(value))
    put("}")
