"""
The file of a backup: a tar archive that is written and read as a stream.

First a short head, then the database's dump in pieces, then files, last the
manifest with the hash of every member. Memory is that of one piece, and no
temporary file is needed.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from gis_service.errors import BackupFailed, DamagedBackup
from gis_service.model.backups import FORMAT, Manifest, Part

HEAD = "gis-backup.json"
MANIFEST = "manifest.json"
DATABASE = "database/"
FILES = "files/"
PIECE = 8 * 2**20
LARGEST_MANIFEST = 64 * 2**20


class ArchiveWriter:
    """
    Writes the members of a backup one after the other.

    Parameters
    ----------
    out
        Takes the bytes; it is never sought in.
    """

    def __init__(self, out: IO[bytes]) -> None:
        counted: Any = _Counted(out)
        self._tar = tarfile.TarFile(fileobj=counted, mode="w", format=tarfile.PAX_FORMAT)
        self._parts: list[Part] = []

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(self._parts)

    def add(self, name: str, content: bytes) -> None:
        """Write a member whose bytes are in memory."""
        self._write(name, len(content), io.BytesIO(content))

    def add_database(self, dump: Iterable[bytes]) -> None:
        """Write a dump in pieces of equal length."""
        for number, piece in enumerate(_pieces(dump), start=1):
            self.add(f"{DATABASE}{number:06}", piece)

    def add_file(self, name: str, path: Path) -> bool:
        """Write a file as it is now; False when it is gone."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            self._write(FILES + name, file.seek(0, io.SEEK_END), file)
        return True

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end of the archive."""
        content = json.dumps(manifest.as_json(), indent=1).encode()
        self._write(MANIFEST, len(content), io.BytesIO(content))
        self._tar.close()

    def _write(self, name: str, size: int, content: IO[bytes]) -> None:
        content.seek(0)
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashed = _Hashed(content)
        self._tar.addfile(info, hashed)
        self._parts.append(Part(name, size, hashed.sha256.hexdigest()))


def read_manifest(archive: IO[bytes]) -> Manifest:
    """
    Read a backup from beginning to end, and compare every member with its hash.

    Raises
    ------
    DamagedBackup
        It is no backup, is cut short, or holds other bytes than were written.
    BackupFailed
        A newer service wrote it.
    """
    found: list[Part] = []
    manifest = None
    for name, member in _members(archive):
        if name == MANIFEST:
            manifest = _manifest(member)
            continue
        if not found:
            member = io.BytesIO(_checked_head(name, member))  # noqa: PLW2901 - it is read twice
        found.append(_part(name, member))
    if manifest is None:
        raise DamagedBackup("The backup is cut short: its end is missing. Take another one.")
    if tuple(found) != manifest.parts:
        names = {part.name for part in set(found) ^ set(manifest.parts)}
        raise DamagedBackup(
            f"The backup is damaged: {', '.join(sorted(names)[:3]) or 'its order'} is not what "
            "was written. Take another one."
        )
    return manifest


def read_database(archive: IO[bytes], manifest: Manifest) -> Iterator[bytes]:
    """
    The dump, piece by piece, each compared with its hash before it is given on.

    Raises
    ------
    DamagedBackup
        A piece is not what was written, or is missing.
    """
    wanted = {part.name: part for part in manifest.parts if part.name.startswith(DATABASE)}
    for name, member in _members(archive):
        if name.startswith(DATABASE):
            piece = member.read()
            _check(wanted.pop(name, None), name, piece)
            yield piece
        elif name.startswith(FILES) or name == MANIFEST:
            break
    if wanted:
        raise DamagedBackup("The backup is cut short: a part of its database is missing.")


def read_files(archive: IO[bytes], manifest: Manifest) -> Iterator[tuple[str, IO[bytes], Part]]:
    """The files of a backup: name without folder `files/`, content, and what it has to be."""
    wanted = {part.name: part for part in manifest.parts}
    for name, member in _members(archive):
        if name.startswith(FILES) and name in wanted:
            yield name.removeprefix(FILES), member, wanted[name]


class _Counted:
    """What `tarfile` asks of a file that it writes, without its going back."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._written = 0

    def write(self, content: bytes) -> int:
        self._out.write(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        return self._written


class _Hashed(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._content.read(size)
        self.sha256.update(piece)
        return piece


class _Member(io.RawIOBase):
    """One member while its turn lasts."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        with _told():
            return self._file.read(size)


def _members(archive: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with _told(), tarfile.open(fileobj=archive, mode="r|") as tar:
        for info in tar:
            file = tar.extractfile(info)
            if file is None:
                raise DamagedBackup(f"The backup holds {info.name!r}, which is no file.")
            yield info.name, _Member(file)  # type: ignore[misc]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise DamagedBackup(
            "This is no backup that ./gis backup has written, or it is cut short."
        ) from error


def _checked_head(name: str, member: IO[bytes]) -> bytes:
    content = member.read(LARGEST_MANIFEST)
    try:
        head: dict[str, Any] = json.loads(content) if name == HEAD else {}
        number = int(head["format"])
    except (ValueError, KeyError, TypeError):
        raise DamagedBackup("This is no backup that ./gis backup has written.") from None
    if number > FORMAT:
        raise BackupFailed(
            f"A newer service ({head.get('service')}) wrote this backup. Install that version "
            "or a newer one."
        )
    return content


def _part(name: str, member: IO[bytes]) -> Part:
    digest, size = hashlib.sha256(), 0
    while piece := member.read(2**20):
        digest.update(piece)
        size += len(piece)
    return Part(name, size, digest.hexdigest())


def _manifest(member: IO[bytes]) -> Manifest:
    content = member.read(LARGEST_MANIFEST)
    try:
        return Manifest.from_json(json.loads(content))
    except (ValueError, KeyError, TypeError):
        raise DamagedBackup("The backup's list of contents cannot be read.") from None


def _check(part: Part | None, name: str, content: bytes) -> None:
    if part is None or hashlib.sha256(content).hexdigest() != part.sha256:
        raise DamagedBackup(f"The backup is damaged: {name} is not what was written.")


def _pieces(stream: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in stream:
        waiting += chunk
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)
