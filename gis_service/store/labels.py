"""The statements that read what items are called, and which items are called so."""

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
    or_,
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


def called_statement(
    collection: Collection, texts: Iterable[str], audience: Audience
) -> Select[Any]:
    """
    A row for each item that this audience may see and that a text names.

    Returns
    -------
    Select
        `id`; `text` by which it is named; and whether that is its `key`, which
        is unique in a network, instead of what people call it.
    """
    source = readable(collection, audience)
    wanted = any_(literal(list(texts), ARRAY(Text)))
    parts = [
        select(source.c.id, cast(source.c[name], Text).label("text"), literal(is_key).label("key"))
        .where(cast(source.c[name], Text) == wanted)
        for name, is_key in ((collection.key, True), (collection.label, False))
        if name in source.c
    ]
    return select(union_all(*parts).subquery())


def tagged_statement(collection: Collection, tag: str, audience: Audience) -> Select[Any]:
    """The `id` of the item whose label says so: its asset tag, or its identifier in files."""
    source = readable(collection, audience)
    names = [name for name in ("asset_tag", collection.key) if name in source.c]
    return (
        select(source.c.id)
        .where(or_(*(source.c[name] == tag for name in names)))
        .order_by(*((source.c[name] == tag).desc() for name in names), source.c.id)
        .limit(1)
    )


def _labels(collection: Collection, ids: Iterable[UUID], audience: Audience) -> Select[Any]:
    source = readable(collection, audience)
    return select(
        literal(collection.id, Text).label("collection"),
        source.c.id,
        cast(source.c[collection.label], Text).label("label"),
    ).where(source.c.id == any_(literal(list(ids), ARRAY(Uuid))))
