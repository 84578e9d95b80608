"""Map definitions: what is read, and how every fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis_service.cartography.definition import read_definition, read_definitions
from gis_service.cartography.indicators import STAFF_INDICATORS
from gis_service.errors import InvalidDefinition
from gis_service.model.audience import Audience

MAPS = Path(__file__).resolve().parents[1] / "maps"

GOOD = """
title = { en = "Wards", sw = "Wadi" }
extent = [34.5, -1.05, 35.05, -0.5]

[[layers]]
collection = "wards"
style = "indicator"
indicator = "share_connected"
breaks = [20, 40.5]
palette = "ochre"

[[layers]]
collection = "offices"
style = "office"
title = { en = "Places", sw = "Mahali" }
visible = false
"""


def written(folder: Path, text: str, name: str = "wards.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str, name: str = "wards.toml") -> tuple[str, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        read_definition(written(folder, text, name))
    return caught.value.faults


def test_a_definition_is_read(tmp_path: Path):
    found = read_definition(written(tmp_path, GOOD))
    assert found.id == "wards"
    assert found.title.sw == "Wadi"
    assert found.audience is Audience.PUBLIC
    assert found.extent == (34.5, -1.05, 35.05, -0.5)
    wards, offices = found.layers
    assert (wards.indicator, wards.breaks, wards.palette) == (
        "share_connected", (20.0, 40.5), "ochre"
    )
    assert wards.title.en == "Wards"
    assert offices.title.en == "Places"
    assert not offices.visible
    assert found.indicator_layer is wards


def test_what_staff_choose_from_keeps_its_order(tmp_path: Path):
    words = 'indicators = ["km", "share_lit"]\nscenarios = ["stored", "planned"]\n'
    found = read_definition(written(tmp_path, words + GOOD))
    assert found.indicators == ("km", "share_lit")
    assert found.scenarios == ("stored", "planned")


def test_every_indicator_is_explained():
    text = (MAPS / "README.md").read_text(encoding="utf-8")
    for each in STAFF_INDICATORS.values():
        assert f"| `{each.id}` | {each.title.en}" in text


def test_our_own_maps_are_valid():
    assert "coverage" in read_definitions(MAPS)


def test_all_faults_are_told_at_once(tmp_path: Path):
    text = """
        titel = { en = "Streets", sw = "Mitaa" }
        title = { en = "Streets" }
        audience = "publik"
        extent = [35.05, -1.05, 34.5, -0.5]
        [[layers]]
        collection = "ward"
        style = "indicater"
        [[layers]]
        collection = "wards"
        style = "indicator"
        indicator = "share_conected"
        breaks = [20, 60, 40]
        palette = "pink"
        colour = "blue"
    """
    told = faults(tmp_path, text)
    for expected in (
        "unknown key 'titel'; did you mean 'title'?",
        "title is missing in Kiswahili (sw)",
        "audience: unknown reader 'publik'; did you mean 'public'?",
        "layer 1: unknown collection 'ward'; did you mean 'wards'?",
        "layer 1: unknown style 'indicater'; did you mean 'indicator'?",
        "layer 2: unknown indicator 'share_conected'; did you mean 'share_connected'?",
        "layer 2: breaks must ascend, and [20, 60, 40] do not",
        "layer 2: unknown palette 'pink'; known: teal, ochre",
    ):
        assert expected in told
    assert any(fault.startswith("layer 2: unknown key 'colour'") for fault in told)
    assert any(fault.startswith("extent [35.05") for fault in told)


def test_the_message_names_file_and_faults(tmp_path: Path):
    with pytest.raises(InvalidDefinition, match=r"wards\.toml has faults:\n  - title is missing"):
        read_definition(written(tmp_path, "[[layers]]\ncollection='wards'\nstyle='outline'"))


HEAD = 'title = { en = "A", sw = "B" }\n'
WARDS = HEAD + '[[layers]]\ncollection = "wards"\nstyle = "indicator"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = ", "it is not TOML"),
        ("", "title is missing"),
        (HEAD, "there is no layer"),
        (HEAD + "layers = 3", "there is no layer"),
        (HEAD + "extent = [1, 2, 3]\n", "extent is four numbers"),
        (HEAD + "extent = [1, nan, 3, 4]\n", "extent is four numbers"),
        (HEAD + "extent = [34, -91, 35, 0]\n", "is not west, south, east, north"),
        (HEAD + '[[layers]]\ncollection = "organisations"\nstyle = "plain"', "has no geometry"),
        (HEAD + '[[layers]]\ncollection = "wards"\nstyle = "office"', "draws Point"),
        (HEAD + '[[layers]]\ncollection = "network_nodes"\nstyle = "office"',
         "needs connection, which network_nodes lacks"),
        (HEAD + '[[layers]]\ncollection = "organisations"\nstyle = "plain"',
         "may not be seen by public readers"),
        (HEAD + '[[layers]]\ncollection = "wards"\nstyle = "outline"\nbreaks = [1]',
         'breaks goes with style = "indicator" only'),
        (HEAD + '[[layers]]\ncollection = "wards"\nstyle = "outline"\nvisible = "no"',
         "visible is true or false"),
        (HEAD + '[[layers]]\ncollection = "wards"\nstyle = "outline"\n' * 2,
         "wards is shown twice"),
        (WARDS + 'indicator = "share_connected"\nbreaks = "20"', "breaks is a list of numbers"),
        (WARDS + 'indicator = "share_connected"\nbreaks = [true]', "breaks is a list of numbers"),
        (WARDS + 'indicator = "share_connected"\nbreaks = [1,2,3,4,5]', "at most 5"),
        (WARDS + 'indicator = "share_connected"\nbreaks = [0, 50, 100]', "lie outside"),
        (WARDS + "breaks = [50]", "indicator is missing; choose from share_connected"),
        (WARDS + 'indicator = "share_lit"\nbreaks = [50]', "unknown indicator 'share_lit'"),
        ('indicators = ["share_litt"]\n' + GOOD, "indicators: unknown word 'share_litt'; did you"),
        ('indicators = "share_lit"\n' + GOOD, "indicators is a list of words, like"),
        ('indicators = ["km", "km"]\n' + GOOD, "indicators: km is named twice"),
        ('scenarios = ["phases"]\n' + GOOD, "scenarios go with indicators"),
        ('indicators = ["km"]\n' + HEAD + '[[layers]]\ncollection = "wards"\nstyle = "outline"',
         'need a layer with style = "indicator"'),
    ],
)
def test_each_fault_has_its_words(tmp_path: Path, text: str, expected: str):
    assert any(expected in fault for fault in faults(tmp_path, text))


def test_a_name_that_cannot_be_an_address(tmp_path: Path):
    assert "part of an address" in faults(tmp_path, GOOD, "My Map.toml")[0]


def test_what_is_no_text(tmp_path: Path):
    path = tmp_path / "wards.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidDefinition, match="not UTF-8"):
        read_definition(path)
    with pytest.raises(InvalidDefinition, match="cannot be read"):
        read_definition(tmp_path / "absent.toml")
