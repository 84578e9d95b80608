"""What a backup holds, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

FORMAT = 1
"""Of the file; a service reads the formats up to its own."""


@dataclass(frozen=True, slots=True)
class TableSum:
    """
    A table's rows, and a sum over them that no order changes.

    Parameters
    ----------
    table
        With its schema.
    sum
        Hexadecimal, 128 bits: the sums of both halves of the rows' hashes.
    """

    table: str
    rows: int
    sum: str


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the archive: its size in bytes and its hash."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What a backup holds, written last: a file without it is not whole.

    Parameters
    ----------
    made_at
        The moment of its snapshot, ISO 8601, UTC.
    revision
        The migration that the database stood at.
    database_bytes
        Size of the database on its disk.
    tables
        Sums of its tables in the snapshot of the dump.
    objects
        How many indexes, constraints, triggers and functions the schema has.
    settings
        What was set and is no secret.
    parts
        Every other member of the archive.
    """

    id: str
    made_at: str
    service: str
    postgresql: str
    postgis: str
    revision: str
    database_bytes: int
    tables: tuple[TableSum, ...]
    objects: Mapping[str, int]
    settings: Mapping[str, str]
    parts: tuple[Part, ...]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables)

    @property
    def made(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Manifest:
        """
        The manifest that a file holds; names that only newer services know are left out.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is none.
        """
        known = {f.name: content[f.name] for f in fields(cls)}
        known["tables"] = tuple(TableSum(**each) for each in content["tables"])
        known["parts"] = tuple(Part(**each) for each in content["parts"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Proof:
    """
    That a backup was put back and its tables compared.

    Parameters
    ----------
    id, size, sha256
        Of the backup, so that a proof says nothing of another file.
    seconds
        How long putting it back took.
    """

    id: str
    size: int
    sha256: str
    made_at: str
    proven_at: str
    service: str
    tables: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup in the folder of backups; `proof` when it was put back once."""

    name: str
    size: int
    made_at: datetime
    proof: Proof | None = field(default=None)
