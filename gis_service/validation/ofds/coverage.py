"""Which properties of the standard a package fills, and which it adds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from gis_service.model.ofds import Kind
from gis_service.model.quality import AdditionalField, FieldCoverage
from gis_service.validation.ofds.findings import shown
from gis_service.validation.ofds.view import NetworkView

_EXAMPLES = 3


class Tally:
    """Counts of properties of some networks, named from the network without indices."""

    def __init__(self) -> None:
        self.objects: Counter[tuple[str, ...]] = Counter()
        self.filled: Counter[tuple[str, ...]] = Counter()
        self.known: dict[tuple[str, ...], None] = {}
        self.added: Counter[tuple[str, ...]] = Counter()
        self.examples: dict[tuple[str, ...], list[str]] = defaultdict(list)

    def add(self, view: NetworkView, class_name: str, value: Any, path: tuple[str, ...]) -> None:
        if not isinstance(value, Mapping):
            return
        self.objects[path] += 1
        properties = view.version.properties(class_name)
        for property_ in properties:
            here = (*path, property_.name)
            self.known.setdefault(here)
            found = value.get(property_.name)
            if found in (None, "", [], {}):
                continue
            self.filled[here] += 1
            if property_.kind is Kind.OBJECT:
                for each in found if isinstance(found, list) else (found,):
                    self.add(view, property_.of, each, here)
        names = {property_.name for property_ in properties}
        for name in value.keys() - names:
            here = (*path, name)
            self.added[here] += 1
            if len(self.examples[here]) < _EXAMPLES:
                self.examples[here].append(shown(value[name]))

    def add_all(self, other: Tally) -> None:
        """Count what another has counted, of networks that come after these."""
        self.objects.update(other.objects)
        self.filled.update(other.filled)
        self.known |= other.known
        self.added.update(other.added)
        for path, examples in other.examples.items():
            mine = self.examples[path]
            mine += examples[: _EXAMPLES - len(mine)]


def tallied(view: NetworkView) -> Tally:
    """The counts of one network."""
    tally = Tally()
    tally.add(view, "Network", view.network, ())
    return tally


def coverage(tally: Tally) -> tuple[tuple[FieldCoverage, ...], tuple[AdditionalField, ...]]:
    """
    The filled share of every property, and the properties that the standard lacks.

    Properties of objects that no network has are left out.
    """
    filled = tuple(
        FieldCoverage("/".join(path), tally.filled[path], tally.objects[path[:-1]])
        for path in tally.known
    )
    added = tuple(
        AdditionalField("/".join(path), count, tuple(tally.examples[path]))
        for path, count in sorted(tally.added.items())
    )
    return filled, added
