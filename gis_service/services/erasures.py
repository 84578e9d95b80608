"""
The list of who was erased, beside the database, so that a backup brings nobody back.

It names nobody: a line holds when, and the id that history keeps. Of a contact it
holds only that one was erased, for even a hash of a telephone number is guessed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from gis_service.errors import NotFound
from gis_service.services.people import erase_person, list_people
from gis_service.settings import Settings
from gis_service.store.database import Database

FILE = "erasures.jsonl"

log = logging.getLogger("gis_service.people")


@dataclass(frozen=True, slots=True)
class ErasedAgain:
    """
    What was done after something older was put back.

    Parameters
    ----------
    people
        Ids of those who were erased again.
    contacts
        How many contacts were erased since, which must be erased again by hand.
    """

    people: tuple[UUID, ...]
    contacts: int


def folders_of(settings: Settings) -> tuple[Path, ...]:
    """Where the list is kept: with the data, and with the backups, which survive them."""
    return (settings.home, *(() if settings.backup_dir is None else (settings.backup_dir,)))


def note_erasure(folders: Iterable[Path], person: UUID | None = None) -> None:
    """
    Write down that a person of staff, or else a contact, was erased.

    A folder that is not there, or cannot be written to, is passed over: the
    erasure itself was done.
    """
    line = {"at": datetime.now(UTC).isoformat(), "person": None if person is None else str(person)}
    for folder in folders:
        if not folder.is_dir():
            continue
        try:
            opened = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(opened, "a") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            log.warning("an erasure could not be written down in %s: %s", folder, error.strerror)


def erase_again(database: Database, folders: Iterable[Path], *, since: datetime) -> ErasedAgain:
    """
    Erase again whom something older has brought back.

    Parameters
    ----------
    database
        Under its owner's login.
    since
        What is in the database was saved until then.
    """
    listed = set(_listed(folders))
    wanted = {person for _, person in listed if person is not None}
    back = [p.id for p in list_people(database) if p.id in wanted and p.erased_at is None]
    done = []
    for id_ in back:
        try:
            erase_person(database, id_)
        except NotFound:  # taken away meanwhile
            continue
        done.append(id_)
    return ErasedAgain(
        tuple(done), sum(person is None and at > since for at, person in listed)
    )


def _listed(folders: Iterable[Path]) -> Iterator[tuple[datetime, UUID | None]]:
    """Every line that can be read; a power cut may have left half a one."""
    for path in {folder.resolve() / FILE for folder in folders}:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            continue
        for line in lines:
            try:
                read = json.loads(line)
                at, person = datetime.fromisoformat(read["at"]), read["person"]
                yield at, None if person is None else UUID(person)
            except (ValueError, TypeError, KeyError):
                log.warning("a line of %s cannot be read", path)
