"""Who may change which collection, in one place: grants, routes and documents derive from it."""

from __future__ import annotations

from enum import StrEnum

from gis_service.model.audience import Audience, editable_fields
from gis_service.model.collections import SYSTEM_FIELDS
from gis_service.model.fields import Collection, Field

FIELD_RECORDS = ("work_log", "measurements", "faults")
"""What technicians add where they work; they change nothing that stands."""
FIELD_ADDED = ("network_nodes", "fibre_links", "structures", "offices", "equipment")
"""What technicians add besides, by field operations alone."""
FIELD_CHANGED = ("network_nodes", "structures", "offices", "equipment", "faults")
"""What technicians change, by field operations alone: each is kept as it came, and merged."""

HISTORIANS = Audience.PLANNER
"""The audience from which on readers may know how things stood before."""


class Operation(StrEnum):
    """What can be done to an item."""

    CREATE = "create"
    REPLACE = "replace"
    UPDATE = "update"
    DELETE = "delete"


def rights(collection: Collection, audience: Audience) -> frozenset[Operation]:
    """What an audience may do to the items of a collection; reading is another question."""
    if not audience.is_staff:
        return frozenset()
    if not audience.includes(Audience.PLANNER):
        return frozenset({Operation.CREATE} if collection.id in FIELD_RECORDS else ())
    return frozenset({Operation.CREATE} if collection.append_only else Operation)


def field_rights(collection: Collection, audience: Audience) -> frozenset[Operation]:
    """What an audience may do to the items of a collection by field operations."""
    may = set(rights(collection, audience))
    if audience.is_staff and collection.id in FIELD_ADDED:
        may.add(Operation.CREATE)
    if audience.is_staff and collection.id in FIELD_CHANGED:
        may.add(Operation.UPDATE)
    return frozenset(may)


def possible(collection: Collection) -> frozenset[Operation]:
    """What anyone at all may do to the items of a collection."""
    return rights(collection, Audience.ADMIN)


def receivable_fields(collection: Collection, audience: Audience) -> tuple[Field, ...]:
    """The fields that an audience may fill where it may change items at all."""
    if not rights(collection, audience):
        return ()
    fields = editable_fields(collection)
    if sets_visibility(audience):
        return fields
    return tuple(f for f in fields if f not in SYSTEM_FIELDS)


def sets_visibility(audience: Audience) -> bool:
    """Whether an audience decides who may see an item: who publishes may also withhold."""
    return publishes(audience)


def waits_for_publishing(collection: Collection, audience: Audience) -> bool:
    """Whether only staff see what an audience adds in the field, until somebody publishes it."""
    added = collection.id in FIELD_ADDED and collection.public is not None
    return added and not sets_visibility(audience)


def publishes(audience: Audience) -> bool:
    """Whether an audience looks at what the public sees, and stands by it."""
    return audience.includes(Audience.PLANNER)


def loads(audience: Audience) -> bool:
    """Whether an audience loads files, and knows of what others loaded."""
    return audience.includes(Audience.PLANNER)


def settles_reports(audience: Audience) -> bool:
    """Whether an audience reads what citizens report, accepts it or refuses it."""
    return audience.includes(Audience.PLANNER)


def reads_history(audience: Audience) -> bool:
    """Whether an audience may know how things stood before."""
    return audience.includes(HISTORIANS)


def keeps_people(audience: Audience) -> bool:
    """Whether an audience makes people and their keys known, and reads who did what."""
    return audience is Audience.ADMIN


def reads_names(audience: Audience) -> bool:
    """Whether an audience may know who stands behind the ids of people."""
    return audience is Audience.ADMIN
