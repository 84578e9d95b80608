"""Scopes: the municipalities or counties that share one installation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection

SCOPED = (Audience.TECHNICIAN, Audience.PLANNER)
"""Audiences that can be held to a scope; whoever keeps people and keys is of the whole."""
MOST_SCOPES = 999
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What the staff of one municipality or county are held to.

    Parameters
    ----------
    name
        Small letters, digits and dashes: what keys are made for.
    networks
        Identifiers of its networks, by name: rows belong to a scope by their network.
    wards
        Codes of its wards: what citizens report there is its staff's to settle.
    keys
        How many live keys are held to it.
    """

    id: int
    name: str
    title: str
    networks: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    keys: int = 0


def is_name(text: str) -> bool:
    """Whether a text can be the name of a scope."""
    return _NAME.fullmatch(text) is not None


def shared(collection: Collection) -> bool:
    """Whether a collection belongs to nobody in particular: all staff read it, no scope writes."""
    return not collection.networked and collection.id != "node_joins"
