"""Running the reading process: its folder, its environment, its deadline."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from gis_service.errors import UnreadableFile
from gis_service.formats.drivers import DRIVERS, gdal_environment
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits
from gis_service.formats.rows import PART_ROWS

_SUFFIXES = {
    FileFormat.GEOPACKAGE: ".gpkg",
    FileFormat.SHAPEFILE: ".zip",
    FileFormat.XLSX: ".xlsx",
    FileFormat.FLATGEOBUF: ".fgb",
}
"""Names that libraries want to see; our own readers do not look at names."""
_INDEX = ".shx"
"""GDAL writes it anew where it is told to restore lost ones; so it gets a copy."""
_SIDE_FILES = (_INDEX, ".dbf", ".prj", ".cpg")
_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "malloc", "memory allocation of")
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def run_reader(
    path: Path, format_: FileFormat, job: dict[str, Any], limits: ReadLimits
) -> tuple[dict[str, Any], ReadRows | None]:
    """
    Read `path` in a process of its own.

    Returns
    -------
    tuple
        The process's answer, and the rows when it read some.

    Raises
    ------
    UnreadableFile
        It said so, crashed, or had to be ended.
    """
    surplus: Sequence[str] = ()
    for _ in range(2):
        with _folder(path, format_, job, limits) as folder:
            _run(folder, format_, limits, surplus)
            answer = _answer(folder)
            surplus = answer.get("surplus", ())
            if not surplus:
                return answer, _rows(folder, job.get("skip", 0))
    raise UnreadableFile(
        f"GDAL keeps drivers that may not read files ({', '.join(surplus)}); nothing was opened."
    )


@contextmanager
def unpacked(path: Path, limits: ReadLimits) -> Iterator[dict[str, Path]]:
    """
    The files of data in an archive, unpacked by a process of its own, by their names in it.

    Raises
    ------
    UnreadableFile
        The archive is damaged, encrypted, hostile or too large.
    """
    with _folder(path, FileFormat.ARCHIVE, {}, limits) as folder:
        _run(folder, FileFormat.ARCHIVE, limits, ())
        yield {name: folder / made for name, made in _answer(folder)["files"].items()}


@contextmanager
def _folder(
    path: Path, format_: FileFormat, job: dict[str, Any], limits: ReadLimits
) -> Iterator[Path]:
    """A private folder in which the file stands under a name of our own."""
    with tempfile.TemporaryDirectory(prefix="gis-read-") as made:
        folder = Path(made)
        bare = format_ is FileFormat.SHAPEFILE and path.suffix.lower() == ".shp"
        name = f"source{'.shp' if bare else _SUFFIXES.get(format_, '')}"
        (folder / name).symlink_to(path.resolve())
        for part in _SIDE_FILES if bare else ():
            for beside in (path.with_suffix(part), path.with_suffix(part.upper())):
                stands = folder / f"source{part}"
                if not beside.is_file() or stands.exists():
                    continue
                if part != _INDEX:
                    stands.symlink_to(beside.resolve())
                elif beside.stat().st_size <= limits.file_bytes:
                    shutil.copyfile(beside, stands)
        whole = job | {"file": name, "format": format_.value, "limits": asdict(limits)}
        (folder / "job.json").write_text(json.dumps(whole))
        yield folder


def _run(
    folder: Path, format_: FileFormat, limits: ReadLimits, surplus: Sequence[str]
) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OGR_GPKG_NUM_THREADS": "1",  # others would read ahead, and hold what they read
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    if format_ in DRIVERS:
        environment |= gdal_environment(DRIVERS[format_], surplus)
    command = [sys.executable, "-s", "-m", "gis_service.formats.child", str(folder)]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=limits.deadline_s)
        except subprocess.TimeoutExpired:
            raise UnreadableFile(
                f"Reading the file took longer than {limits.deadline_s:,.0f} seconds; it was ended."
            ) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if status != 0:
        raise UnreadableFile(_why(status, folder, limits))


def _why(status: int, folder: Path, limits: ReadLimits) -> str:
    if -status in {signal.SIGXCPU, signal.SIGKILL}:
        return (
            f"Reading the file took more than {limits.cpu_s} seconds of work or more than "
            f"{limits.memory_mb:,} MB of memory; it was ended."
        )
    said = (folder / "stderr").read_text(errors="replace")
    if any(word in said for word in _OUT_OF_MEMORY):
        return f"Reading the file needs more than {limits.memory_mb:,} MB of memory."
    if status < 0:
        return (
            f"The reading process crashed ({signal.Signals(-status).name}): the file is damaged, "
            f"or takes more than {limits.memory_mb:,} MB of memory to read."
        )
    last = said.strip().splitlines()[-1][:200] if said.strip() else f"status {status}"
    return f"The file could not be read; the reading process ended with: {last}"


def _answer(folder: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((folder / "result.json").read_text())
    if "error" in answer:
        raise UnreadableFile(answer["error"])
    return answer


def _rows(folder: Path, skipped: int) -> ReadRows | None:
    """The rows, read from the file as they are asked for; it stays open when the folder goes."""
    path = folder / "rows.arrow"
    if not path.exists():
        return None
    return ReadRows(pa.ipc.open_file(pa.OSFile(str(path))), skipped=skipped)


class ReadRows:
    """
    Rows in the parts in which the process wrote them, one in memory at a time.

    Parameters
    ----------
    skipped
        Rows of the file before them, which were not read.
    """

    def __init__(self, reader: pa.RecordBatchFileReader, *, skipped: int = 0) -> None:
        self._reader = reader
        self.schema: pa.Schema = reader.schema
        self.skipped = skipped
        self._window = range(int(reader.count_rows()))
        self._starts = [0]

    def __len__(self) -> int:
        return len(self._window)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        window, starts = self._window, self._starts
        for number in range(self._reader.num_record_batches):
            if starts[number] >= window.stop:
                return
            if number + 1 < len(starts) and starts[number + 1] <= window.start:
                continue
            batch = self._reader.get_batch(number)
            if number + 1 == len(starts):
                starts.append(starts[number] + batch.num_rows)
            first = max(window.start - starts[number], 0)
            end = min(window.stop - starts[number], batch.num_rows)
            for begin in range(first, end, PART_ROWS):
                yield batch.slice(begin, min(PART_ROWS, end - begin))

    @property
    def begin(self) -> int:
        """Rows of the file before these."""
        return self.skipped + self._window.start

    def window(self, begin: int, end: int) -> ReadRows:
        """Some of them: from the row `begin` of the file, counted from 0, to before `end`."""
        some = copy.copy(self)
        some._window = self._window[
            max(begin - self.begin, 0) : max(end - self.begin, 0)
        ]
        return some
