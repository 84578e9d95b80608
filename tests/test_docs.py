"""The manual: it names what there is, leads nowhere in vain, and is whole in either language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import click
import pytest
from click import Context, Group
from starlette.routing import Match

from gis_service.cli import cli
from gis_service.cli.commands import described as described_commands
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.rules import RULES
from gis_service.ogc.links import Addresses
from gis_service.settings import Settings, described
from gis_service.web.app import create_app
from gis_service.web.manual import CHAPTERS, FOLDER, GROUPS, REFERENCES, Reading, chapter, source
from gis_service.web.pages import words_of

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(FOLDER.rglob("*.md"))
READING = Reading(Addresses("http://map.example"))
ELSEWHERE = ("/tmp", "/etc", "/mnt", "/media", "/srv", "/var", "/opt", "/usr", "/backup")
"""What begins as a route does and is a place on a disk."""


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of every command, from code alone; a backslash joins two lines."""
    code = [*re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE),
            *re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)]
    for block in code:
        for line in block.replace("\\\n", " ").splitlines():
            for found in re.finditer(r"(?<!\.)\./gis(?=\s|$)([^|;#]*)", line):
                yield re.sub(r"\"[^\"]*\"", "X", found[1]).split()


@cache
def context() -> Context:
    return Context(cli)


def told(words: list[str]) -> str | None:
    """What is wrong with a command: a name or an option that does not exist."""
    command: click.Command = cli
    while words and isinstance(command, Group) and not words[0].startswith("-"):
        found = command.get_command(context(), words[0])
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
    alone = isinstance(command, Group) and not command.invoke_without_command
    if alone and words and words[0] != "--help":
        return f"{command.name} has no {words[0]!r}"
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    if command.context_settings.get("ignore_unknown_options"):
        return None
    unknown = [w for w in words if w.startswith("--") and w.split("=")[0] not in known]
    return f"{command.name} has no {unknown}" if unknown else None


def test_every_chapter_has_its_file_and_every_file_is_a_chapter() -> None:
    listed = {FOLDER / source(id_, language)[1] / f"{id_}.md"
              for id_ in CHAPTERS for language in LANGUAGES}
    assert set(FILES) == listed
    assert all((FOLDER / "sw" / f"{id_}.md").is_file() for id_ in GROUPS["everybody"])


@pytest.mark.parametrize("file", sorted((FOLDER / "sw").glob("*.md")), ids=lambda f: f.stem)
def test_a_translation_says_the_same(file: Path) -> None:
    """The same headings, code, commands, links and tables, one after the other."""
    ours, theirs = text_of(FOLDER / "en" / file.name), text_of(file)
    blocks = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    assert blocks.findall(theirs) == blocks.findall(ours)
    for what in (r"^(#+) ", r"^\| *(-|.)"):
        heads = re.compile(what, re.MULTILINE)
        assert len(heads.findall(theirs)) == len(heads.findall(ours)), what
    assert {*map(tuple, commands_in(theirs))} == {*map(tuple, commands_in(ours))}
    for names in (r"\bGIS_[A-Z_]+\b", r"\]\(([^)#]*)"):
        assert set(re.findall(names, theirs)) == set(re.findall(names, ours)), names


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_are_those_of_the_contents(language: Language) -> None:
    words = words_of(language)
    for id_ in CHAPTERS:
        written = source(id_, language)[1]
        if written == language:
            assert chapter(id_, language, READING).title == words[f"docs_{id_}"]
    assert {f"docs_{id_}" for id_ in (*CHAPTERS, *REFERENCES)} <= words.keys()
    assert {f"docs_group_{group}" for group in GROUPS} <= words.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_what_a_chapter_names_exists(file: Path, settings: Settings) -> None:
    text = text_of(file)
    assert [fault for words in commands_in(text) if (fault := told(words))] == []
    known = {name for name, _, _ in described()} | {"GIS_DB_PASSWORD", "GIS_CHROMIUM"}
    named = set(re.findall(r"GIS_[A-Z_]*[A-Z]", text))
    assert {n for n in named if not any(k.startswith(n) for k in known)} == set()
    routes = create_app(settings, nullcontext).routes  # type: ignore[arg-type]
    for path in re.findall(r"`(/[^`\s?#]*)", text):
        if not path.startswith(ELSEWHERE):
            if path.endswith("/") and any(r.path.startswith(path) for r in routes):  # type: ignore[attr-defined]
                continue
            scope = {"type": "http", "method": "GET", "path": path}
            assert any(r.matches(scope)[0] is not Match.NONE for r in routes), path
    for name in re.findall(r"`(tests/[^`]+)`", text):
        assert (ROOT / name).is_file(), name
    for rule in re.findall(r"\./gis rules ([a-zA-Z0-9-]+)", text):
        assert rule in RULES


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_somewhere(language: Language, whole: bool) -> None:
    reading = Reading(Addresses("", language), whole=whole)
    chapters = {id_: chapter(id_, language, reading) for id_ in CHAPTERS}
    anchors = {
        id_: re.findall(r'<h\d id="([^"]+)"', each.body) for id_, each in chapters.items()
    }
    every = [a for listed in anchors.values() for a in listed] + list(CHAPTERS)
    assert not whole or len(every) == len(set(every))
    for id_, each in chapters.items():
        assert len(anchors[id_]) == len(set(anchors[id_])), id_
        assert all(section.anchor in anchors[id_] for section in each.sections)
        for href in re.findall(r'href="([^"]+)"', each.body):
            if href.startswith("https://"):
                continue
            page, _, anchor = href.partition("#")
            if whole and not page:
                assert anchor in every, (id_, href)
                continue
            name = re.sub(r"^/docs/|\?.*$", "", page) if page else id_
            assert name in {*CHAPTERS, *REFERENCES}, (id_, href)
            if anchor and name in CHAPTERS:
                assert anchor in anchors[name], (id_, href)


def test_every_command_is_in_the_reference_with_its_options() -> None:
    listed = list(described_commands(cli, context(), ()))
    assert [tuple(each["path"]) for each in listed] == list(dict.fromkeys(paths(cli, ())))
    for each in listed:
        text = " ".join(block["text"] for block in each["help"])
        assert "./gis " in text, each["path"]
        assert told([*each["path"], *re.findall(r"--[a-z-]+", each["usage"])]) is None
    assert cli.get_command(context(), "load") is not None
    load = next(each for each in listed if each["path"] == ["load"])
    assert any(each["usage"].startswith("--dry-run") for each in load["options"])


def paths(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What one can type."""
    if isinstance(command, Group):
        for name in command.list_commands(context()):
            found = command.get_command(context(), name)
            if found is not None and not found.hidden:
                yield from paths(found, (*path, name))
        if not command.invoke_without_command:
            return
    yield path


def test_html_in_a_chapter_is_text() -> None:
    from gis_service.web.manual import _markdown  # noqa: PLC0415

    assert "<script" not in _markdown().render("<script>x</script> `<b>`")
