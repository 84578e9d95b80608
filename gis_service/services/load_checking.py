"""Reading a file and checking its rows, part by part, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np

from gis_service.errors import InvalidParameter
from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import open_file
from gis_service.formats.shaping import Shaping
from gis_service.formats.source_rows import SourceRows
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.parts import Heights, Parts
from gis_service.model.reports import RowFault, Severity
from gis_service.services.doubts import crs_doubts
from gis_service.services.link_ends import LinkJoiner
from gis_service.services.load_networks import LoadNetwork, network_of, surroundings_of
from gis_service.services.load_requests import LoadRequest
from gis_service.services.syncing import check_sync
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.validation.codes import CodeReading, check_reading
from gis_service.validation.columns import POSITIONS
from gis_service.validation.drawn import Ints, Spilled
from gis_service.validation.field_values import Habits, habits_of, within
from gis_service.validation.geometry import KENYA
from gis_service.validation.kept_texts import KeptTexts
from gis_service.validation.keys import candidates, lacking_key
from gis_service.validation.part_checks import Asked, CheckedPart, Checks, Ended
from gis_service.validation.texts import texts_of
from gis_service.validation.whereabouts import Surroundings


@dataclass
class GoodRows:
    """
    Of the rows that passed by themselves, part by part, what a person sees of them.

    Parameters
    ----------
    rows
        Their numbers, by part.
    keys, names
        What identifies and what names each.
    """

    rows: list[Ints] = field(default_factory=list)
    keys: KeptTexts = field(default_factory=KeptTexts)
    names: KeptTexts = field(default_factory=KeptTexts)


class OpenedFile:
    """
    A file that was read, whose rows are checked as they are asked for.

    Parameters
    ----------
    faults
        What is known before its rows are looked at.
    good
        Filled as rows are checked; None where nobody asks.
    """

    def __init__(  # noqa: PLR0917 - what was opened
        self,
        request: LoadRequest,
        collection: Collection,
        network: LoadNetwork | None,
        source: SourceRows,
        joiner: LinkJoiner,
        checks: Checks,
        faults: tuple[RowFault, ...],
        *,
        keep_rows: bool,
    ) -> None:
        self.request, self.collection, self.network = request, collection, network
        self.source, self.joiner, self.checks, self.faults = source, joiner, checks, faults
        self.good = GoodRows() if keep_rows else None
        self.drawn = Spilled()
        self.read = 0
        self._keeps_shapes = keep_rows or collection.geometry is not GeometryType.POINT

    def parts(self) -> Iterator[CheckedPart]:
        """The rows, some thousands at a time; once only."""
        for source in self.source.parts():
            joined = self.joiner.join(source.frame)
            part = self.checks.part(joined.frame, (*source.faults, *joined.faults))
            part = replace(part, faults=joined.without_consequences(part.faults))
            self.read += part.read
            if self._keeps_shapes and isinstance(part.frame, gpd.GeoDataFrame):
                self.drawn.add(part.frame.geometry.to_numpy())
            if self.good is not None:
                self.good.rows.append(part.frame.index.to_numpy().astype(np.int64))
                self.good.keys.add(texts_of(part.frame, self.collection.key))
                self.good.names.add(texts_of(part.frame, self.collection.label))
            yield part

    def finish(self) -> Ended:
        """What shows only now that all rows were seen."""
        self.joiner.close()
        return self.checks.finish(self.drawn)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of the file as a whole."""
        return (*self.source.notes, *self.joiner.notes, *self.checks.notes)


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """
    A file that was read, before its rows are checked.

    Parameters
    ----------
    around
        Where its rows should lie; None where they have no place.
    doubts
        What looks odd about the file as a whole.
    columns
        Those that its rows have beside its own, as rows that are not here have something there.
    """

    request: LoadRequest
    collection: Collection
    network: LoadNetwork | None
    around: Surroundings | None
    source: SourceRows
    doubts: tuple[RowFault, ...]
    columns: tuple[str, ...] = ()


def open_checked(
    database: Database, settings: Settings, request: LoadRequest, *, keep_rows: bool = True
) -> OpenedFile:
    """
    Read a file, to check its rows; nothing is stored.

    Parameters
    ----------
    keep_rows
        What a person sees of each row, too.

    Raises
    ------
    UnreadableFile, UnknownCrs, InvalidInput
        The file as a whole cannot be understood.
    """
    opened = open_source(database, settings, request)
    checked = to_check(database, settings, opened, keep_rows=keep_rows)
    checked.checks.habits = look_ahead(opened.source, checked.checks, opened.collection)
    return checked


def open_source(
    database: Database, settings: Settings, request: LoadRequest, *, skip: int = 0
) -> OpenedSource:
    """
    Read a file.

    Parameters
    ----------
    skip
        Rows at its beginning that are not asked for.

    Raises
    ------
    UnreadableFile, UnknownCrs, InvalidInput
        The file as a whole cannot be understood.
    """
    collection = REGISTRY[request.collection]
    check_reading(collection, _reading(request))
    if request.sync:
        check_sync(collection, accept_partial=request.accept_partial)
    with database.begin() as connection:
        network = network_of(connection, collection, request.network)
        around = surroundings_of(connection, network) if collection.geometry else None
    source = open_file(
        request.path,
        layer=request.layer,
        crs=request.crs,
        encoding=request.encoding,
        coordinates={o: t for t, o in request.mapping.items() if o in POSITIONS},
        shaping=_shaping(collection, request, settings),
        limits=ReadLimits(file_mb=settings.max_file_mb),
        name=request.source,
        crs_needed=False,
        skip=skip,
    )
    if request.heights == Heights.KEEP:
        source = replace(source, with_heights=True)
    doubts = crs_doubts(request.source, source, around) if around is not None else ()
    return OpenedSource(request, collection, network, around, source, doubts)


def to_check(
    database: Database, settings: Settings, opened: OpenedSource, *, keep_rows: bool
) -> OpenedFile:
    """
    The rows of a file, to be checked; how whole columns are written is not known yet.

    Raises
    ------
    InvalidInput
        Its columns do not fit the mapping.
    """
    request, collection, network, source = (
        opened.request, opened.collection, opened.network, opened.source
    )
    with database.begin() as connection:
        joiner = LinkJoiner(
            connection, collection, network.id if network else None, source,
            mapping=request.mapping, constants=request.constants, snap_m=request.snap_m,
            create=request.create_nodes, split=request.multi == Parts.SPLIT,
        )
    more = [name for name in opened.columns if name not in joiner.columns]
    joiner.columns = [*joiner.columns, *more]
    asked = Asked(
        mapping=request.mapping,
        constants=request.constants,
        extent=network.extent if network else KENYA,
        max_vertices=settings.max_vertices,
        make_ids=request.make_ids,
        split=request.multi == Parts.SPLIT,
        reading=_reading(request),
        around=opened.around,
    )
    checks = Checks(
        joiner.columns, collection, asked, shaped=source.shaped,
        last_row=source.last_row if asked.split else 0,
        reported=[f.row for f in source.faults if f.severity is Severity.ERROR],
    )
    if checks.lacks_key:
        columns = ((name, source.column(name)) for name in source.columns)
        raise lacking_key(candidates(columns, collection.key), collection)
    return OpenedFile(
        request, collection, network, source, joiner, checks, (*source.faults, *opened.doubts),
        keep_rows=keep_rows,
    )


def look_ahead(
    source: SourceRows, checks: Checks, collection: Collection
) -> dict[str, Habits]:
    """Learn how whole columns are written, which a part of them need not tell."""
    habits = habits_of(collection, checks.plan)
    there = set(source.columns)
    for name, each in habits.items():
        column = checks.plan.sources[name]
        if column.column in there:
            for series in source.column(column.column):
                each.look(within(series, column))
    return habits


def _reading(request: LoadRequest) -> CodeReading:
    return CodeReading(request.codes, accept=request.accept_codes)


def _shaping(
    collection: Collection, request: LoadRequest, settings: Settings
) -> Shaping | None:
    """What the reading process is to do to the geometry."""
    if request.heights not in list(Heights):
        raise InvalidParameter(
            "heights", request.heights, f"it is one of {', '.join(Heights)}"
        )
    if request.multi not in list(Parts):
        raise InvalidParameter("multi", request.multi, f"it is one of {', '.join(Parts)}")
    if collection.geometry is None:
        return None
    return Shaping(
        wanted=collection.geometry,
        most_vertices=settings.max_vertices,
        merge=request.multi != Parts.REFUSE,
    )
