"""Documents about tiles: the tile matrix set by its formulas, the style by MapLibre."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gis_service.cartography.map_style import map_style
from gis_service.cartography.vendor import VENDOR
from gis_service.model.audience import Audience, visible_collections, visible_geometry
from gis_service.ogc.links import Addresses
from gis_service.ogc.tiles import tile_matrix_set


def test_the_tile_matrix_set_is_the_official_one() -> None:
    """OGC 17-083r4, annex D.1, whose numbers are given here for some matrices."""
    document = tile_matrix_set(Addresses("https://example.org"))
    matrices = document["tileMatrices"]
    assert [each["id"] for each in matrices] == [str(zoom) for zoom in range(25)]
    assert document["crs"].endswith("/EPSG/0/3857")
    denominators = {0: 559082264.028717, 1: 279541132.014358, 18: 2132.72958384978}
    sizes = {0: 156543.033928041, 1: 78271.5169640204}
    for zoom, each in enumerate(matrices):
        assert each["pointOfOrigin"] == pytest.approx([-20037508.342789244, 20037508.342789244])
        assert (each["tileWidth"], each["tileHeight"]) == (256, 256)
        assert each["matrixWidth"] == each["matrixHeight"] == 2**zoom
        assert each["scaleDenominator"] == pytest.approx(denominators[0] / 2**zoom)
        assert each["scaleDenominator"] * 0.00028 == pytest.approx(each["cellSize"])
    for zoom, denominator in denominators.items():
        assert matrices[zoom]["scaleDenominator"] == pytest.approx(denominator, rel=1e-12)
    for zoom, size in sizes.items():
        assert matrices[zoom]["cellSize"] == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_the_style_is_valid(audience: Audience, tmp_path: Path) -> None:
    layers = [c for c in visible_collections(audience) if visible_geometry(c, audience)]
    style = map_style(layers, "https://example.org/tiles/WebMercatorQuad/tilejson.json", "Kisii")
    assert {each.get("source-layer") for each in style["layers"]} - {None} == {
        each.id for each in layers
    }
    assert _validated(tmp_path, style).returncode == 0, _validated(tmp_path, style).stdout
    style["layers"][1]["paint"]["fill-colour"] = "red"
    assert _validated(tmp_path, style).returncode != 0


def _validated(folder: Path, style: object) -> subprocess.CompletedProcess[str]:
    package = next((VENDOR / "@maplibre").glob("maplibre-gl-style-spec@*"))
    node = Path(sys.executable).with_name("node")
    path = folder / "style.json"
    path.write_text(json.dumps(style))
    return subprocess.run(
        [str(node), str(package / "gl-style-validate.cjs"), str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )
