"""
Whole columns as one binary text each, which NumPy takes as it is.

Rows never become Python objects, neither here nor in the driver.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Double,
    Subquery,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection
from gis_service.store.readable import readable

Keys = NDArray[np.bytes_]
"""UUIDs as 16 bytes each, which sort as UUIDs do."""
_NO_ID: ColumnElement[UUID] = literal_column("'00000000-0000-0000-0000-000000000000'::uuid")
_NOTHING: ColumnElement[bytes] = literal_column("''::bytea")


def ordered(collection: Collection, ids: Iterable[UUID] | None = None) -> Subquery:
    """
    Rows that planners read of a collection, by id; each column packed keeps this order.

    Parameters
    ----------
    ids
        Only these; all when None.
    """
    source = readable(collection, Audience.PLANNER)
    rows = select(source).order_by(source.c.id)
    if ids is not None:
        wanted = literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True)))
        rows = rows.where(source.c.id == any_(wanted))
    return rows.subquery("ordered")


def pack_ids(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of ids, for `unpack_keys`; null becomes the id of zeros."""
    return _packed(func.uuid_send(func.coalesce(column, _NO_ID)), column.key)


def pack_numbers(value: ColumnElement[Any], name: str | None = None) -> ColumnElement[Any]:
    """Numbers, for `unpack_numbers`; null becomes NaN."""
    number = func.coalesce(cast(value, Double), literal_column("'NaN'::float8"))
    return _packed(func.float8send(number), name or value.key)


def pack_flags(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Truth values, for `unpack_flags`; null becomes false."""
    return _packed(func.boolsend(func.coalesce(cast(column, Boolean), False)), column.key)


def pack_codes(column: ColumnElement[Any], known: Sequence[str]) -> ColumnElement[Any]:
    """The place of each code among those known, for `unpack_codes`."""
    number = func.array_position(cast(literal(list(known), ARRAY(Text)), ARRAY(Text)), column)
    return _packed(func.int4send(func.coalesce(number, 0)), column.key)


def pack_texts(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Texts, for `unpack_texts`."""
    return cast(func.json_agg(column), Text).label(column.key)


def pack_places(rows: Subquery) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Positions of points as `longitude` and `latitude`, for `unpack_places`."""
    return (
        pack_numbers(func.ST_X(rows.c.geom), "longitude"),
        pack_numbers(func.ST_Y(rows.c.geom), "latitude"),
    )


def unpack_keys(packed: bytes) -> Keys:
    return np.frombuffer(packed, dtype="S16")


def key_array(ids: Iterable[UUID]) -> Keys:
    return np.array([id_.bytes for id_ in ids], dtype="S16")


def unpack_numbers(packed: bytes) -> NDArray[np.float64]:
    return np.frombuffer(packed, dtype=">f8").astype(np.float64)


def unpack_flags(packed: bytes) -> NDArray[np.bool_]:
    return np.frombuffer(packed, dtype=np.uint8).astype(bool)


def unpack_codes(packed: bytes) -> NDArray[np.int8]:
    """Places among the codes known, from 0; -1 for null and for a code that is not known."""
    return (np.frombuffer(packed, dtype=">i4") - 1).astype(np.int8)


def unpack_texts(packed: str | None) -> list[str | None]:
    return [] if packed is None else list(orjson.loads(packed))


def unpack_places(row: Any) -> NDArray[np.float64]:
    """Longitude and latitude, a row for each."""
    return np.column_stack([unpack_numbers(row["longitude"]), unpack_numbers(row["latitude"])])


def numbered(packed: str | None) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """A number for each text, -1 for none; and the texts, ascending."""
    values = np.array(unpack_texts(packed), dtype=object)
    codes, names = pd.factorize(values, sort=True)
    return codes.astype(np.int32), tuple(names)


def id_texts(keys: Keys) -> NDArray[np.bytes_]:
    """UUIDs as people write them, in ASCII."""
    digits = np.frombuffer(binascii.hexlify(keys.tobytes()), dtype=np.uint8).reshape(-1, 32)
    text = np.full((len(digits), 36), ord("-"), dtype=np.uint8)
    start = 0
    for dashes, length in enumerate((8, 4, 4, 4, 12)):
        text[:, start + dashes : start + dashes + length] = digits[:, start : start + length]
        start += length
    return text.reshape(-1).view("S36")


def places_of(wanted: Keys, among: Keys) -> NDArray[np.int32]:
    """Where each key stands among ascending ones; -1 where it does not."""
    if not len(among):
        return np.full(len(wanted), -1, dtype=np.int32)
    high = _high(among)
    if (high[1:] > high[:-1]).all():  # random ids: numbers are found much faster than texts
        place = np.searchsorted(high, _high(wanted))
    else:
        place = np.searchsorted(among, wanted)
    place = np.minimum(place, len(among) - 1)
    return np.where(among[place] == wanted, place, -1).astype(np.int32)


def _high(keys: Keys) -> NDArray[np.uint64]:
    """The first 64 bits of each key."""
    return keys.view(">u8")[::2].astype(np.uint64)


def _packed(sent: ColumnElement[Any], name: str | None) -> ColumnElement[Any]:
    return func.coalesce(func.string_agg(sent, _NOTHING), _NOTHING).label(name)
