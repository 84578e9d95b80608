"""
Answers kept for requests that may be sent twice.

An answer is stored in the transaction of the edit that it tells of, so neither
can be there without the other. Of a request that was refused nothing is kept:
sent again it is looked at anew.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, Delete, delete, func, insert, select, text

from gis_service.errors import RepeatedKey
from gis_service.model.edits import Answer, Repeatable
from gis_service.store.internal import ANSWERS

KEPT = text("interval '24 hours'")
_SWEPT_AT_ONCE = 1_000


def earlier_answer(connection: Connection, request: Repeatable) -> Answer | None:
    """
    The answer that a request got before; None when it is the first of its key.

    The same request in another transaction is waited for.

    Raises
    ------
    RepeatedKey
        The key was used for something else.
    """
    key = _key(request)
    lock = int.from_bytes(key[:8], signed=True)
    connection.execute(select(func.pg_advisory_xact_lock(lock)))
    row = connection.execute(
        select(ANSWERS).where(ANSWERS.c.key_sha256 == key, ANSWERS.c.created_at > _oldest())
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.request_sha256) != request.fingerprint:
        raise RepeatedKey(request.key)
    headers = tuple((str(name), str(value)) for name, value in row.headers)
    return Answer(row.status, headers, bytes(row.body), replayed=True)


def keep_answer(connection: Connection, request: Repeatable, answer: Answer) -> None:
    """Keep an answer, in the place of one that is too old to count."""
    key = _key(request)
    connection.execute(delete(ANSWERS).where(ANSWERS.c.key_sha256 == key))
    connection.execute(
        insert(ANSWERS).values(
            key_sha256=key,
            request_sha256=request.fingerprint,
            status=answer.status,
            headers=[list(header) for header in answer.headers],
            body=answer.body,
        )
    )


def sweep() -> Delete:
    """Take away some of the answers that are too old to count."""
    old = (
        select(ANSWERS.c.key_sha256)
        .where(ANSWERS.c.created_at <= _oldest())
        .order_by(ANSWERS.c.key_sha256)
        .limit(_SWEPT_AT_ONCE)
    )
    return delete(ANSWERS).where(ANSWERS.c.key_sha256.in_(old))


def _key(request: Repeatable) -> bytes:
    """The word is not kept, since clients may write anything into it."""
    return hashlib.sha256(f"{request.owner}\0{request.key}".encode()).digest()


def _oldest() -> Any:
    return func.now() - KEPT
