"""
From one version of the standard to another.

What has no place in a version is kept as a property of its own, which every
version allows, so that the way back finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gis_service.formats.ofds_mapping import INFRASTRUCTURE_TYPES
from gis_service.formats.ofds_package import Json
from gis_service.formats.ofds_writing import NetworkSource
from gis_service.model.ofds import OfdsVersion

_OLD_OWNER = "physicalInfrastructureProvider"
_NEW_OWNER = "transmissionMediumOwner"
_STRUCTURE = "supportingInfrastructure"
_STRUCTURE_OWNER = "supportingInfrastructureOwner"


def converted(network: NetworkSource, to: OfdsVersion) -> NetworkSource:
    """The network in another version."""
    if network.version.id == to.id:
        return network

    def objects(array: str) -> Iterator[Any]:
        for each in network.objects(array):
            yield _converted(array, each, network.version, to) if isinstance(each, dict) else each

    return NetworkSource(_with_version(network.head, to), to, objects)


def _with_version(head: Json, to: OfdsVersion) -> Json:
    links = head.get("links")
    others = links[1:] if isinstance(links, list) else []
    return {**head, "links": [{"rel": "describedby", "href": to.schema_uri}, *others]}


def _converted(array: str, object_: Json, from_: OfdsVersion, to: OfdsVersion) -> Json:
    newer = from_.id < "0.4" <= to.id
    older = to.id < "0.4" <= from_.id
    if array == "organisations" and (newer or older):
        return _roles(object_, newer=newer)
    if array not in {"nodes", "spans"}:
        return object_
    if newer:
        return _to_newer(array, object_)
    return _to_older(array, object_) if older else object_


def _to_newer(array: str, object_: Json) -> Json:
    """Owner of all becomes owner of the cable; the old property stays beside it."""
    made = dict(object_)
    if _OLD_OWNER in made:
        made.setdefault(_NEW_OWNER, made[_OLD_OWNER])
    structure = made.get(_STRUCTURE)
    structure = dict(structure) if isinstance(structure, dict) else {}
    if array == "spans":
        details = made.get("deploymentDetails")
        if isinstance(details, dict) and "description" in details:
            structure.setdefault("description", details["description"])
    else:
        types = made.get("type")
        stands = [t for t in types if _stands(t)] if isinstance(types, list) else []
        if stands and structure.get("type") in {None, stands[0]}:
            structure["type"] = stands[0]
            left = [t for t in types or () if t != stands[0]]
            made = {name: value for name, value in made.items() if name != "type"}
            if left:
                made["type"] = left
    if structure:
        made[_STRUCTURE] = structure
    return made


def _to_older(array: str, object_: Json) -> Json:
    """Owner of the cable, else of what carries it, becomes owner of all; both stay beside it."""
    made = dict(object_)
    structure = made.get(_STRUCTURE)
    structure = structure if isinstance(structure, dict) else {}
    owner = made.get(_NEW_OWNER) or structure.get("owner")
    if owner is not None:
        made.setdefault(_OLD_OWNER, owner)
    if array == "spans":
        if "description" in structure:
            made.setdefault("deploymentDetails", {"description": structure["description"]})
    elif _stands(structure.get("type")):
        types = made.get("type", [])
        if isinstance(types, list) and structure["type"] not in types:
            made["type"] = [*types, structure["type"]]
    return made


def _roles(object_: Json, *, newer: bool) -> Json:
    roles = object_.get("roles")
    if not isinstance(roles, list):
        return object_
    if newer:
        names = {_OLD_OWNER: _NEW_OWNER}
    else:
        names = {_NEW_OWNER: _OLD_OWNER, _STRUCTURE_OWNER: _OLD_OWNER}
    found = [names.get(role, role) if isinstance(role, str) else role for role in roles]
    return {**object_, "roles": [r for place, r in enumerate(found) if r not in found[:place]]}


def _stands(type_: Any) -> bool:
    return isinstance(type_, str) and type_ in INFRASTRUCTURE_TYPES
