"""What each login may do with which table, derived from the rights of its audience."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.places import WARDS
from gis_service.model.fields import Collection
from gis_service.model.rights import (
    HISTORIANS,
    Operation,
    field_rights,
    loads,
    publishes,
    reads_history,
    rights,
    sets_visibility,
    settles_reports,
)
from gis_service.store.acts import ACTS, WRITTEN
from gis_service.store.history import HISTORY, TRANSACTIONS
from gis_service.store.internal import API_KEYS, INTERNAL, OPERATIONS, PEOPLE, SESSIONS
from gis_service.store.people import carriers
from gis_service.store.personal_data import places
from gis_service.store.publication_tables import PUBLICATION_NOTES, PUBLICATIONS, PUBLISHED_ROWS
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.report_tables import REPORTS, SENT, SETTLED, TOLD
from gis_service.store.roles import Login
from gis_service.store.scope_tables import SCOPES
from gis_service.store.tables import SCHEMA, VERSION_TABLE
from gis_service.store.tables import table as stored_table
from gis_service.store.upload_tables import UPLOADS
from gis_service.store.versions import COUNTED

_PRIVILEGES = {
    Operation.CREATE: "INSERT",
    Operation.REPLACE: "UPDATE",
    Operation.UPDATE: "UPDATE",
    Operation.DELETE: "DELETE",
}


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege of one login on one table; `columns` narrows it to some columns."""

    login: Login
    schema: str
    table: str
    privilege: str
    columns: tuple[str, ...] = ()


def grants() -> Iterator[Grant]:
    """Everything that any login may do with a table; which of its rows is another question."""
    for grant in _of_the_whole():
        yield grant
        if grant.login.scoped is not None and not _is_of_the_whole(grant):
            yield replace(grant, login=grant.login.scoped)


def _is_of_the_whole(grant: Grant) -> bool:
    """Publications are one for all scopes, as are the keys that the gate looks up."""
    of_the_whole = {each.name for each in (PUBLICATION_NOTES, PUBLISHED_ROWS, API_KEYS, SESSIONS)}
    return grant.schema == PUBLISHED or (
        grant.schema == INTERNAL and grant.table in of_the_whole
    )


def _of_the_whole() -> Iterator[Grant]:
    yield from _reading()
    yield from _writing()
    yield from _keeping_keys()
    yield from _working()
    yield from _field_work()
    yield from _reporting()
    yield from _publishing()
    yield from _keeping_people()


def _reading() -> Iterator[Grant]:
    for collection in published_collections():
        yield Grant(Login.PUBLIC, PUBLISHED, collection.id, "SELECT")
    for kept in COUNTED:
        yield Grant(Login.PUBLIC, PUBLISHED, kept, "SELECT")
    staff = (Login.TECHNICIAN, Login.PLANNER, Login.ADMIN, Login.LOADER)
    for login in staff:
        for id_ in (*REGISTRY, *COUNTED):
            yield Grant(login, SCHEMA, id_, "SELECT")
    historians = [Login.of(each) for each in filter(reads_history, Audience)]
    for login in (*historians, Login.LOADER):
        for id_ in (*REGISTRY, TRANSACTIONS.name):
            yield Grant(login, HISTORY, id_, "SELECT")
    for audience in (each for each in Audience if each.is_staff):
        own = ("person_id", "sha256") if loads(audience) else ()
        columns = tuple(sorted(("collection", "id", "loaded_at", "report", "source", *own)))
        yield Grant(Login.of(audience), INTERNAL, "loads", "SELECT", columns)
    yield Grant(Login.ADMIN, INTERNAL, "people", "SELECT", ("erased_at", "id", "name"))


def _writing() -> Iterator[Grant]:
    """
    By the rights of each audience; a load may do what an admin may.

    A new row is public unless its writer says otherwise, so whoever adds may
    withhold. To change it later is for who publishes.
    """
    writers = {Login.of(a): a for a in Audience} | {Login.LOADER: Audience.ADMIN}
    for login, audience in writers.items():
        for collection in REGISTRY.values():
            for privilege in _privileges(collection, audience):
                narrowed = privilege == "UPDATE" and not sets_visibility(audience)
                columns = _all_but_visibility(collection) if narrowed else ()
                yield Grant(login, SCHEMA, collection.id, privilege, columns)
        edits = any(rights(collection, audience) for collection in REGISTRY.values())
        if edits and login is not Login.LOADER:
            for privilege in ("SELECT", "INSERT", "DELETE"):
                yield Grant(login, INTERNAL, "answers", privilege)


def _privileges(collection: Collection, audience: Audience) -> list[str]:
    return sorted({_PRIVILEGES[each] for each in field_rights(collection, audience)})


def _all_but_visibility(collection: Collection) -> tuple[str, ...]:
    names = {c.name for c in stored_table(collection).c if c.computed is None}
    return tuple(sorted(names - {"visibility"}))


def _keeping_keys() -> Iterator[Grant]:
    yield Grant(Login.GATE, SCHEMA, VERSION_TABLE, "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "UPDATE", ("last_used_at",))
    for privilege in ("SELECT", "INSERT", "DELETE"):
        yield Grant(Login.GATE, INTERNAL, "sessions", privilege)
    yield Grant(Login.GATE, INTERNAL, "jobs", "SELECT")
    cancelling = ("cancel_requested", "finished_at", "message", "state")
    yield Grant(Login.GATE, INTERNAL, "jobs", "UPDATE", cancelling)


def _working() -> Iterator[Grant]:
    for privilege in ("SELECT", "INSERT", "UPDATE"):
        yield Grant(Login.LOADER, INTERNAL, "jobs", privilege)
    for privilege in ("SELECT", "INSERT"):
        yield Grant(Login.LOADER, INTERNAL, "loads", privilege)
    for privilege in ("SELECT", "INSERT", "UPDATE"):
        yield Grant(Login.LOADER, INTERNAL, "load_groups", privilege)
    for privilege in ("SELECT", "UPDATE"):
        yield Grant(Login.LOADER, INTERNAL, UPLOADS.name, privilege)
    for audience in filter(loads, Audience):
        for privilege in ("SELECT", "INSERT", "UPDATE"):
            yield Grant(Login.of(audience), INTERNAL, UPLOADS.name, privilege)
        for privilege in ("SELECT", "INSERT"):
            yield Grant(Login.of(audience), INTERNAL, "jobs", privilege)


def _field_work() -> Iterator[Grant]:
    """Whoever works in the field has it written down; planners settle what disagrees."""
    for audience in (each for each in Audience if each.is_staff):
        login = Login.of(audience)
        for privilege in ("SELECT", "INSERT"):
            yield Grant(login, INTERNAL, "operations", privilege)
            yield Grant(login, INTERNAL, "attachments", privilege)
        yield Grant(login, INTERNAL, "operations", "UPDATE", ("answer", "applied_at", "outcome"))
        yield Grant(login, INTERNAL, "conflicts", "INSERT")
        if audience.includes(HISTORIANS):
            yield Grant(login, INTERNAL, "conflicts", "SELECT")
            yield Grant(
                login, INTERNAL, "conflicts", "UPDATE", ("settled_at", "settled_by", "settlement")
            )


def _reporting() -> Iterator[Grant]:
    """Who takes citizens' reports in reads nothing of them but how they stand."""
    yield Grant(Login.REPORTER, INTERNAL, REPORTS.name, "INSERT", tuple(sorted(SENT)))
    yield Grant(Login.REPORTER, INTERNAL, REPORTS.name, "SELECT", tuple(sorted(TOLD)))
    timed = ("contact", "mended_at", "received_at", "refused_at")
    yield Grant(Login.LOADER, INTERNAL, REPORTS.name, "SELECT", timed)
    yield Grant(Login.LOADER, INTERNAL, REPORTS.name, "UPDATE", ("contact",))
    for audience in filter(settles_reports, Audience):
        login = Login.of(audience)
        yield Grant(login, INTERNAL, REPORTS.name, "SELECT")
        yield Grant(login, INTERNAL, REPORTS.name, "UPDATE", tuple(sorted(SETTLED)))


def _keeping_people() -> Iterator[Grant]:
    """
    Who keeps people and their keys reads nothing of the map but where a person is named.

    Acts are written down by whoever does them, and read by who may know names.
    """
    keeper = Login.KEEPER
    for privilege, columns in (
        ("SELECT", ("contact", "created_at", "erased_at", "id", "name")),
        ("INSERT", ("contact", "name")),
        ("UPDATE", ("contact", "erased_at", "name")),
    ):
        yield Grant(keeper, INTERNAL, PEOPLE.name, privilege, columns)
    told = sorted({c.name for c in API_KEYS.c} - {"secret_sha256"})
    made = (
        "client", "expires_at", "person_id", "prefix", "role", "scope_id", "secret_sha256", "ward",
    )
    yield Grant(keeper, INTERNAL, SCOPES.name, "SELECT", ("id", "name"))
    yield Grant(keeper, INTERNAL, API_KEYS.name, "SELECT", tuple(told))
    yield Grant(keeper, INTERNAL, API_KEYS.name, "INSERT", made)
    yield Grant(keeper, INTERNAL, API_KEYS.name, "UPDATE", ("client", "revoked_at"))
    yield Grant(keeper, INTERNAL, SESSIONS.name, "SELECT", ("key_id",))
    written: dict[tuple[str, str], set[str]] = {(INTERNAL, OPERATIONS.name): {"device"}}
    yield Grant(keeper, INTERNAL, SESSIONS.name, "DELETE")
    mentioning = {(SCHEMA, WARDS.id): {"code", "id"}}
    for stored, column in carriers():
        if stored is not API_KEYS:
            mentioning.setdefault((str(stored.schema), stored.name), set()).add(column)
    for place in (each for each in places() if each.stored is not PEOPLE):
        where = (str(place.stored.schema), place.stored.name)
        mentioning.setdefault(where, set()).update(
            (*place.written, *(column.name for column in place.key))
        )
        written.setdefault(where, set()).update(place.written)
    for privilege, named in (("SELECT", mentioning), ("UPDATE", written)):
        for (schema, name), columns_ in named.items():
            yield Grant(keeper, schema, name, privilege, tuple(sorted(columns_)))
    yield Grant(Login.ADMIN, HISTORY, ACTS.name, "SELECT")
    staff = [Login.of(each) for each in Audience if each.is_staff]
    for login in (keeper, Login.GATE, *staff):
        yield Grant(login, HISTORY, ACTS.name, "INSERT", WRITTEN)


def _publishing() -> Iterator[Grant]:
    """Everyone knows that a publication is; who publishes compares what the public sees."""
    yield Grant(Login.PUBLIC, PUBLISHED, PUBLICATIONS.name, "SELECT")
    for audience in filter(publishes, Audience):
        login = Login.of(audience)
        for name in (*(c.id for c in published_collections()), COUNTED[0]):
            yield Grant(login, PUBLISHED, name, "SELECT")
        for schema, table in ((PUBLISHED, PUBLICATIONS), (INTERNAL, PUBLICATION_NOTES)):
            for privilege in ("SELECT", "INSERT"):
                yield Grant(login, schema, table.name, privilege)
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            yield Grant(login, INTERNAL, PUBLISHED_ROWS.name, privilege)
