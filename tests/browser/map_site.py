"""A map's page from frames, served as the web app serves it: for looking and for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import geopandas as gpd

from gis_service.cartography.compact import compact_payload
from gis_service.cartography.definition import MapDefinition, read_definition
from gis_service.cartography.layers import data_script, layer_payload
from gis_service.cartography.rendering import (
    NavLink,
    PageLinks,
    RenderedMap,
    content_security_policy,
    render_map,
)
from gis_service.coverage import coverage_by_ward
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import LANGUAGES, Field, Language

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
FRAME: dict[str, Any] = {
    "municipality": "Kisii Municipality", "as_of": date(2026, 11, 20), "synthetic": True,
    "approximate": True,
}


def sample_frames(folder: Path = SAMPLE) -> dict[str, gpd.GeoDataFrame]:
    frames = {}
    for path in sorted(folder.glob("*.geojson")):
        frame = gpd.read_file(path)
        key = "code" if "code" in frame.columns else "external_id"
        frames[path.stem] = frame.assign(id=frame[key])
    nodes = frames["network_nodes"]
    frames["network_nodes"] = nodes.assign(public_wifi=nodes["infrastructure"] == "wifiAccessPoint")
    return frames


def coverage_definition() -> MapDefinition:
    return read_definition(ROOT / "maps" / "coverage.toml")


def fields_for(definition: MapDefinition, audience: Audience) -> dict[str, tuple[Field, ...]]:
    return {
        layer.collection: visible_fields(REGISTRY[layer.collection], audience)
        for layer in definition.layers
    }


def write_site(
    folder: Path,
    frames: Mapping[str, gpd.GeoDataFrame],
    *,
    audience: Audience = Audience.PLANNER,
    embedded: bool = False,
    **options: Any,
) -> dict[Language, RenderedMap]:
    """Pages in both languages, their files and their data; returns the rendered pages."""
    definition = coverage_definition()
    fields = fields_for(definition, audience)
    coverage = coverage_by_ward(frames["wards"], frames["offices"])
    for name in ("assets", "data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for layer in definition.layers:
        make = layer_payload if audience.is_staff else compact_payload
        payload = make(
            layer, frames[layer.collection], fields=fields[layer.collection], coverage=coverage
        )
        name = f"{layer.collection}.{'js' if embedded else 'geojson'}"
        content = data_script(layer.collection, payload) if embedded else payload
        (folder / "data" / name).write_bytes(content)
    suffix = "js" if embedded else "geojson"
    pages = {}
    for language in LANGUAGES:
        links = PageLinks(
            assets="assets/",
            data=lambda layer: f"data/{layer}.{suffix}",
            languages={code: f"{code}.html" for code in LANGUAGES},
            nav=(NavLink("Map", "en.html", current=True), NavLink("Data", "#data")),
            embedded=embedded,
        )
        page = render_map(
            definition, language=language, fields=fields, links=links, summary=coverage,
            **{**FRAME, **options},
        )
        (folder / f"{language}.html").write_text(page.html, encoding="utf-8")
        for name, content in page.files.items():
            (folder / "assets" / name).write_bytes(content)
        pages[language] = page
    return pages


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as the base class has it
        ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
        ".geojson": "application/geo+json", "": "application/octet-stream",
    }

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", content_security_policy())
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder with the policy of our pages; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
