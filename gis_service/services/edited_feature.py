"""The form of what an edit sends: a GeoJSON Feature, or a merge patch to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from gis_service.errors import InvalidInput
from gis_service.model.edits import Edit
from gis_service.model.rights import Operation
from gis_service.services.edited_values import uuid_or_none

MEMBERS = frozenset({"type", "id", "geometry", "properties", "links", "bbox"})
"""What a feature may hold; `links` and `bbox` are ours to make and are passed over."""


def feature_of(edit: Edit) -> dict[str, Any]:
    """
    The feature, or the patch to it.

    Raises
    ------
    InvalidInput
        It has not the form of one.
    """
    feature = edit.feature
    if not isinstance(feature, dict):
        raise InvalidInput("A GeoJSON Feature is needed: a JSON object.")
    unknown = sorted(set(feature) - MEMBERS)
    if unknown:
        raise InvalidInput(
            f"A feature has no member {unknown[0][:60]!r} here. Known: "
            f"{', '.join(sorted(MEMBERS))}. What describes the item belongs in properties."
        )
    type_ = feature.get("type", "Feature" if edit.operation is Operation.UPDATE else None)
    if type_ != "Feature":
        raise InvalidInput('A GeoJSON Feature is needed: its type is "Feature".')
    return feature


def properties_of(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Its properties, by name; none where they are null."""
    properties = feature.get("properties", {})
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise InvalidInput("A feature's properties are a JSON object.")
    return dict(properties)


def chosen_id(feature: Mapping[str, Any]) -> UUID | None:
    """A UUID is the client's choice; a number counts in the client's own list and says nothing."""
    given = feature.get("id")
    if given is None or (isinstance(given, int | float) and not isinstance(given, bool)):
        return None
    id_ = uuid_or_none(given)
    if id_ is None:
        raise InvalidInput("The id that a client chooses for a new item must be a UUID.")
    return id_


def keep_id(patch: Mapping[str, Any], id_: UUID) -> None:
    """Refuse a patch that would give the item another id."""
    if "id" in patch and uuid_or_none(patch["id"]) != id_:
        raise InvalidInput("An item's id stays as it is; nothing was changed.")


def is_same(given: object, stands: object) -> bool:
    """Whether a value is what stands there; clients write times in several ways."""
    if given is None or given == stands:
        return True
    try:
        one, other = (datetime.fromisoformat(str(each)) for each in (given, stands))
        return abs((one - other).total_seconds()) < 0.001
    except (ValueError, TypeError, OverflowError):
        return False
