"""What is looked at in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from gis_service.errors import ConfigurationError, GisError, Unavailable
from gis_service.model.findings import Finding, State
from gis_service.services.backups.encryption import check_program
from gis_service.services.doctor.recovery import in_server
from gis_service.services.doctor.replicas import following
from gis_service.services.doctor.slow_log import slow_log
from gis_service.settings import Settings
from gis_service.store import dumps
from gis_service.store.checkup import ServerFacts, WorkFacts, server_facts, work_facts
from gis_service.store.citizen_reports import overdue_contacts
from gis_service.store.cluster import wal
from gis_service.store.database import OLDEST_POSTGRESQL, Database, newest_revision

SLOW_S = 60.0
LEAST_DEAD = 20_000
SESSIONS_SHARE = 0.8
CLOCK_OFF_S = 5.0
FUTURE = timedelta(minutes=2)
OLD_TRANSACTIONS = 1_000_000_000
"""Of the two thousand million that PostgreSQL tells apart."""
SUPPORT_ENDS = {
    13: date(2025, 11, 13), 14: date(2026, 11, 12), 15: date(2027, 11, 11),
    16: date(2028, 11, 9), 17: date(2029, 11, 8), 18: date(2030, 11, 14),
}
"""https://www.postgresql.org/support/versioning/"""


def in_database(database: Database, settings: Settings) -> Iterator[Finding]:
    """Everything that the database tells; one finding when it does not answer."""
    try:
        with database.reading() as connection:
            facts = server_facts(connection, slow_s=SLOW_S, least_dead=LEAST_DEAD)
    except Unavailable:
        yield Finding("database", State.BAD, "database_silent")
        return
    yield Finding("database", State.OK, "database_ok", {"version": facts.version})
    yield from _versions(facts)
    yield from _health(facts)
    yield from _programs(facts, settings)
    yield from slow_log(settings)
    yield from in_server(facts, settings)
    yield from following(database)
    revision, newest = database.revision(), newest_revision(database.migrations)
    if revision != newest:
        values = {"found": revision or "-", "newest": newest}
        yield Finding("schema", State.BAD, "schema_other", values)
        return
    yield Finding("schema", State.OK, "schema_ok", {"newest": newest})
    with database.reading() as connection:
        work = work_facts(connection)
        overdue = connection.scalar(overdue_contacts(settings.report_contact_days))
    yield from _work(work)
    if overdue:
        yield Finding("contacts", State.WARNING, "contacts_overdue", {"count": overdue})
    else:
        yield Finding("contacts", State.OK, "contacts_ok")
    yield from _clock(facts, work)


def _versions(facts: ServerFacts) -> Iterator[Finding]:
    major = int(facts.version.split(".", maxsplit=1)[0])
    ends = SUPPORT_ENDS.get(major)
    values = {"version": facts.version, "oldest": str(OLDEST_POSTGRESQL)}
    if major < OLDEST_POSTGRESQL:
        yield Finding("version", State.BAD, "version_too_old", values)
    elif ends is not None and datetime.now(UTC).date() > ends:
        yield Finding("version", State.WARNING, "version_unsupported", values)
    else:
        yield Finding("version", State.OK, "version_ok", values)
    if facts.missing:
        values = {"names": ", ".join(facts.missing)}
        yield Finding("extensions", State.BAD, "extensions_missing", values)
    elif facts.outdated:
        statements = " ".join(f"ALTER EXTENSION {name} UPDATE;" for name in facts.outdated)
        values = {"names": ", ".join(facts.outdated), "statements": statements}
        yield Finding("extensions", State.WARNING, "extensions_outdated", values)
    else:
        yield Finding("extensions", State.OK, "extensions_ok")


def _health(facts: ServerFacts) -> Iterator[Finding]:
    if facts.unsafe:
        values: dict[str, int | str] = {"names": ", ".join(facts.unsafe)}
        yield Finding("durability", State.BAD, "unsafe", values)
    elif facts.damaged:
        yield Finding("durability", State.BAD, "damaged", {"count": facts.damaged})
    else:
        yield Finding("durability", State.OK, "durable")
    values = {"count": facts.sessions, "most": facts.most_sessions}
    crowded = facts.sessions > SESSIONS_SHARE * facts.most_sessions
    yield Finding("sessions", State.WARNING if crowded else State.OK,
                  "sessions_many" if crowded else "sessions_ok", values)
    if facts.slow:
        yield Finding("slow", State.WARNING, "slow", {"count": facts.slow})
    else:
        yield Finding("slow", State.OK, "slow_none")
    if facts.oldest_transactions > OLD_TRANSACTIONS:
        values = {"count": facts.oldest_transactions}
        yield Finding("bloat", State.BAD, "transactions_old", values)
    elif facts.bloated:
        yield Finding("bloat", State.WARNING, "bloated", {"names": ", ".join(facts.bloated[:3])})
    else:
        yield Finding("bloat", State.OK, "bloat_none")


def _programs(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    """What a backup needs."""
    try:
        names: tuple[str, ...] = ("pg_dump", "pg_restore")
        if settings.recovery_dir is not None and settings.database_url is None:
            names += wal.PROGRAMS
        for name in names:
            dumps.program(name, int(facts.version.split(".", maxsplit=1)[0]), settings.pg_bin)
        if settings.backup_encrypt_to is not None:
            check_program(settings.backup_encrypt_to)
    except (Unavailable, ConfigurationError) as error:
        yield Finding("programs", State.BAD, "programs_missing", {"why": str(error)})
        return
    yield Finding("programs", State.OK, "programs_ok")


def _work(work: WorkFacts) -> Iterator[Finding]:
    for check, count, words, state in (
        ("loads", work.failed_loads, "loads_failed", State.WARNING),
        ("jobs", work.failed_jobs, "jobs_failed", State.WARNING),
        ("queue", work.stuck_jobs, "jobs_stuck", State.BAD),
        ("conflicts", work.old_conflicts, "conflicts_old", State.WARNING),
    ):
        if count:
            yield Finding(check, state, words, {"count": count})
        else:
            yield Finding(check, State.OK, f"{check}_ok")
    if not work.admins:
        yield Finding("keys", State.WARNING, "no_admin")
    elif work.ending_keys:
        yield Finding("keys", State.WARNING, "keys_end", {"count": work.ending_keys})
    else:
        yield Finding("keys", State.OK, "keys_ok")


def _clock(facts: ServerFacts, work: WorkFacts) -> Iterator[Finding]:
    off = abs((datetime.now(UTC) - facts.now).total_seconds())
    if work.newest_change is not None and work.newest_change > facts.now + FUTURE:
        values = {"at": f"{work.newest_change.astimezone():%Y-%m-%d %H:%M}"}
        yield Finding("clock", State.BAD, "clock_behind", values)
    elif off > CLOCK_OFF_S:
        yield Finding("clock", State.WARNING, "clock_differs", {"seconds": round(off)})
    else:
        yield Finding("clock", State.OK, "clock_ok")


def refusal(error: GisError) -> Finding:
    """The database could not be brought up."""
    return Finding("database", State.BAD, "database_refused", {"why": str(error)})
