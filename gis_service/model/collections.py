"""
The collection registry: every kind of thing on the map, declared once.

Tables, API documents, validation, file mapping, popups, forms and the data
dictionary are derived from these declarations. A new kind of thing is one
declaration here and one migration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gis_service.errors import UnknownCollection
from gis_service.model import codelists
from gis_service.model.declarations.joins import NODE_JOINS
from gis_service.model.declarations.network import (
    CONTRACTS,
    NETWORKS,
    ORGANISATIONS,
    PHASES,
    WAYLEAVES,
)
from gis_service.model.declarations.operations import (
    EQUIPMENT,
    FAULTS,
    MEASUREMENTS,
    SCENARIOS,
    WORK_LOG,
)
from gis_service.model.declarations.places import OFFICES, POPULATION, ROADS, WARDS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.declarations.words import T, field
from gis_service.model.fields import Collection, Field

SYSTEM_FIELDS: tuple[Field, ...] = (
    field("visibility", T.CODE, ("Visibility", "Nani aone"),
           ("Who may see the row.", "Nani anaweza kuona."), codelist=codelists.VISIBILITY),
    field("version", T.INTEGER, ("Version", "Toleo"),
           ("Counts the row's changes.", "Huhesabu mabadiliko."), minimum=1),
    field("updated_at", T.TIMESTAMP, ("Updated at", "Ilisasishwa"),
           ("Time of its last change.", "Wakati wa badiliko la mwisho.")),
)
"""What every row has besides its collection's fields; staff see it, the public never."""


class Registry(Mapping[str, Collection]):
    """The collections by id, in an order in which references come after what they name."""

    def __init__(self, *collections: Collection) -> None:
        self._by_id = {c.id: c for c in collections}
        for position, collection in enumerate(collections):
            earlier = {c.id for c in collections[: position + 1]}
            for each in collection.fields:
                if each.references is not None and each.references not in earlier:
                    raise ValueError(f"{collection.id}.{each.name} names a later collection")

    def __getitem__(self, id_: str) -> Collection:
        try:
            return self._by_id[id_]
        except KeyError:
            raise UnknownCollection(id_, known=self._by_id) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id


REGISTRY = Registry(
    NETWORKS,
    ORGANISATIONS,
    PHASES,
    CONTRACTS,
    WAYLEAVES,
    WARDS,
    ROADS,
    POPULATION,
    NETWORK_NODES,
    NODE_JOINS,
    FIBRE_LINKS,
    STRUCTURES,
    OFFICES,
    EQUIPMENT,
    WORK_LOG,
    MEASUREMENTS,
    FAULTS,
    SCENARIOS,
)

LABELLED = tuple(each.id for each in (EQUIPMENT, NETWORK_NODES, OFFICES, STRUCTURES))
"""Collections whose items may carry a label, in the order in which a tag is looked for."""
