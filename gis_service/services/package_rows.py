"""What loading a package makes of each of its objects, for a person to look at before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gis_service.formats.ofds_geometry import place_of
from gis_service.formats.ofds_mapping import COLLECTIONS, GEOMETRIES, key_of
from gis_service.formats.row_outcomes import OutcomeShape, OutcomeWriter, Part
from gis_service.model.collections import REGISTRY
from gis_service.model.uploads import RowOutcome
from gis_service.services.load_rows import chosen_to_draw, shape_documents
from gis_service.services.ofds_loading import StoredArray, StoredNetwork, StoredPackage
from gis_service.validation.part_checks import GEOMETRY

_Told = tuple[int, str, str, str]


def write_package_outcomes(path: Path, stored: StoredPackage) -> None:
    """
    Write the outcome of every object with its faults, and some of them as shapes.

    Parameters
    ----------
    stored
        The load, in its transaction.
    """
    writer = OutcomeWriter(path)
    drawn: list[tuple[Part, _Told, Any]] = []
    for network in stored.networks:
        for each in network.arrays:
            part = Part(network.external_id, each.collection)
            rows = list(_rows(each))
            writer.rows(rows, part)
            if GEOMETRY in each.frame.columns:
                shapes = each.frame[GEOMETRY].to_numpy()
                drawn += ((part, row, shape) for row, shape in zip(rows, shapes, strict=True))
        for part, row, shape in _aside(network):
            writer.rows([row], part)
            drawn.append((part, row, shape))
        for collection, items in network.absent.items():
            writer.rows(
                ((0, RowOutcome.ABSENT.value, key, name) for key, name in items),
                Part(network.external_id, collection),
            )
        for fault in network.rows.faults:
            array = fault.column.partition("/")[0]
            writer.faults([fault], Part(network.external_id, COLLECTIONS.get(array, "")))
    writer.shapes(_shapes(drawn))
    writer.finish()


def _rows(stored: StoredArray) -> Iterator[_Told]:
    """Number, outcome, key and name of each row, in the order of the frame."""
    collection = REGISTRY[stored.collection]
    became = {
        row: RowOutcome.NEW if new else RowOutcome.CHANGED if differs else RowOutcome.UNCHANGED
        for row, new, differs in stored.decisions
    }
    frame = stored.frame
    keys, names = (_texts(frame, name) for name in (collection.key, collection.label))
    for row, key, name in zip(frame.index.tolist(), keys, names, strict=True):
        yield row, became[row].value, key, name


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame.columns:
        return [""] * len(frame)
    return ["" if each is None or each is pd.NA else str(each)[:200] for each in frame[name]]


def _aside(network: StoredNetwork) -> Iterator[tuple[Part, _Told, Any]]:
    """Objects that become no row, with their shapes where they have one."""
    for each in network.rows.unplaced:
        shape, name = None, ""
        if isinstance(each.object, dict):
            said = each.object.get("name")
            name = said[:200] if isinstance(said, str) else ""
            if each.array in GEOMETRIES:
                shape = place_of(each.array, each.object).shape
        told = (each.position + 1, RowOutcome.ASIDE.value, key_of(each.object) or "", name)
        yield Part(network.external_id, COLLECTIONS[each.array]), told, shape


def _shapes(drawn: Sequence[tuple[Part, _Told, Any]]) -> Iterator[OutcomeShape]:
    shapes = np.full(len(drawn), None, dtype=object)
    shapes[:] = [shape for _, _, shape in drawn]
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        has_place = (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1)
    outcomes = list(RowOutcome)
    codes = np.array([outcomes.index(RowOutcome(row[1])) for _, row, _ in drawn], dtype=np.int64)
    chosen = chosen_to_draw(codes, has_place)
    for at, document in zip(chosen.tolist(), shape_documents(shapes[chosen]), strict=True):
        part, (row, outcome, key, name), _ = drawn[at]
        yield OutcomeShape(row, RowOutcome(outcome), key, name, document.encode(), part)
