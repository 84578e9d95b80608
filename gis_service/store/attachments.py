"""Photos of items, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Select, select
from sqlalchemy.dialects.postgresql import insert

from gis_service.store.internal import ATTACHMENTS

MOST_SHOWN = 60


def keep(values: Mapping[str, Any]) -> Insert:
    """Keep a photo; of one whose id is there already, what is there stays. Its id if it is new."""
    return (
        insert(ATTACHMENTS).values(dict(values)).on_conflict_do_nothing()
        .returning(ATTACHMENTS.c.id)
    )


def known(id_: UUID) -> Select[Any]:
    """What is told of a photo: its hashes, type, length, and what it shows."""
    return select(*_told()).where(ATTACHMENTS.c.id == id_)


def content(id_: UUID) -> Select[Any]:
    """A photo: `content`, `media_type` and `sha256`."""
    return select(
        ATTACHMENTS.c.content, ATTACHMENTS.c.media_type, ATTACHMENTS.c.sha256
    ).where(ATTACHMENTS.c.id == id_)


def of_items(ids: list[UUID]) -> Select[Any]:
    """What is told of the photos of some items, the newest first."""
    return (
        select(*_told())
        .where(ATTACHMENTS.c.item_id.in_(ids))
        .order_by(ATTACHMENTS.c.taken_at.desc().nulls_last(), ATTACHMENTS.c.created_at.desc())
        .limit(MOST_SHOWN)
    )


def _told() -> list[Any]:
    return [c for c in ATTACHMENTS.c if c.name != "content"]
