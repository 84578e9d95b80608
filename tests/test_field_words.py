"""The words of the technician's page: every phrase that its scripts say is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from gis_service.cartography.assets import STATIC, WEB
from gis_service.model.fields import LANGUAGES, Language
from gis_service.web.field_shell import FIRST, STRINGS, scripts

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (STATIC / "field").glob("*.js")}
PHRASES = {
    key: texts for name in STRINGS
    for key, texts in tomllib.loads((WEB / name).read_text(encoding="utf-8")).items()
}


def test_every_phrase_that_a_script_names_is_there() -> None:
    said = {key for text in SCRIPTS.values() for key in re.findall(r'"(field_\w+)"', text)}
    assert len(said) > 100
    assert said <= set(PHRASES)


def test_every_beginning_that_a_script_completes_has_phrases() -> None:
    begun = {key for text in SCRIPTS.values() for key in re.findall(r"`(field_\w+_)\$\{", text)}
    assert begun
    for beginning in begun:
        assert any(key.startswith(beginning) for key in PHRASES), beginning


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_whole_in_both_languages(language: Language) -> None:
    for key, texts in PHRASES.items():
        assert set(texts) == set(LANGUAGES), key
        assert texts[language].strip(), key
        holes = [set(re.findall(r"\{\w+\}", texts[each])) for each in LANGUAGES]
        assert holes[0] == holes[1], key


def test_what_the_page_begins_with_imports_nothing_else() -> None:
    """Else a phone would wait for one file after the other."""
    assert set(FIRST) <= set(scripts())
    for name in FIRST:
        text = SCRIPTS[name.removeprefix("field/")]
        for imported in re.findall(r'^(?:import|export) .*"\./([\w]+\.js)";', text, re.MULTILINE):
            assert f"field/{imported}" in FIRST, (name, imported)
