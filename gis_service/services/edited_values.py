"""An item's values as an edit gives them, checked by the rules of loading and made storable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS
from sqlalchemy import Connection

from gis_service.formats.geojson import feature_wkb
from gis_service.model.collections import REGISTRY, SYSTEM_FIELDS
from gis_service.model.edits import Edit, EditRejected
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.reports import RowFault, Severity
from gis_service.store import edits as statements
from gis_service.validation.checking import validate
from gis_service.validation.columns import loadable_fields
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.part_checks import GEOMETRY
from gis_service.validation.texts import objects

ROW = 1
_SHOWN = 120
_SHAPE = "geometry"


@dataclass(frozen=True, slots=True)
class Network:
    """
    A network that items may belong to.

    Parameters
    ----------
    read_only
        Whether it is another owner's, kept as it is published.
    """

    id: UUID
    external_id: str
    extent: Extent
    read_only: bool = False


class EditedValues:
    """
    Checks one item at a time.

    Parameters
    ----------
    coming
        Ids of items that the same transaction makes, by collection.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        coming: Mapping[str, frozenset[UUID]],
        max_vertices: int,
    ) -> None:
        self._connection = connection
        self._coming = coming
        self._max_vertices = max_vertices

    def checked(
        self,
        edit: Edit,
        row: Mapping[str, Any],
        geometry: Any,
        network: Network | None,
        faults: list[RowFault],
        *,
        with_geometry: bool = True,
    ) -> dict[str, Any]:
        """
        The values of a row by column, ready to be stored.

        Parameters
        ----------
        row
            Values by field, of loadable fields only, with the key.
        geometry
            GeoJSON geometry, or None.
        faults
            What was found already.
        with_geometry
            Whether the geometry is given; otherwise it stays as it is.

        Raises
        ------
        EditRejected
            The row breaks rules; it carries `faults` and all others.
        """
        collection = edit.collection
        # What is empty and may be so needs no check, which would take most of the time.
        empty = {n for n, v in row.items() if v is None and not _is_needed(collection, n)}
        frame: pd.DataFrame = pd.DataFrame(
            {
                name: objects([value], pd.Index([ROW]))
                for name, value in row.items()
                if name not in empty
            },
            index=pd.Index([ROW]),
        )
        broken: list[RowFault] = []
        if with_geometry and collection.geometry is not None:
            shape = _shape(edit, geometry, broken)
            series = gpd.GeoSeries([shape], index=frame.index, crs=CRS.from_epsg(edit.crs.srid))
            frame = gpd.GeoDataFrame(frame.assign(**{_SHAPE: series}), geometry=_SHAPE)
        elif with_geometry and geometry is not None:
            message = f"{collection.title.en} have no geometry; leave it null."
            faults.append(fault(_SHAPE, "wrong-geometry-type", geometry, message))
        validated = validate(
            frame,
            collection,
            known_faults=tuple(broken),
            extent=network.extent if network else KENYA,
            max_vertices=self._max_vertices,
        )
        found = [*faults, *(f for f in validated.faults if f.severity is Severity.ERROR)]
        references: dict[str, Any] = {}
        for field in collection.fields:
            if field.references is None or field.name not in row:
                continue
            good = len(validated.frame) > 0
            checked = good and field.name not in empty
            names = _names(_plain(validated.frame[field.name]) if checked else row[field.name])
            if names and not any(f.column == field.name for f in found):
                references[field.name] = self._resolved(field, names, network, found)
        if found:
            raise EditRejected(found)
        values = {
            str(name): statements.storable(
                collection, str(name), column.iloc[0] if name == GEOMETRY else _plain(column)
            )
            for name, column in validated.frame.items()
        }
        nothing = {name: statements.storable(collection, name, None) for name in empty}
        return nothing | values | references

    def not_writable(self, collection: Collection, name: str) -> RowFault:
        """The fault of a property that no edit can fill: computed, or none at all."""
        computed = {f.name for f in (*collection.fields, *SYSTEM_FIELDS)} | (
            {"network"} if collection.networked else set()
        )
        if name in computed:
            return fault(name, "read-only", None, "The service fills it; leave it out.")
        known = ", ".join(loadable_fields(collection))
        shown = name if len(name) <= 60 else name[:57] + "..."
        return fault(
            shown, "unknown-property", None,
            f"{collection.id} has no property {shown!r}. Known: {known}.",
        )

    def _resolved(
        self, field: Field, names: tuple[str, ...], network: Network | None, found: list[RowFault]
    ) -> UUID | list[UUID] | None:
        """The ids that a reference means; what names nothing is a fault."""
        rows = self._connection.execute(
            statements.named(field, names, network.id if network else None)
        ).all()
        by_name = {str(row.id): row.id for row in rows} | {row.key: row.id for row in rows}
        coming = self._coming.get(field.references or "", frozenset())
        ids = []
        for name in names:
            id_ = by_name.get(name) or by_name.get(name.lower())
            id_ = id_ or next((each for each in coming if each == uuid_or_none(name)), None)
            if id_ is None:
                title = REGISTRY[field.references or ""].title.en.lower()
                message = f"There is no such item among the {title}."
                found.append(fault(field.name, "unknown-reference", name, message))
            else:
                ids.append(id_)
        if field.type is FieldType.REFERENCES:
            return ids
        return ids[0] if ids else None


def _is_needed(collection: Collection, name: str) -> bool:
    field = collection.by_name.get(name)
    return name == collection.key or (field is not None and field.required)


def fault(column: str, rule: str, value: object, message: str) -> RowFault:
    """A fault of the item that is edited."""
    text = "" if value is None else str(value)
    return RowFault(ROW, column, rule, text[:_SHOWN], message)


def uuid_or_none(value: object) -> UUID | None:
    """The UUID that a text spells in the usual way."""
    try:
        id_ = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return id_ if id_ is not None and str(id_) == str(value).lower() else None


def _names(value: object) -> tuple[str, ...]:
    """Texts by which a value names items; validation has reported whatever else it is."""
    if isinstance(value, str):
        return (value.strip(),) if value.strip() else ()
    if isinstance(value, list):
        return tuple(dict.fromkeys(v.strip() for v in value if isinstance(v, str) and v.strip()))
    return ()


def _shape(edit: Edit, geometry: Any, faults: list[RowFault]) -> Any:
    """A geometry with x before y, in the edit's CRS; None where there is none or it is broken."""
    reported: list[dict[str, Any]] = []
    wkb = feature_wkb(ROW, {"type": "Feature", "geometry": geometry}, reported)
    faults += [RowFault(**{**each, "severity": Severity(each["severity"])}) for each in reported]
    if wkb is None:
        return None
    try:
        shape = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException:
        faults.append(fault(_SHAPE, "broken-geometry", None, "The geometry cannot be built."))
        return None
    return shapely.transform(shape, _swapped) if edit.crs.flipped else shape


def _swapped(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return coordinates[:, ::-1]


def _plain(column: pd.Series[Any]) -> Any:
    return pa.array(column.array).to_pylist()[0]
