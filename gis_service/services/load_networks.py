"""The network that rows of a file belong to, and the box that they must lie in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gis_service.errors import InvalidInput, InvalidParameter, NotFound
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection
from gis_service.store.ofds import is_read_only
from gis_service.store.surroundings import known_points, known_wards
from gis_service.store.tables import table
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.whereabouts import Surroundings


@dataclass(frozen=True, slots=True)
class LoadNetwork:
    """A network that rows are loaded into; without an id it stands for all that there are."""

    id: UUID | None
    external_id: str
    extent: Extent


def any_network(connection: Connection, asked: str | None) -> LoadNetwork:
    """
    The network of that name or the only one; else a box around all, or Kenya's.

    Raises
    ------
    NotFound
        There is none of that name.
    """
    known = _known(connection)
    if asked is not None:
        return _named(known, asked)
    if len(known) == 1:
        return _network(known[0])
    boxes = [KENYA]
    if known:
        with suppress(InvalidInput):
            boxes = [_network(each).extent for each in known]
    west, south, east, north = zip(*boxes, strict=True)
    return LoadNetwork(None, "", (min(west), min(south), max(east), max(north)))


def network_of(
    connection: Connection, collection: Collection, asked: str | None
) -> LoadNetwork | None:
    """
    The network that the rows of a collection belong to; None where they belong to none.

    Raises
    ------
    InvalidParameter, InvalidInput, NotFound
        There is none, none of that name, or several and none was named.
    """
    if not collection.networked:
        if asked is not None:
            raise InvalidParameter(
                "network", asked, f"{collection.title.en.lower()} belong to no network"
            )
        return None
    known = _known(connection)
    if not known:
        raise NotFound(
            f"{collection.title.en} belong to a network, and there is none yet. Load one first: "
            "a CSV file with the columns external_id, name, extent, metric_srid and synthetic, "
            "by ./gis load networks.csv --collection networks"
        )
    if asked is not None:
        return _writable(known, _named(known, asked))
    if len(known) > 1:
        names = ", ".join(each.external_id for each in known)
        raise InvalidInput(f"There are several networks; name one with --network: {names}.")
    return _writable(known, _network(known[0]))


def surroundings_of(
    connection: Connection, network: LoadNetwork | None, box: Extent = KENYA
) -> Surroundings:
    """
    Extent, wards and known items where rows of a network should lie.

    Parameters
    ----------
    box
        The extent of what belongs to no network.
    """
    wards, names = known_wards(connection)
    known = known_points(connection, network.id if network is not None else None)
    return Surroundings(network.extent if network is not None else box, wards, names, known)


def network_extent(network: str, stored: object) -> Extent:
    """
    The box of a network, from {west, south, east, north} or a list in that order.

    Raises
    ------
    InvalidInput
        It is no box.
    """
    sides = ("west", "south", "east", "north")
    values = [stored.get(side) for side in sides] if isinstance(stored, dict) else stored
    if isinstance(values, list) and len(values) == 4 and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    ):
        west, south, east, north = (float(v) for v in values)
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:
            return (west, south, east, north)
    raise InvalidInput(
        f"The extent of the network {network!r} is no box of west, south, east and north "
        "degrees. Correct it by loading the network again."
    )


def _known(connection: Connection) -> Sequence[Any]:
    stored = table(NETWORKS)
    return connection.execute(
        select(
            stored.c.id, stored.c.external_id, stored.c.extent, is_read_only(stored.c.extra)
        ).order_by(stored.c.external_id)
    ).all()


def _writable(known: Sequence[Any], network: LoadNetwork) -> LoadNetwork:
    if any(row.read_only for row in known if row.id == network.id):
        raise InvalidInput(
            f"The network {network.external_id!r} is another owner's and only read here: load "
            "its next package, or your file into a network of your own (--network)."
        )
    return network


def _network(row: Any) -> LoadNetwork:
    return LoadNetwork(row.id, row.external_id, network_extent(row.external_id, row.extent))


def _named(known: Sequence[Any], asked: str) -> LoadNetwork:
    for each in known:
        if asked == each.external_id or asked.lower() == str(each.id):
            return _network(each)
    names = ", ".join(each.external_id for each in known)
    raise NotFound(f"There is no network {asked!r}. Known: {names}.")
