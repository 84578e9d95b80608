"""What the database itself can tell about how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from gis_service.store.cluster.binaries import EXTENSIONS
from gis_service.store.cluster.wal import SLOT
from gis_service.store.schema import SCHEMAS

_SERVER = """
SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
       clock_timestamp() AS now,
       (SELECT array_agg(extname::text) FROM pg_extension) AS extensions,
       (SELECT array_agg(e.extname::text) FROM pg_extension e
        JOIN pg_available_extensions a ON a.name = e.extname
        WHERE a.default_version <> e.extversion AND e.extname = ANY(:extensions)) AS outdated,
       (SELECT array_agg(name) FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums')
          AND setting = 'off') AS unsafe,
       (SELECT coalesce(sum(checksum_failures), 0)::bigint FROM pg_stat_database) AS damaged,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS sessions,
       current_setting('max_connections')::int AS most_sessions,
       (SELECT max(age(datfrozenxid))::bigint FROM pg_database) AS oldest_transactions,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND (state = 'active' AND query_start < now() - make_interval(secs => :slow)
               OR state LIKE 'idle in transaction%'
                  AND state_change < now() - make_interval(secs => :slow))) AS slow,
       current_setting('archive_mode') <> 'off' AS archives,
       (SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
        FROM pg_stat_archiver) AS archiving_fails,
       (SELECT coalesce(bool_or(coalesce(wal_status, 'lost') = 'lost'), false)
        FROM pg_replication_slots WHERE slot_name = :slot) AS log_lost,
       (SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint
        FROM pg_replication_slots WHERE slot_name = :slot) AS log_waiting
"""

_BLOATED = """
SELECT schemaname || '.' || relname FROM pg_stat_user_tables
WHERE schemaname = ANY(:schemas) AND n_dead_tup > :least AND n_dead_tup > n_live_tup
ORDER BY n_dead_tup DESC
"""

_WORK = """
SELECT (SELECT count(*) FROM internal.jobs WHERE state = 'failed' AND kind = 'load'
            AND finished_at > now() - interval '7 days') AS failed_loads,
       (SELECT count(*) FROM internal.jobs WHERE state = 'failed' AND kind <> 'load'
            AND finished_at > now() - interval '7 days') AS failed_jobs,
       (SELECT count(*) FROM internal.jobs WHERE state = 'queued'
            AND created_at < now() - interval '1 hour'
        OR state = 'running' AND heartbeat_at < now() - interval '5 minutes') AS stuck_jobs,
       (SELECT count(*) FROM internal.conflicts WHERE settled_at IS NULL
            AND created_at < now() - interval '7 days') AS old_conflicts,
       (SELECT count(*) FROM internal.api_keys WHERE role = 'admin' AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > now())) AS admins,
       (SELECT count(*) FROM internal.api_keys k WHERE revoked_at IS NULL
            AND expires_at BETWEEN now() AND now() + interval '14 days') AS ending_keys,
       (SELECT max(committed_at) FROM history.transactions) AS newest_change
"""

_ITEMS = "SELECT (SELECT count(*) FROM gis.network_nodes) + (SELECT count(*) FROM gis.fibre_links)"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """
    How a server and its database stand.

    Parameters
    ----------
    missing, outdated
        Extensions that are not there, or older than what is installed for them.
    unsafe
        Settings by which a crash could lose what was saved.
    damaged
        Pages whose checksum was wrong.
    slow
        Statements and open transactions that have lasted too long.
    oldest_transactions
        Age of the oldest transaction number that is still in use.
    archives, archiving_fails
        Whether the server hands its log of changes to a command, and the last time failed.
    log_lost, log_waiting
        Whether our log has lost its place in the server's; bytes that it has not taken.
    """

    version: str
    now: datetime
    missing: tuple[str, ...]
    outdated: tuple[str, ...]
    unsafe: tuple[str, ...]
    damaged: int
    sessions: int
    most_sessions: int
    oldest_transactions: int
    slow: int
    bloated: tuple[str, ...]
    archives: bool
    archiving_fails: bool
    log_lost: bool
    log_waiting: int


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """How the service's work stands, of the last seven days where that matters."""

    failed_loads: int
    failed_jobs: int
    stuck_jobs: int
    old_conflicts: int
    admins: int
    ending_keys: int
    newest_change: datetime | None


def server_facts(connection: Connection, *, slow_s: float, least_dead: int) -> ServerFacts:
    """
    How the server stands; a login that is not a superuser's sees only its own statements.

    Parameters
    ----------
    slow_s
        Seconds after which a statement counts as slow.
    least_dead
        Dead rows below which no table counts as bloated.
    """
    asked = {"extensions": list(EXTENSIONS), "slow": slow_s, "slot": SLOT}
    row = connection.execute(text(_SERVER), asked).one()
    bloated = connection.scalars(text(_BLOATED), {"schemas": list(SCHEMAS), "least": least_dead})
    return ServerFacts(
        version=row.version, now=row.now, missing=_lacking(row.extensions),
        outdated=tuple(row.outdated or ()), unsafe=tuple(row.unsafe or ()), damaged=row.damaged,
        sessions=row.sessions, most_sessions=row.most_sessions,
        oldest_transactions=row.oldest_transactions, slow=row.slow, bloated=tuple(bloated),
        archives=row.archives, archiving_fails=row.archiving_fails, log_lost=row.log_lost,
        log_waiting=row.log_waiting,
    )


def work_facts(connection: Connection) -> WorkFacts:
    """How the service's work stands; the schema has to be the newest."""
    return WorkFacts(**connection.execute(text(_WORK)).one()._mapping)


def network_items(connection: Connection) -> int:
    """Nodes and links of all networks."""
    return int(connection.scalar(text(_ITEMS)) or 0)


def _lacking(extensions: Any) -> tuple[str, ...]:
    return tuple(name for name in EXTENSIONS if name not in (extensions or ()))
