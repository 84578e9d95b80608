"""What a person chose for an uploaded file, checked: how it is looked at, tried and loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gis_service.crs import parse_crs
from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.model.collections import REGISTRY
from gis_service.model.parts import Heights, Parts
from gis_service.services.mappings import SavedMapping, checked_mapping
from gis_service.services.syncing import check_sync
from gis_service.validation.codes import CodeReading, check_reading
from gis_service.validation.topology import NEAR_M, SNAP_M

LOOKING = ("layer", "crs", "encoding", "collection", "network")
"""What can be said before a file is looked at."""
OF_PACKAGES = ("network", "version", "read_only", "sync")
OF_LOADS = ("multi", "heights", "snap_m", "create_nodes", "sync")
"""Beside what a saved mapping holds."""
_LONGEST = 200


def looking(values: Mapping[str, Any]) -> dict[str, str | None]:
    """
    How a file is looked at.

    Raises
    ------
    InvalidInput, UnknownCollection
        Something else is said, or there is no such collection.
    """
    _only(values, LOOKING)
    chosen = {name: _text(name, values.get(name)) for name in LOOKING}
    if chosen["collection"] is not None:
        chosen["collection"] = REGISTRY[chosen["collection"]].id
    if chosen["crs"] is not None:
        parse_crs(chosen["crs"])
    return chosen


def looking_with(name: str, mapping: SavedMapping) -> dict[str, Any]:
    """
    How a file is looked at that is to be read by a saved mapping.

    Parameters
    ----------
    name
        Of the mapping's file.

    Raises
    ------
    InvalidInput, UnknownCollection, UnknownCrs
        Something of it cannot be.
    """
    values = {key: value for key, value in asdict(mapping).items() if value is not None}
    asked = looking({key: values.get(key) for key in LOOKING})
    return {**asked, "said": loading(values), "said_by": name}


def packaged(values: Mapping[str, Any]) -> dict[str, Any]:
    """How a package of the Open Fibre Data Standard is loaded."""
    _only(values, OF_PACKAGES)
    read_only = values.get("read_only")
    if read_only is not None and not isinstance(read_only, bool):
        raise InvalidParameter("read_only", read_only, "it is true or false")
    return {
        "package": True,
        "network": _text("network", values.get("network")),
        "version": _text("version", values.get("version")),
        "read_only": read_only,
        "sync": _yes("sync", values),
    }


def loading(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    How a file is loaded, as `LoadRequest` takes it.

    Parameters
    ----------
    values
        The keys of a saved mapping, and those of `OF_LOADS`.

    Raises
    ------
    InvalidInput, UnknownCollection, UnknownCrs
        Something of it cannot be.
    """
    mapping = mapping_of(values)
    if mapping.collection is None:
        raise InvalidInput("Say what the rows are: choose a collection.")
    collection = REGISTRY[mapping.collection]
    check_reading(collection, CodeReading(mapping.codes))
    multi = values.get("multi", Parts.MERGE.value)
    if multi not in list(Parts):
        raise InvalidParameter("multi", multi, f"it is one of {', '.join(Parts)}")
    heights = values.get("heights") or Heights.DROP.value
    if heights not in list(Heights):
        raise InvalidParameter("heights", heights, f"it is one of {', '.join(Heights)}")
    sync = _yes("sync", values)
    if sync:
        check_sync(collection, accept_partial=False)
    if mapping.crs is not None:
        parse_crs(mapping.crs)
    return {
        "collection": collection.id,
        "network": mapping.network if collection.networked else None,
        "layer": mapping.layer,
        "mapping": dict(mapping.columns),
        "constants": dict(mapping.constants),
        "codes": {name: dict(codes) for name, codes in mapping.codes.items()},
        "accept_codes": mapping.accept_codes,
        "crs": mapping.crs,
        "encoding": mapping.encoding,
        "make_ids": mapping.make_ids,
        "multi": str(multi),
        "heights": str(heights),
        "snap_m": _metres(values.get("snap_m", SNAP_M)),
        "create_nodes": _yes("create_nodes", values),
        "sync": sync,
    }


def mapping_of(values: Mapping[str, Any]) -> SavedMapping:
    """The part of what was chosen that is a saved mapping; raises `InvalidInput`."""
    return checked_mapping(
        "that was sent",
        {name: v for name, v in values.items() if name not in OF_LOADS and v is not None},
    )


def _only(values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = [name for name in values if name not in known]
    if unknown:
        raise InvalidParameter(
            "choice", unknown[0], f"there is no such choice; known: {', '.join(known)}"
        )


def _text(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise InvalidParameter(name, value, "it is a short text")
    return value


def _yes(name: str, values: Mapping[str, Any]) -> bool:
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise InvalidParameter(name, value, "it is true or false")
    return value


def _metres(value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= NEAR_M:  # type: ignore[arg-type, operator]
        raise InvalidParameter("snap_m", value, f"it is a number of metres from 0 to {NEAR_M:g}")
    return float(value)  # type: ignore[arg-type]
