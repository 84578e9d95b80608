"""What the tools on a map may do and say, without a browser."""

from __future__ import annotations

import json
import re

import pytest

from gis_service.cartography import assets
from gis_service.cartography.definition import MapDefinition, read_definition
from gis_service.cartography.toolbox import TOOLS, toolbox_config, toolbox_files
from gis_service.cartography.wording import wording
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.rights import receivable_fields
from gis_service.services.map_layers import fields_of
from gis_service.services.toolboxes import toolbox_of
from tests.conftest import ROOT

COVERAGE = read_definition(ROOT / "maps" / "coverage.toml")
PLANT = read_definition(ROOT / "maps" / "plant.toml")


@pytest.mark.parametrize(
    ("definition", "audience", "editable"),
    [
        (COVERAGE, Audience.TECHNICIAN, []),
        (COVERAGE, Audience.PLANNER, ["fibre_links", "network_nodes", "offices"]),
        (PLANT, Audience.PLANNER, ["fibre_links", "structures", "network_nodes"]),
    ],
)
def test_only_who_may_change_items_can_draw_them(
    definition: MapDefinition, audience: Audience, editable: list[str]
):
    toolbox = toolbox_of(definition, audience, "/gis")
    config = toolbox_config(definition.layers, toolbox, {})
    assert config["editable"] == editable
    assert config["items"]["offices"] == "/gis/collections/offices/items"


def test_forms_follow_the_registry():
    for language, title in (("en", "Connection"), ("sw", "Muunganisho")):
        toolbox = toolbox_of(COVERAGE, Audience.PLANNER, "")
        fields = fields_of(COVERAGE, Audience.PLANNER)
        name, content = toolbox_files(COVERAGE.layers, fields, toolbox, language)["catalogue"]
        catalogue = json.loads(content)
        told = {f["name"]: f for f in catalogue["collections"]["offices"]["fields"]}
        assert told["connection"]["title"] == title
        assert told["connection"]["required"]
        assert set(told["connection"]["codes"]) == {"connected", "unconnected", "unknown"}
        assert told["required_mbps"]["unit"] == "Mbit/s"
        writable = {name for name, field in told.items() if field["writable"]}
        receivable = receivable_fields(REGISTRY["offices"], Audience.PLANNER)
        assert writable == {f.name for f in receivable}
        assert re.fullmatch(r"catalogue-[0-9a-f]{12}\.json", name)


def test_every_phrase_of_the_tools_exists():
    known = {key for key in wording("en") if key.startswith("tool_")}
    scripts = [name for names in TOOLS.values() for name in names]
    folder = assets.STATIC / "map" / "tools"
    assert sorted(path.stem for path in folder.glob("*.js")) == sorted(scripts)
    text = "".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in scripts)
    used = set(re.findall(r'(?:words\.|")(tool_\w+[A-Za-z\d])\b', text))
    kinds = ("Point", "LineString")
    made = {f"tool_{verb}_{kind}" for verb in ("draw", "change") for kind in kinds}
    assert used | made <= known
    assert "innerHTML" not in text
