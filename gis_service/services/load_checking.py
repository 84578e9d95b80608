"""Reading a file and checking its rows, before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gis_service.errors import InvalidParameter
from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import read_file
from gis_service.formats.shaping import Shaping
from gis_service.formats.source import SourceFrame
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.parts import Parts
from gis_service.services.doubts import crs_doubts
from gis_service.services.link_ends import JoinedSource, join_links
from gis_service.services.load_networks import LoadNetwork, network_of, surroundings_of
from gis_service.services.load_requests import LoadRequest
from gis_service.services.syncing import check_sync
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.validation.checking import Validated, validate
from gis_service.validation.codes import CodeReading, check_reading
from gis_service.validation.columns import POSITIONS
from gis_service.validation.geometry import KENYA


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was read and validated, ready to be stored."""

    request: LoadRequest
    collection: Collection
    network: LoadNetwork | None
    source: SourceFrame
    validated: Validated
    joined: JoinedSource


def check_file(
    database: Database, settings: Settings, request: LoadRequest, *, keep_rows: bool = True
) -> CheckedFile:
    """
    Read a file and check its rows; nothing is stored.

    Parameters
    ----------
    keep_rows
        Also as they were read; without, only those that passed.

    Raises
    ------
    UnreadableFile, UnknownCrs, InvalidInput
        The file as a whole cannot be understood.
    """
    collection = REGISTRY[request.collection]
    reading = CodeReading(request.codes, accept=request.accept_codes)
    check_reading(collection, reading)
    if request.sync:
        check_sync(collection, accept_partial=request.accept_partial)
    with database.begin() as connection:
        network = network_of(connection, collection, request.network)
        around = surroundings_of(connection, network) if collection.geometry else None
    source = read_file(
        request.path,
        layer=request.layer,
        crs=request.crs,
        encoding=request.encoding,
        coordinates={o: t for t, o in request.mapping.items() if o in POSITIONS},
        shaping=_shaping(collection, request, settings),
        limits=ReadLimits(file_mb=settings.max_file_mb),
        name=request.source,
        crs_needed=False,
    )
    doubts = crs_doubts(request.source, source, around) if around is not None else ()
    with database.begin() as connection:
        joined = join_links(
            connection, collection, network.id if network else None, source,
            mapping=request.mapping, constants=request.constants, snap_m=request.snap_m,
            create=request.create_nodes, split=request.multi == Parts.SPLIT,
        )
    validated = validate(
        joined.source.frame,
        collection,
        mapping=request.mapping,
        constants=request.constants,
        known_faults=(*source.faults, *doubts, *joined.faults),
        extent=network.extent if network else KENYA,
        max_vertices=settings.max_vertices,
        make_ids=request.make_ids,
        split=request.multi == Parts.SPLIT,
        reading=reading,
        around=around,
    )
    validated = replace(validated, faults=joined.without_consequences(validated.faults))
    if not keep_rows:
        source = replace(source, frame=source.frame.iloc[[]])
        joined = replace(joined, source=source)
    return CheckedFile(request, collection, network, source, validated, joined)


def _shaping(
    collection: Collection, request: LoadRequest, settings: Settings
) -> Shaping | None:
    """What the reading process is to do to the geometry."""
    if request.multi not in list(Parts):
        raise InvalidParameter("multi", request.multi, f"it is one of {', '.join(Parts)}")
    if collection.geometry is None:
        return None
    return Shaping(
        wanted=collection.geometry,
        most_vertices=settings.max_vertices,
        merge=request.multi != Parts.REFUSE,
    )
