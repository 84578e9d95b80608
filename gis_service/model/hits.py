"""What a search finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gis_service.model.fields import Collection


@dataclass(frozen=True, slots=True)
class Hit:
    """
    An item, or a collection itself.

    Parameters
    ----------
    id
        The item's id; None stands for the collection.
    position
        A GeoJSON point on the item; None where it has none for this reader.
    score
        Higher is better; up to 2.
    """

    collection: Collection
    id: UUID | None
    label: str | None
    score: float
    position: dict[str, Any] | None = None
