"""
Files that came in through the browser, on disk: a folder for each, readable by us alone.

A file is written while it comes and belongs to nobody until it is whole; what
is refused, and what a process that was killed has left, is taken away.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from uuid import UUID, uuid4

from gis_service.errors import InvalidInput, NotFound, Unavailable
from gis_service.formats.archives import PARTS
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_sniffing import OF_PACKAGES, form_of_names
from gis_service.formats.sniffing import sniff
from gis_service.services.mappings import LARGEST_MAPPING
from gis_service.settings import Settings

MOST_FILES = 50
"""That come at once."""
LONGEST_NAME = 100
ORPHAN_AFTER_S = 3600
"""A file that nobody writes to for so long, and that belongs to no upload, is left over."""
SPARE_BYTES = 200_000_000
"""Free space of the disk that no upload may use up."""
_ARRIVING = "arriving-"
_MAPPING = ".toml"
_STRANGE = re.compile(r"[^\w .()+-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A whole file that has arrived, under the id of its upload."""

    id: UUID
    name: str
    bytes: int
    sha256: str


def received(settings: Settings) -> Path:
    """Folder of what came in through the browser."""
    return settings.home / "received"


def received_path(settings: Settings, id_: object) -> Path:
    """
    The file of an upload.

    Raises
    ------
    NotFound
        It is gone.
    """
    folder = received(settings) / str(UUID(str(id_)))
    with suppress(OSError):
        for path in folder.iterdir():
            return path
    raise NotFound("The uploaded file is not there any more. Upload it again.")


def drop_received(settings: Settings, id_: UUID) -> None:
    """Take the file of an upload away, if it is there."""
    shutil.rmtree(received(settings) / str(id_), ignore_errors=True)


def plain_name(name: str) -> str:
    """
    A file's name that is a name and nothing else: no folders, no dots before it, ASCII.

    What it has in other scripts becomes an underscore: names are shown and
    written into reports, never looked up.
    """
    last = re.split(r"[/\\]", name)[-1]
    letters = unicodedata.normalize("NFKD", last).encode("ascii", "replace").decode()
    path = PurePosixPath(_STRANGE.sub("_", letters).strip(" ."))
    suffix = path.suffix[:12]
    stem = path.name.removesuffix(path.suffix).strip(" .")[: LONGEST_NAME - len(suffix)]
    return f"{stem or 'file'}{suffix}"


class Arrival:
    """
    Files on their way in; used as a context, at whose end nothing is left that was not kept.

    Parameters
    ----------
    most_mb
        Of all files together; by default as much as is read of one.
    """

    def __init__(self, settings: Settings, *, most_mb: int | None = None) -> None:
        self._settings = settings
        self.most_mb = settings.max_file_mb if most_mb is None else most_mb
        self._left = self.most_mb * 1_000_000
        self._folder = received(settings) / f"{_ARRIVING}{uuid4()}"
        self._files: list[tuple[str, Path]] = []
        self._open: IO[bytes] | None = None

    def __enter__(self) -> Arrival:
        try:
            received(self._settings).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, name: str) -> None:
        """What is written next belongs to a file of this name."""
        self.end()
        if len(self._files) >= MOST_FILES:
            raise InvalidInput(f"At most {MOST_FILES} files are taken at once. Send fewer.")
        path = self._folder / str(len(self._files))
        self._open = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._files.append((plain_name(name), path))

    def write(self, data: bytes) -> None:
        """
        Append to the file.

        Raises
        ------
        UploadTooLarge
            All files together are larger than is read.
        Unavailable
            The disk is full.
        """
        assert self._open is not None  # noqa: S101 - `begin` came before
        self._left -= len(data)
        if self._left < 0:
            raise UploadTooLarge(self.most_mb)
        try:
            if shutil.disk_usage(self._folder).free < SPARE_BYTES + len(data):
                raise OSError(28, "No space left on device")
            self._open.write(data)
        except OSError as error:
            raise _unwritable(error) from None

    def end(self) -> None:
        """The file is whole."""
        if self._open is not None:
            self._open.flush()
            os.fsync(self._open.fileno())
            self._open.close()
            self._open = None

    def mapping(self) -> tuple[str, bytes] | None:
        """
        Name and content of the saved mapping among what has come; it is no file to be kept.

        Raises
        ------
        InvalidInput
            There are several, or nothing else has come.
        """
        self.end()
        found = [each for each in self._files if each[0].lower().endswith(_MAPPING)]
        if not found:
            return None
        self._files = [each for each in self._files if each not in found]
        if len(found) > 1 or not self._files:
            raise InvalidInput("Send one mapping (.toml) with the files that it is for.")
        with found[0][1].open("rb") as file:
            return found[0][0], file.read(LARGEST_MAPPING + 1)

    def whole(self) -> Path:
        """
        What has come as one file, several as an archive of them; gone at the context's end.

        Raises
        ------
        InvalidInput
            No file has come.
        """
        self.end()
        if not self._files:
            raise InvalidInput("No file was chosen.")
        folder = self._folder / "whole"
        folder.mkdir(mode=0o700)
        name, path = self._files[0]
        if len(self._files) == 1:
            return path.replace(folder / name)
        return _archived(folder / "files.zip", self._files)

    def keep(self) -> list[ReceivedFile]:
        """
        Keep what has come, each file under an id of its own; a Shapefile's parts as one.

        Raises
        ------
        UnreadableFile
            One of them is of no format that is read; then none is kept.
        InvalidInput
            No file has come.
        """
        self.end()
        if not self._files:
            raise InvalidInput("No file was chosen.")
        limits = ReadLimits(file_mb=self.most_mb)
        ready = []
        for name, path in _joined(self._files):
            id_ = uuid4()
            folder = self._folder / f"kept-{id_}"
            folder.mkdir(mode=0o700)
            shown = folder / name
            path.replace(shown)
            sniff(shown, max_bytes=limits.file_bytes)
            with shown.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            ready.append(ReceivedFile(id_, name, shown.stat().st_size, digest))
        for each in ready:
            (self._folder / f"kept-{each.id}").replace(received(self._settings) / str(each.id))
        return ready


class UploadTooLarge(InvalidInput):
    """What is uploaded is larger than is read here."""

    def __init__(self, most_mb: int) -> None:
        super().__init__(
            f"The file is larger than {most_mb:,} MB, the most that is read here. Split it, or "
            "have the limit raised (GIS_MAX_FILE_MB). Nothing of it was kept."
        )


def sweep_received(
    settings: Settings, wanted: Callable[[Iterable[UUID]], set[UUID]]
) -> list[Path]:
    """
    Take away folders that belong to no upload.

    Parameters
    ----------
    wanted
        Of some ids those of uploads whose file is still needed.
    """
    ids: dict[Path, UUID] = {}
    removed = []
    for path in received(settings).iterdir() if received(settings).is_dir() else ():
        with suppress(ValueError):
            ids[path] = UUID(path.name)
        if path.name.startswith(_ARRIVING) and _idle_s(path) > ORPHAN_AFTER_S:
            removed.append(path)
    kept = wanted(ids.values()) if ids else set()
    removed += [p for p, id_ in ids.items() if id_ not in kept and _idle_s(p) > ORPHAN_AFTER_S]
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)
    return removed


def _joined(files: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Files with the parts of each Shapefile as one archive, and those of a package as one."""
    if len(files) > 1 and form_of_names(name.lower() for name, _ in files) is not None:
        of = [f for f in files if PurePosixPath(f[0]).suffix.lower() in OF_PACKAGES]
        package = ("package.zip", _archived(files[0][1].with_suffix(".zip"), of))
        return [package, *_joined([f for f in files if f not in of])]
    stems = {
        PurePosixPath(name).stem.casefold(): PurePosixPath(name).stem
        for name, _ in files if name.lower().endswith(".shp")
    }
    parts: dict[str, list[tuple[str, Path]]] = {}
    others = []
    for name, path in files:
        stem = PurePosixPath(name).stem.casefold()
        if stem in stems and PurePosixPath(name).suffix.lower() in PARTS:
            parts.setdefault(stem, []).append((name, path))
        else:
            others.append((name, path))
    for stem, found in parts.items():
        named = [
            (f"{stems[stem]}{PurePosixPath(name).suffix.lower()}", path) for name, path in found
        ]
        others.append((f"{stems[stem]}.zip", _archived(found[0][1].with_suffix(".zip"), named)))
    return others


def _archived(path: Path, files: Iterable[tuple[str, Path]]) -> Path:
    """Files as one archive under their names; they themselves go."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, file in files:
            archive.write(file, name)
            file.unlink()
    path.chmod(0o600)
    return path


def _unwritable(error: OSError) -> Unavailable:
    return Unavailable(f"uploads cannot be kept: {error.strerror}")


def _idle_s(path: Path) -> float:
    """Seconds since anything in a folder was written."""
    times = [path.stat().st_mtime]
    with suppress(OSError):
        times += [each.stat().st_mtime for each in path.rglob("*")]
    return time.time() - max(times)
