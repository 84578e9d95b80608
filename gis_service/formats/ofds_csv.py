"""OFDS in CSV: a zip archive with a file for each sheet, and what sheets cannot say beside them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gis_service.errors import InvalidInput, UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_archive import entries, entry_named, text_of
from gis_service.formats.ofds_package import Json
from gis_service.formats.ofds_sheets import Table, kept_beside, package_in_tables, rows_of
from gis_service.formats.ofds_writing import PackageSource, dumped
from gis_service.model.ofds import Sheet, sheets

KEPT_FILE = "kept.jsonl"
_ALWAYS = ("networks", "nodes", "spans", "links")


def write_csv(package: PackageSource, out: IO[bytes]) -> None:
    """
    The package as a zip archive of CSV files.

    Raises
    ------
    InvalidInput
        Two networks share one id or have none, so that rows cannot name theirs, or
        they are of different versions.
    """
    ids = [network.head.get("id") for network in package.networks]
    if len({*map(str, ids)}) < len(ids) or not all(isinstance(id_, str) for id_ in ids):
        raise InvalidInput("In CSV each network needs an id of its own; this package lacks it.")
    versions = {network.version for network in package.networks}
    if len(versions) > 1:
        raise InvalidInput("The networks are of different versions of the standard.")
    version = versions.pop()
    all_ = sheets(version)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in all_:
            _write_sheet(archive, package, sheet, all_)
        with archive.open(entry_named(KEPT_FILE), "w") as file:
            file.write(dumped({"version": version.id}).encode() + b"\n")
            if len(package.around) > 1:
                file.write(dumped({"around": package.around}).encode() + b"\n")
            for place, network in enumerate(package.networks):
                for each in kept_beside(place, network, all_):
                    file.write(dumped(each).encode() + b"\n")


def read_csv_package(path: Path, limits: ReadLimits) -> Json:
    """
    The package in a zip archive of CSV files.

    Raises
    ------
    UnreadableFile
        The archive is damaged or hostile, or its files hold no package.
    """
    tables = {}
    kept: list[Json] = []
    with zipfile.ZipFile(path) as archive:
        for name, content in entries(archive, limits, suffixes=(".csv", ".jsonl")):
            if name == KEPT_FILE:
                kept = _lines(text_of(name, content))
            elif name.endswith(".csv"):
                tables[name.removesuffix(".csv")] = table_in(text_of(name, content))
    return package_in_tables(tables, kept)


def table_in(text: str) -> Table:
    """A CSV file as a table; cells beyond the header's are left out."""
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    return Table(tuple(each.strip() for each in header), list(reader))


def _write_sheet(
    archive: zipfile.ZipFile, package: PackageSource, sheet: Sheet, all_: tuple[Sheet, ...]
) -> None:
    """One file; looked through twice, since properties of others have columns too."""
    def rows() -> Iterator[dict[str, str]]:
        for network in package.networks:
            yield from rows_of(network, sheet, all_)

    headings = dict.fromkeys(sheet.headings)
    empty = True
    for row in rows():
        headings |= dict.fromkeys(row)
        empty = False
    if empty and sheet.name not in _ALWAYS:
        return
    with (
        archive.open(entry_named(f"{sheet.name}.csv"), "w", force_zip64=True) as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="") as text,
    ):
        writer = csv.DictWriter(text, list(headings), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows())


def _lines(text: str) -> list[Json]:
    try:
        found = [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        raise UnreadableFile(f"{KEPT_FILE} is damaged; take it out to read the sheets alone.") \
            from None
    known = ({"around"}, {"version"}, {"network", "head"},
             {"network", "array", "position", "object", "row"})
    if not all(isinstance(each, dict) and set(each) in known for each in found):
        raise UnreadableFile(f"{KEPT_FILE} is damaged; take it out to read the sheets alone.")
    return found
