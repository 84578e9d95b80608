"""Reading the hand-written tables, and writing the sample's files so that each byte is fixed."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely

HERE = Path(__file__).resolve().parent
AUTHORED = HERE / "authored"

Position = tuple[float, float]
"""Longitude, latitude in degrees."""
Row = dict[str, Any]


def read_csv(name: str) -> list[dict[str, str]]:
    with (AUTHORED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((AUTHORED / name).read_text(encoding="utf-8"))


def rounded(point: Sequence[float]) -> Position:
    return round(point[0], 6), round(point[1], 6)


def nested(geometry: shapely.Geometry) -> dict[str, Any]:
    """GeoJSON of a geometry, coordinates rounded."""

    def walk(value: Any) -> Any:
        return round(value, 6) if isinstance(value, float) else [walk(v) for v in value]

    mapping = geometry.__geo_interface__
    return {"type": mapping["type"], "coordinates": walk(mapping["coordinates"])}


def write_geojson(path: Path, items: Iterable[Row]) -> None:
    """One feature per line, so that a change shows as a changed line."""

    def features() -> Iterator[str]:
        for item in items:
            properties = {k: v for k, v in item.items() if k != "geometry"}
            geometry = item["geometry"]
            yield json.dumps(
                {
                    "type": "Feature",
                    "properties": properties,
                    "geometry": None if geometry is None else nested(geometry),
                },
                ensure_ascii=False,
                separators=(",", ":"),
                default=datetime.isoformat,
            )

    head = f'{{"type":"FeatureCollection","name":"{path.stem}","features":[\n'
    path.write_text(head + ",\n".join(features()) + "\n]}\n", encoding="utf-8", newline="\n")


def write_csv(path: Path, items: Sequence[Row]) -> None:
    """Lists of texts are joined by semicolons, objects and lists of objects are JSON."""

    def cell(value: Any) -> Any:
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case list() if all(isinstance(part, str) for part in value):
                return ";".join(value)
            case list() | dict():
                return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            case datetime():
                return value.isoformat()
        return value

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        columns = list(dict.fromkeys(name for item in items for name in item))
        writer.writerow(columns)
        writer.writerows([cell(item.get(name)) for name in columns] for item in items)
