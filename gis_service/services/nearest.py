"""What lies nearest to a place."""

from __future__ import annotations

from gis_service.errors import NotFound
from gis_service.model.audience import Principal, visible_geometry
from gis_service.model.nearest import NearestQuery
from gis_service.model.queries import ItemsPage
from gis_service.store.nearest import bound_statement, nearest_statement
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


class Nearest:
    """Finds items by their distance along the ground."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, asked: NearestQuery, principal: Principal) -> ItemsPage:
        """
        The nearest items, the nearest first; there is no next page.

        Raises
        ------
        NotFound
            The collection's items have no position that this reader sees.
        """
        collection, audience = asked.query.collection, principal.audience
        if visible_geometry(collection, audience) is None:
            raise NotFound(f"{collection.id} has no positions to measure from.")
        login = Login.of(audience)
        first = await self._reader.row(bound_statement(asked, audience), login)
        if first is None or first["farthest_m"] is None:
            return ItemsPage(features=b"", returned=0, matched=None)
        within_m: float = first["farthest_m"]
        if asked.max_distance_m is not None:
            within_m = min(within_m, asked.max_distance_m)
        rows = await self._reader.rows(
            nearest_statement(asked, audience, within_m=within_m, box=asked.box(within_m)), login
        )
        features = ",".join(row["feature"] for row in rows)
        return ItemsPage(features=features.encode(), returned=len(rows), matched=None)
