"""What loading a package asks of the database: its network, and what that network has already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from collections.abc import Collection as Members
from contextlib import suppress
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Text,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.plant import NETWORK_NODES
from gis_service.store.staging import GONE, Elsewhere, Outcome, StagedRows, lock_for_load
from gis_service.store.tables import table

KEPT = "ofds"
"""
The key of `extra` under which a row keeps the object that it came from.

`object` is its JSON text, `position` its place in its array, `stored` the values
of fields that are not what the object says. A network keeps itself without its
arrays, its `version`, as `unplaced` the objects that are no rows, and whether it
is `read_only`.
"""


def is_read_only(extra: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a network is kept as its owner publishes it, from its `extra`."""
    said = func.coalesce(extra[KEPT]["read_only"].astext, "false")
    return (said == "true").label("read_only")


def find_network(connection: Connection, name: str) -> Any | None:
    """The row of the network with that `external_id` or UUID; None where there is none."""
    stored = table(NETWORKS)
    named: ColumnElement[bool] = stored.c.external_id == name
    with suppress(ValueError):
        named = or_(named, stored.c.id == UUID(name))
    columns = ("id", "external_id", "name", "extent", "metric_srid", "synthetic")
    return connection.execute(
        select(*(stored.c[each] for each in columns), is_read_only(stored.c.extra))
        .where(named)
        .order_by((stored.c.external_id == name).desc())
        .limit(1)
    ).first()


def network_keys(
    connection: Connection, network: UUID, collections: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Identifiers of a network's items, by collection."""
    found = {}
    for id_ in collections:
        stored = table(REGISTRY[id_])
        rows = connection.scalars(
            select(stored.c.external_id).where(stored.c.network_id == network)
        )
        found[id_] = frozenset(rows)
    return found


def nodes_elsewhere(
    connection: Connection, network: UUID | None, names: Iterable[str]
) -> dict[str, UUID]:
    """
    The nodes of other networks with some identifiers, by those.

    Left out are identifiers that nodes of several networks have: which of them is
    meant, nobody knows.
    """
    stored = table(NETWORK_NODES)
    rows = connection.execute(
        select(stored.c.external_id, func.min(cast(stored.c.id, Text)))
        .where(
            stored.c.external_id == func.any(list(names)),
            stored.c.network_id.is_distinct_from(network),
        )
        .group_by(stored.c.external_id)
        .having(func.count() == 1)
    )
    return {row[0]: UUID(row[1]) for row in rows}


def unplaced_spans(connection: Connection, besides: UUID) -> dict[str, list[Any]]:
    """Spans that other networks keep for the exchange only, by the network's `external_id`."""
    stored = table(NETWORKS)
    unplaced = stored.c.extra[KEPT]["unplaced"]
    rows = connection.execute(
        select(stored.c.external_id, unplaced)
        .where(stored.c.id != besides, unplaced.is_not(None))
        .order_by(stored.c.external_id)
    )
    return {
        name: [json.loads(each["object"]) for each in kept if each["array"] == "spans"]
        for name, kept in rows
    }


def put_rows(
    connection: Connection,
    collection: str,
    frame: pd.DataFrame,
    *,
    network: UUID | None,
    elsewhere: Elsewhere | None = None,
    watch: Callable[[StagedRows], None] | None = None,
) -> Outcome:
    """
    Insert and update rows, set-wise; rows that are equal are not touched.

    Parameters
    ----------
    elsewhere
        As of `StagedRows`.
    watch
        Looks at the rows when it is decided what becomes of each.

    Raises
    ------
    Conflict
        Another load of the same collection does not end.
    """
    kind = REGISTRY[collection]
    lock_for_load(connection, kind, network)
    staged = StagedRows(
        connection, kind, frame.columns, network=network, elsewhere=elsewhere, alike=_by_meaning
    )
    staged.copy(frame)
    staged.analyze()
    outcome = staged.upsert()
    if watch is not None:
        watch(staged)
    staged.close()
    return outcome


def _by_meaning(extra: ColumnElement[Any]) -> ColumnElement[Any]:
    """An object whose properties only stand in another order, in another form, is the same."""
    path = literal([KEPT, "object"], ARRAY(Text))
    object_ = cast(extra.op("#>>", return_type=Text())(path), JSONB)
    return func.coalesce(func.jsonb_set(extra, path, object_, type_=JSONB), extra)


def left_behind(
    connection: Connection, network: UUID, collection: str, present: Members[str]
) -> int:
    """How many rows of an earlier package are not among those present."""
    stored = table(REGISTRY[collection])
    return connection.scalar(
        select(func.count())
        .select_from(stored)
        .where(
            stored.c.network_id == network,
            stored.c.extra.has_key(KEPT),
            not_(stored.c.external_id == func.any(list(present))),
        )
    ) or 0


def absent_items(
    connection: Connection, network: UUID, collection: str, present: Members[str]
) -> list[tuple[str, str]]:
    """Keys and names of a network's items that are not among those present, nor decommissioned."""
    stored = table(REGISTRY[collection])
    rows = connection.execute(
        select(stored.c.external_id, func.coalesce(stored.c.name, ""))
        .where(
            stored.c.network_id == network,
            stored.c.status != GONE,
            not_(stored.c.external_id == func.any(list(present))),
        )
        .order_by(stored.c.external_id)
    )
    return [(key, name) for key, name in rows]


def decommission(
    connection: Connection, network: UUID, collection: str, keys: Iterable[str]
) -> None:
    """Mark items of a network as decommissioned."""
    stored = table(REGISTRY[collection])
    connection.execute(
        update(stored)
        .values(status=GONE, version=stored.c.version + 1, updated_at=func.now())
        .where(stored.c.network_id == network, stored.c.external_id == func.any(list(keys)))
    )
