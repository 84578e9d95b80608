"""What is kept of a person, as a file, and erased: Data Protection Act, sections 26, 38, 40."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, select

from gis_service.errors import InvalidParameter
from gis_service.model.acts import Act, ActKind
from gis_service.model.audience import Actor
from gis_service.model.audit import AuditQuery
from gis_service.services.keys import list_keys
from gis_service.services.people import OWNER, show_person
from gis_service.store import acts, personal_data
from gis_service.store.acts import ACTS
from gis_service.store.audit import audit_page
from gis_service.store.database import Database
from gis_service.store.internal import ATTACHMENTS, LOADS, OPERATIONS
from gis_service.store.upload_tables import UPLOADS

LONGEST_CONTACT = 200
_PORTION = 1_000
_SUFFIXES = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png"}
_THEIRS = {
    "operations": (OPERATIONS, ("id", "device", "content", "made_at", "received_at", "outcome")),
    "loads": (LOADS, ("id", "collection", "source", "loaded_at")),
    "uploads": (UPLOADS, ("id", "source", "bytes", "created_at", "removed_at")),
    "photos": (
        ATTACHMENTS,
        ("id", "collection", "item_id", "title", "media_type", "bytes", "taken_at", "created_at"),
    ),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A file of personal data, and how much is in it by its parts."""

    content: bytes
    counts: Mapping[str, int]


def export_person(
    keeper: Database, staff: Database, id_: UUID, *, actor: Actor = OWNER
) -> Taken:
    """
    All that is kept of a person of staff, as a zip of `person.json` and photos.

    Parameters
    ----------
    keeper, staff
        The database as who keeps people sees it, and as an admin does; the
        owner's may be both.

    Raises
    ------
    NotFound
        There is no such person.
    """
    person, mentions = show_person(keeper, id_)
    held = [asdict(key) for key in list_keys(keeper) if key.person_id == id_]
    with staff.begin() as connection:
        document: dict[str, Any] = {
            "person": asdict(person),
            "keys": held,
            "rows_that_carry_the_id": {each.place: each.rows for each in mentions},
            "did": [
                {k: v for k, v in asdict(e).items() if k not in ("key", "person", "subject")}
                for e in _did(connection, id_)
            ],
            "done_to_them": _rows(connection.execute(
                select(ACTS).where(ACTS.c.subject_id == id_).order_by(ACTS.c.seq)
            )),
        }
        for name, (stored, columns) in _THEIRS.items():
            document[name] = _rows(
                connection.execute(
                    select(*(stored.c[c] for c in columns)).where(stored.c.person_id == id_)
                )
            )
        content = _zipped(document, "person.json", _photos(connection, id_))
    _note(keeper, Act(ActKind.PERSON_EXPORTED, id_), actor)
    return Taken(content, {k: len(v) for k, v in document.items() if isinstance(v, list)})


def export_contact(keeper: Database, contact: str, *, actor: Actor = OWNER) -> Taken:
    """
    All that is kept of whoever has a contact (a reporter, an office's contact), as a zip.

    Raises
    ------
    InvalidParameter
        The contact is too short to identify anybody.
    """
    pattern = _pattern(contact)
    with keeper.begin() as connection:
        found = [asdict(each) for each in personal_data.find(connection, pattern)]
        counts = _counted(each["place"] for each in found)
        acts.note(
            connection, Act(ActKind.PERSON_EXPORTED, details={"rows": len(found)}), actor
        )
    return Taken(_zipped({"contact": contact, "found": found}, "contact.json", ()), counts)


def erase_contact(keeper: Database, contact: str, *, actor: Actor = OWNER) -> dict[str, int]:
    """
    Erase a contact wherever it is kept, in old versions too; how many values, by place.

    Rows stay, and so do all counts and sums. Twice is as once. Backups keep what
    they hold until they are taken away.

    Raises
    ------
    InvalidParameter
        The contact is too short to identify anybody.
    """
    pattern = _pattern(contact)
    with keeper.begin(actor) as connection:
        changed = personal_data.erase(connection, pattern)
        if changed:
            told = {"rows": sum(changed.values())}
            acts.note(connection, Act(ActKind.PERSON_ERASED, details=told), actor)
    return changed


def _pattern(contact: str) -> str:
    contact = contact.strip()
    pattern = personal_data.pattern_of(contact) if len(contact) <= LONGEST_CONTACT else None
    if pattern is None or not contact.isprintable():
        raise InvalidParameter(
            "contact", "", f"write a telephone number, an e-mail or a name of at least "
            f"{personal_data.SHORTEST} letters or digits, on one line",
        )
    return pattern


def _did(connection: Connection, id_: UUID) -> Iterator[Any]:
    query = AuditQuery(person=id_, limit=_PORTION)
    while True:
        page = audit_page(connection, query)
        yield from page.entries
        if page.following is None:
            return
        query = replace(query, before=page.following)


def _photos(connection: Connection, id_: UUID) -> Iterator[tuple[str, bytes]]:
    found = connection.execution_options(yield_per=20).execute(
        select(ATTACHMENTS.c.id, ATTACHMENTS.c.media_type, ATTACHMENTS.c.content)
        .where(ATTACHMENTS.c.person_id == id_)
    )
    for row in found:
        yield f"photos/{row.id}.{_SUFFIXES.get(row.media_type, 'bin')}", bytes(row.content)


def _zipped(document: object, name: str, files: Any) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            name, orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2)
        )
        for path, content in files:
            archive.writestr(path, content, zipfile.ZIP_STORED)
    return made.getvalue()


def _rows(found: Any) -> Sequence[dict[str, Any]]:
    return [
        {str(k): v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}
        for row in found.mappings()
    ]


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _note(database: Database, act: Act, actor: Actor) -> None:
    with database.begin() as connection:
        acts.note(connection, act, actor)
