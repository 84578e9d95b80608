"""Where the public's site is served from: a folder of this machine, or a place of rclone."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

import orjson

from gis_service.errors import ConfigurationError, ExportFailed
from gis_service.services.backups.copying import is_remote

_WITHIN_S = 6 * 3600
_STAMP = re.compile(r"^[\d/]+ [\d:]+ [A-Z]+ *: *")


class Target(Protocol):
    """A place for files; each raises `ExportFailed` where the place does not do it."""

    def listing(self) -> Mapping[str, int]:
        """Sizes in bytes of all files that are there, by path."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes, content_type: str, caching: str) -> None: ...

    def send(self, folder: Path, names: Sequence[str], content_type: str, caching: str) -> None:
        """Bring files of a folder, all with the same headers; each appears whole."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; one that is not there is no error."""


def target_of(to: str) -> Target:
    """
    The place that is called so: a folder, or `remote:path` as rclone's configuration names it.

    Raises
    ------
    ConfigurationError
        rclone is needed, and not installed.
    """
    return RcloneTarget(to) if is_remote(to) else FolderTarget(Path(to).expanduser())


class FolderTarget:
    """A folder, which a web server of this machine serves: it tells the headers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def listing(self) -> Mapping[str, int]:
        return {
            path.relative_to(self._folder).as_posix(): path.stat().st_size
            for path in self._folder.rglob("*") if path.is_file()
        }

    def read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise self._failed(error) from error

    def write(self, name: str, content: bytes, content_type: str, caching: str) -> None:
        self._put(name, io.BytesIO(content))

    def send(self, folder: Path, names: Sequence[str], content_type: str, caching: str) -> None:
        for name in names:
            with (folder / name).open("rb") as source:
                self._put(name, source)

    def remove(self, names: Iterable[str]) -> None:
        try:
            for name in names:
                path = self._folder / name
                path.unlink(missing_ok=True)
                while path.parent != self._folder and not os.listdir(path.parent):
                    path = path.parent
                    path.rmdir()
        except OSError as error:
            raise self._failed(error) from error

    def _put(self, name: str, source: IO[bytes]) -> None:
        """Write a file beside its place, and let it take that when it is whole."""
        path = self._folder / name
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                shutil.copyfileobj(source, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(0o644)
            part.replace(path)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> ExportFailed:
        return ExportFailed(f"{self} could not be written: {error.strerror or error}.")


class RcloneTarget:
    """Whatever rclone reaches: S3 and its like, SFTP, WebDAV."""

    def __init__(self, to: str) -> None:
        program = shutil.which("rclone")
        if program is None:
            raise ConfigurationError(
                f"The program rclone is not installed, so nothing can be brought to {to} "
                "(Debian: apt-get install rclone; then: rclone config)."
            )
        self._program = program
        self._to = to.rstrip("/")

    def __str__(self) -> str:
        return self._to

    def listing(self) -> Mapping[str, int]:
        done = self._run("lsjson", "-R", "--files-only", "--no-modtime", self._to, absent=b"[]")
        return {each["Path"]: each["Size"] for each in orjson.loads(done)}

    def read(self, name: str) -> bytes:
        return self._run("cat", self._at(name))

    def write(self, name: str, content: bytes, content_type: str, caching: str) -> None:
        self._run("rcat", *_headers(content_type, caching), self._at(name), told=content)

    def send(self, folder: Path, names: Sequence[str], content_type: str, caching: str) -> None:
        self._run(
            "copy", "--files-from-raw", "-", "--no-traverse", "--ignore-times",
            *_headers(content_type, caching), str(folder), self._to,
            told="\n".join(names).encode(),
        )

    def remove(self, names: Iterable[str]) -> None:
        listed = "\n".join(names).encode()
        self._run("delete", "--files-from-raw", "-", self._to, told=listed)

    def _at(self, name: str) -> str:
        return self._to + name if self._to.endswith(":") else f"{self._to}/{name}"

    def _run(self, *arguments: str, told: bytes = b"", absent: bytes | None = None) -> bytes:
        """rclone's answer; `absent` where the place is not there yet (its exit code 3)."""
        try:
            done = subprocess.run(
                [self._program, *arguments], input=told, capture_output=True, check=False,
                timeout=_WITHIN_S,
            )
        except subprocess.TimeoutExpired:
            raise ExportFailed(f"rclone did not end within {_WITHIN_S // 3600} hours.") from None
        if done.returncode == 3 and absent is not None:
            return absent
        if done.returncode:
            text = done.stderr.decode(errors="replace")
            lines = [_STAMP.sub("", line) for line in text.splitlines() if line.strip()]
            last = lines[-1] if lines else "rclone ended without a word"
            raise ExportFailed(f"{self} could not be read or written: {last}")
        return done.stdout


def _headers(content_type: str, caching: str) -> tuple[str, ...]:
    return (
        "--header-upload", f"Content-Type: {content_type}",
        "--header-upload", f"Cache-Control: {caching}",
    )
