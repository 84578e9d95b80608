"""The statement that reads what items are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Select,
    Text,
    Uuid,
    any_,
    cast,
    literal,
    select,
    union_all,
)

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection
from gis_service.store.readable import readable


def labels_statement(
    wanted: Mapping[Collection, Iterable[UUID]], audience: Audience
) -> CompoundSelect[Any] | None:
    """
    A row for each item that this audience may see: `collection`, `id`, `label`.

    None when nothing is wanted whose name the audience may see.
    """
    parts = [
        _labels(collection, ids, audience)
        for collection, ids in wanted.items()
        if collection.label in readable(collection, audience).c
    ]
    return union_all(*parts) if parts else None


def _labels(collection: Collection, ids: Iterable[UUID], audience: Audience) -> Select[Any]:
    source = readable(collection, audience)
    return select(
        literal(collection.id, Text).label("collection"),
        source.c.id,
        cast(source.c[collection.label], Text).label("label"),
    ).where(source.c.id == any_(literal(list(ids), ARRAY(Uuid))))
