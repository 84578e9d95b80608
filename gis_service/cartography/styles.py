"""The ways in which a layer can be drawn, and what each needs of its collection."""

from __future__ import annotations

from dataclasses import dataclass

from gis_service.model.fields import Collection, GeometryType


@dataclass(frozen=True, slots=True)
class Style:
    """
    A way of drawing.

    Parameters
    ----------
    geometry
        What it can draw; None for any geometry.
    needs
        Fields that the collection must have.
    tells
        Fields that signs and hints tell besides.
    """

    id: str
    geometry: GeometryType | None
    needs: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()

    def fault_with(self, collection: Collection) -> str | None:
        """Why `collection` cannot be drawn so; None when it can."""
        if collection.geometry is None:
            return f"{collection.id} has no geometry, so it cannot be on a map"
        if self.geometry not in (None, collection.geometry):
            return (
                f"style {self.id!r} draws {self.geometry}, and {collection.id} "
                f"holds {collection.geometry}"
            )
        missing = [name for name in self.needs if name not in collection.by_name]
        if missing:
            return f"style {self.id!r} needs {', '.join(missing)}, which {collection.id} lacks"
        return None


STYLES: dict[str, Style] = {
    style.id: style
    for style in (
        Style("indicator", GeometryType.MULTI_POLYGON, ("code", "name")),
        Style("outline", GeometryType.MULTI_POLYGON),
        Style("road", GeometryType.LINE_STRING, (), ("road_class",)),
        Style("link", GeometryType.LINE_STRING, ("status",), ("capacity_gbps",)),
        Style("node", GeometryType.POINT),
        Style("office", GeometryType.POINT, ("connection",), ("office_type",)),
        Style("plain", None),
    )
}

PALETTES: tuple[str, ...] = ("teal", "ochre")
"""Sequences of five colours that `web/static/gis.css` defines, light and dark."""

MOST_CLASSES = 5
