"""What a recovered database tells: which transaction made a load, and what it holds."""

from __future__ import annotations

from sqlalchemy import Connection, delete, text, update

from gis_service.model.jobs import JobState
from gis_service.model.recovery import Held, LoadSeen
from gis_service.store.internal import JOBS, SESSIONS

# The load's own row was written by its transaction, whose number the log has, too.
_LOADS = """
SELECT l.id, l.collection, l.source, l.xmin::text::bigint AS transaction,
       coalesce(t.committed_at, l.loaded_at) AS committed_at
FROM internal.loads l
LEFT JOIN history.transactions t
    ON t.began_at = l.loaded_at AND t.transaction_id % 4294967296 = l.xmin::text::bigint
ORDER BY committed_at, l.id
"""

_CHANGES = "SELECT count(*) AS changes, max(committed_at) AS newest FROM history.transactions"

NOT_AGAIN = "It had not ended at the moment that the database was put back to; it is not repeated."


def held(connection: Connection) -> Held:
    """What a database holds, for being compared with a later state of the same."""
    loads = connection.execute(text(_LOADS))
    changes = connection.execute(text(_CHANGES)).one()
    return Held(tuple(LoadSeen(**row._mapping) for row in loads), changes.changes, changes.newest)


def settle(connection: Connection) -> int:
    """
    Let nothing go on from where it was: jobs end, browsers log in again.

    The load that one went back from would else be done again. Returns how many
    jobs were ended.
    """
    connection.execute(delete(SESSIONS))
    waiting = JOBS.c.state.in_((JobState.QUEUED.value, JobState.RUNNING.value))
    ended = connection.execute(
        update(JOBS).where(waiting).values(
            state=JobState.CANCELLED.value, message=NOT_AGAIN, finished_at=text("now()"),
            worker=None,
        )
    )
    return ended.rowcount
