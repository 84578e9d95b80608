"""What the loader says is known in Kiswahili, as the code says it."""

from __future__ import annotations

import ast
import re
import string

import pytest

from gis_service.web.loader_sentences import in_kiswahili, said_in, sentences
from tests.conftest import ROOT

FLOORS = ("formats", "validation", "services", "store", "model", "web")


def spoken_in_code() -> str:
    """All texts of the code, `{}` for what is put in, with what stands after each other joined."""
    found = []
    for floor in FLOORS:
        for path in sorted((ROOT / "gis_service" / floor).rglob("*.py")):
            found += [_text(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))
                      if isinstance(node, ast.Constant | ast.JoinedStr)]
    return "\n".join(found)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values
        )
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_each_sentence_stands_in_the_code() -> None:
    code = spoken_in_code()
    # Words that the code puts together from parts.
    parts = {
        "{} blank row was passed over.", "{} blank rows were passed over.", "Network {}: {}.",
        "{} puts {} of the rows {}; {} would put {} there.", "It stands where row {} stands.",
        "No node is at its start ({}, {}).", "No node is at its end ({}, {}).",
    }
    assert "blank row{} passed over." in code
    lost = [each for each in sentences() if each not in code and each not in parts]
    assert lost == [], "reworded in the code: mend web/loader_sentences.toml"


def test_each_translation_takes_only_what_was_found() -> None:
    for english, swahili in sentences().items():
        taken = {name for _, name, _, _ in string.Formatter().parse(swahili) if name is not None}
        assert taken <= {str(n + 1) for n in range(english.count("{}"))}, english
        assert not re.search(r"--[a-z]", swahili), f"an option of the command line: {swahili}"


@pytest.mark.parametrize(("english", "swahili"), [
    ("sites.csv is empty (0 bytes).", "sites.csv ni tupu (baiti 0)."),
    (
        "Line 3 holds bytes that are not UTF-8 text. Name the encoding of the file, for example "
        "--encoding cp1252 (Excel on Windows) or --encoding latin-1.",
        "Mstari 3 una baiti zisizo maandishi ya UTF-8. Taja usimbaji wa faili, kwa mfano cp1252 "
        "(Excel ya Windows) au latin-1.",
    ),
    ("hali: 'LIVE' was read as 'operational'.", "hali: 'LIVE' ilisomwa kama 'operational'."),
    (
        "EPSG:4326 (WGS 84), its two axes swapped puts 100% of the rows in a known ward. Swap the "
        "two coordinates in the file.",
        "EPSG:4326 (WGS 84), its two axes swapped huweka 100% ya safu katika wadi inayojulikana. "
        "Badilishana viwianishi viwili katika faili.",
    ),
    (
        "The file is damaged or not what it claims to be: file is not a database",
        "Faili imeharibika au si kile inachodai kuwa: file is not a database",
    ),
    ("a word for it, and its values are codes", "neno lake, na thamani zake ni misimbo"),
    (
        "The geometry is empty. The row has no geometry.", "Umbo ni tupu. Safu haina umbo.",
    ),
])
def test_sentences_are_recognised_with_what_was_found(english: str, swahili: str) -> None:
    assert said_in(english, "sw").text == swahili
    assert said_in(english, "sw").language == "sw"
    assert said_in(english, "en").language == "en"


def test_what_is_not_known_stays_english() -> None:
    for message in ("Nobody ever says this.", "The row has no geometry. Nobody says this.",
                    "a" * 5_000 + " is not a file."):
        assert in_kiswahili(message) is None
        assert said_in(message, "sw").language == "en"
