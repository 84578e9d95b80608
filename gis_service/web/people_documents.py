"""People and keys as programs are told of them, and the words of their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from gis_service.model.collections import REGISTRY
from gis_service.model.days import day_of
from gis_service.model.fields import Language
from gis_service.model.keys import KeyRecord
from gis_service.model.locales import medium_date
from gis_service.services.history import plain
from gis_service.services.people import Mention, Person
from gis_service.web.asked import Asked


def days(language: Language) -> Callable[[datetime | None], str]:
    """What writes a day in a language."""

    def day(at: datetime | None) -> str:
        return "" if at is None else medium_date(day_of(at), language)

    return day


def place(mention: Mention, asked: Asked) -> str:
    """Where rows carry an id, in the reader's language."""
    words = asked.words
    if mention.collection is None:
        return words[f"kept_{mention.table}"]
    title = REGISTRY[mention.collection].title[asked.language]
    return words["kept_history"].format(title=title) if mention.of_history else title


def person_document(person: Person, held: list[KeyRecord]) -> dict[str, Any]:
    """A person with their keys."""
    return {
        "id": str(person.id),
        "name": person.name,
        "contact": person.contact,
        "created_at": plain(person.created_at),
        "erased_at": plain(person.erased_at),
        "keys": [key_document(each) for each in held],
    }


def key_document(key: KeyRecord) -> dict[str, Any]:
    """What is told of a key: of its last use the day alone."""
    return {
        "prefix": key.prefix,
        "role": key.role.value,
        "client": key.client,
        "ward": key.ward,
        "state": key.state.value,
        "created_at": plain(key.created_at),
        "expires_at": plain(key.expires_at),
        "revoked_at": plain(key.revoked_at),
        "last_used_on": None if key.last_used_at is None else plain(day_of(key.last_used_at)),
    }
