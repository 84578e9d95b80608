"""
Loads whose outcome is known before the file is read: the same one went before.

A load is a function of its file, of what was asked, of this program with its
packages, and of the collections that it reads. A load that was kept notes a sum
over all of them, as they stand after it: its outset. When the same sum comes again,
nothing that it depends on has changed, so every row of the file is stored as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits
from gis_service.formats.sniffing import sniff
from gis_service.model.days import day_of
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.places import OFFICES, WARDS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES
from gis_service.model.fields import Collection
from gis_service.model.reports import LoadReport
from gis_service.services.load_requests import LoadRequest
from gis_service.services.program import program_sha256
from gis_service.settings import Settings
from gis_service.store.loads import find_alike
from gis_service.store.versions import staff_versions

_BY_KNOWN_ITEMS = "implausible-crs"
"""A rule that asks what stands in the database, of the collection itself too."""


def depends_on(collection: Collection) -> frozenset[str]:
    """The collections that a load of this one reads."""
    read = {collection.id, *(f.references for f in collection.fields if f.references)}
    if collection.networked:
        read.add(NETWORKS.id)
    if collection.geometry is not None:
        read |= {WARDS.id, NETWORK_NODES.id, OFFICES.id}
    if collection.id == FIBRE_LINKS.id:
        read.add(NETWORK_NODES.id)
    return frozenset(read)


@dataclass(frozen=True, slots=True)
class Outset:
    """
    What a load begins with.

    Parameters
    ----------
    sha256
        Of the file.
    asked
        A sum over the request, the network, the settings and the program.
    versions
        By collection that the load reads.
    """

    collection: str
    sha256: str
    asked: str
    versions: Mapping[str, int]

    @property
    def sum(self) -> str:
        """What the record of a load keeps."""
        return sum_of(self.sha256, self.asked, dict(self.versions))

    def after(
        self, connection: Connection, report: LoadReport, *, sha256: str
    ) -> str | None:
        """
        What the same load would begin with after this one; None where it may turn out otherwise.

        Another transaction that changes what was read counts a version of its own,
        whether it ends before this one or after it, so the sum is then another one.

        Parameters
        ----------
        connection
            In the load's transaction, after all of its changes.
        sha256
            Of the file once it was read.
        """
        if report.rejected or sha256 != self.sha256:
            return None
        if any(fault.rule == _BY_KNOWN_ITEMS for fault in report.faults):
            return None
        versions = staff_versions(connection, self.versions)
        if versions != self.versions:
            return None
        own = int(bool(report.inserted or report.updated))
        versions[self.collection] += own
        return replace(self, versions=versions).sum


def outset_of(
    connection: Connection,
    settings: Settings,
    request: LoadRequest,
    collection: Collection,
    network: UUID | None,
) -> Outset | None:
    """
    What a load begins with, read before anything else; None where its outcome is never known.

    Raises
    ------
    UnreadableFile
        There is no such file, or it is of no accepted format.
    """
    if request.dry_run or request.sync or request.create_nodes or request.rejects is not None:
        return None
    format_ = sniff(request.path, max_bytes=ReadLimits(settings.max_file_mb).file_bytes)
    if format_ is FileFormat.OFDS or (
        format_ is FileFormat.SHAPEFILE and request.path.suffix.lower() == ".shp"
    ):
        return None  # of several files, of which one alone would be summed
    values = asdict(request) | {"path": None, "name": request.source}
    asked = sum_of(
        values, str(network), settings.max_file_mb, settings.max_vertices, program_sha256(),
    )
    versions = staff_versions(connection, depends_on(collection))
    with request.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Outset(collection.id, sha256, asked, versions)


def known_report(connection: Connection, outset: Outset) -> LoadReport | None:
    """
    What the load would report, if the same one went before and nothing has changed since.

    Of very many warnings it has those that were kept, and says so.
    """
    before = find_alike(connection, outset.sum)
    if before is None:
        return None
    report = LoadReport.of_json(before.report)
    return replace(
        report, inserted=0, updated=0, unchanged=report.read, load_id="",
        notes=(
            *report.notes,
            f"The same file was loaded in the same way on {day_of(before.loaded_at)}, and nothing "
            "that it depends on has changed since, so it was not read again: its rows are stored "
            "as they are, and the warnings are those of that load.",
        ),
    )


def sum_of(*values: Any) -> str:
    """One sum over many values."""
    written = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()
