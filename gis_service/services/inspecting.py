"""Looking at a file before it is loaded: what it holds, and what it probably means."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import read_file, read_layers
from gis_service.formats.source import SourceFrame
from gis_service.model.collections import REGISTRY
from gis_service.model.inspection import (
    CollectionProposal,
    ColumnFacts,
    Inspection,
    LayerInspection,
)
from gis_service.services.load_networks import any_network, surroundings_of
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.validation.proposing import chosen, propose
from gis_service.validation.texts import arrow, as_texts
from gis_service.validation.whereabouts import Surroundings, places_of, whereabouts

MOST_LAYERS = 20
_EXAMPLES = 4
_SHOWN = 40
_LOOKED_AT = 10_000


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """
    What to look at, and what is known of it already.

    Parameters
    ----------
    layer
        None for every layer.
    collection
        What the rows are, where that is known.
    """

    path: Path
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    collection: str | None = None
    network: str | None = None
    name: str | None = None

    @property
    def source(self) -> str:
        return self.name or self.path.name


def inspect_file(database: Database, settings: Settings, request: InspectRequest) -> Inspection:
    """
    Look at a file; nothing is changed.

    Raises
    ------
    UnreadableFile, UnknownCollection, NotFound
        It cannot be read; there is no such collection or network.
    """
    collection = request.collection and REGISTRY[request.collection].id
    limits = ReadLimits(file_mb=settings.max_file_mb)
    layers = read_layers(request.path, limits=limits)
    wanted = (request.layer,) if request.layer is not None else layers[:MOST_LAYERS]
    with database.begin() as connection:
        around = surroundings_of(connection, any_network(connection, request.network))
    inspected = []
    format_ = ""
    for layer in wanted:
        source = read_file(
            request.path,
            layer=layer,
            crs=request.crs,
            encoding=request.encoding,
            limits=limits,
            name=request.source,
            crs_needed=False,
        )
        format_ = source.format.value
        inspected.append(_layer(request, collection, source, around))
    return Inspection(
        source=request.source,
        format=format_,
        size_bytes=request.path.stat().st_size,
        layers=layers,
        inspected=tuple(inspected),
    )


def _layer(
    request: InspectRequest, collection: str | None, source: SourceFrame, around: Surroundings
) -> LayerInspection:
    frame = source.frame
    where, extent = None, None
    kinds: Mapping[str, int] = {}
    shape_name = None
    if isinstance(frame, gpd.GeoDataFrame):
        shape_name = frame.geometry.name
        shapes = frame.geometry.to_numpy()
        kinds = _kinds(shapes)
        extent = _extent(shapes)
        stated_by = "the file" if source.crs_found else "--crs"
        where = whereabouts(places_of(shapes), source.crs, around, stated_by=stated_by)
    names = [source.layer, Path(request.source).stem]
    proposals = propose(frame, names, only=collection)
    proposal = proposals[0] if collection is not None else chosen(proposals)
    return LayerInspection(
        layer=source.layer,
        rows=len(frame),
        extent=extent,
        geometry_types=kinds,
        columns=tuple(
            _facts(str(name), frame[name]) for name in frame.columns if name != shape_name
        ),
        whereabouts=where,
        proposals=proposals[:4],
        chosen=proposal,
        command=command_line(request, source, proposal) if proposal is not None else "",
        encoding=source.encoding,
        notes=source.notes,
        faults=len(source.faults),
    )


def _kinds(shapes: np.ndarray[Any, Any]) -> Mapping[str, int]:
    names = pd.Series(gpd.GeoSeries(shapes).geom_type).fillna("none")
    return {str(kind): int(count) for kind, count in names.value_counts().items()}


def _extent(shapes: np.ndarray[Any, Any]) -> tuple[float, float, float, float] | None:
    bounds = shapely.bounds(shapes)
    finite = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(finite):
        return None
    west, south = finite[:, :2].min(axis=0)
    east, north = finite[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _facts(name: str, series: pd.Series[Any]) -> ColumnFacts:
    held = series[series.notna()]
    step = max(1, len(held) // _LOOKED_AT)
    texts, nested = as_texts(held.iloc[::step])
    shown = [str(v) for v in held[: len(nested)][nested].head(_EXAMPLES)] if nested.any() else []
    known = [text for text in texts.unique().to_pylist() if text is not None]
    return ColumnFacts(
        name=name,
        type=_type(series),
        filled=round(len(held) / len(series), 3) if len(series) else 0.0,
        distinct=len(known),
        examples=tuple(_short(each) for each in (known or shown)[:_EXAMPLES]),
    )


def _type(series: pd.Series[Any]) -> str:
    array = arrow(series)
    if array is None:
        return "JSON"
    for name, test in (
        ("boolean", pa.types.is_boolean), ("integer", pa.types.is_integer),
        ("number", pa.types.is_floating), ("date", pa.types.is_date),
        ("time", pa.types.is_timestamp), ("binary", pa.types.is_binary),
    ):
        if test(array.type):
            return name
    return "text"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def command_line(
    request: InspectRequest, source: SourceFrame, proposal: CollectionProposal
) -> str:
    """The command that would load the layer as it is proposed."""
    words: list[str] = ["./gis", "load", str(request.path), "--collection", proposal.collection]
    if request.network is not None and REGISTRY[proposal.collection].networked:
        words += ["--network", request.network]
    if len(source.layers) > 1:
        words += ["--layer", source.layer]
    if request.crs is not None:
        words += ["--crs", request.crs]
    if request.encoding is not None:
        words += ["--encoding", request.encoding]
    words += _pairs("--map", [(f.source, f.field) for f in proposal.fields if not f.by_itself])
    words += _pairs("--set", list(proposal.constants.items()))
    if proposal.make_ids:
        words.append("--make-ids")
    return shlex.join(words)


def _pairs(option: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [word for name, value in pairs for word in (option, f"{name}={value}")]
