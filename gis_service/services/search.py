"""Searching all that a reader may see by its names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import orjson

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Principal, visible_collections
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import LANGUAGES, Collection
from gis_service.model.hits import Hit
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.search import search_statement, searchable

SHORTEST = 3
"""Letters that a search needs: the index knows groups of three."""
LONGEST = 100
_LIKE_A_TITLE = 0.75


class Search:
    """Finds items and collections by name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def hits(
        self,
        text: str,
        principal: Principal,
        *,
        limit: int,
        collections: Sequence[str] | None = None,
    ) -> tuple[Hit, ...]:
        """
        What is called so, or nearly so; the best first.

        Parameters
        ----------
        collections
            Ids of the only ones to search; None searches all.

        Raises
        ------
        InvalidParameter
            The text is too short or too long, or there is no such collection
            for this reader.
        """
        letters = sum(map(str.isalnum, text))
        if letters < SHORTEST or len(text) > LONGEST:
            raise InvalidParameter(
                "q", text, f"it needs from {SHORTEST} letters to {LONGEST} characters"
            )
        audience = principal.audience
        wanted = _chosen(visible_collections(audience), collections)
        titled = [hit for c in wanted if (hit := _titled(c, text)) is not None]
        searched = searchable(wanted, audience)
        rows = []
        if searched:
            statement = search_statement(text, searched, audience, limit=limit)
            rows = await self._reader.rows(statement, Login.of(audience))
        found = [
            Hit(
                REGISTRY[row["collection"]],
                row["id"],
                row["label"],
                row["score"],
                row["position"] and orjson.loads(row["position"]),
            )
            for row in rows
        ]
        return tuple(sorted([*titled, *found], key=lambda hit: -hit.score)[:limit])


def _chosen(
    visible: Iterable[Collection], ids: Sequence[str] | None
) -> tuple[Collection, ...]:
    known = {collection.id: collection for collection in visible}
    if ids is None:
        return tuple(known.values())
    for id_ in ids:
        if id_ not in known:
            raise InvalidParameter(
                "collections", id_, f"it names collections, with commas between: {', '.join(known)}"
            )
    return tuple(known[id_] for id_ in dict.fromkeys(ids))


def _titled(collection: Collection, text: str) -> Hit | None:
    """The collection itself, when its title in either language is like the text."""
    asked = _folded(text)
    titles = [_folded(collection.title[language]) for language in LANGUAGES]
    likeness = max(SequenceMatcher(None, asked, title).ratio() for title in titles)
    if likeness < _LIKE_A_TITLE:
        return None
    return Hit(collection, None, None, likeness + (asked in titles))


def _folded(text: str) -> str:
    """As the database folds names: small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).strip()
