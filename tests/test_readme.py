"""README.md says what is true: its tables are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

from click import Context, Group

from gis_service.cli import all_commands, cli, example
from gis_service.cli.settings import markdown_table
from gis_service.model.collections import REGISTRY
from gis_service.web.manual import CHAPTERS

CONTEXT = Context(cli)
README = Path(__file__).resolve().parents[1] / "README.md"


def collections_table() -> str:
    return "| Collection | What | Public |\n|---|---|---|\n" + "".join(
        f"| `{c.id}` | {c.description.en} | {'partly' if c.public else 'no'} |\n"
        for c in REGISTRY.values()
    )


def section(name: str) -> str:
    found = re.search(f"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text(), re.DOTALL)
    assert found, f"README.md has no section {name}"
    return found[1]


def test_settings_are_those_of_the_code():
    assert section("settings") == markdown_table()


def test_collections_are_those_of_the_registry():
    assert section("collections") == collections_table()


def test_every_command_named_exists():
    for words in re.findall(r"\./gis ([a-z]+)(?: ([a-z]+))?", README.read_text()):
        command = cli.get_command(CONTEXT, words[0])
        if isinstance(command, Group):
            alone = command.invoke_without_command and not words[1]
            assert alone or words[1] in command.commands, words


def test_every_chapter_of_the_manual_is_linked() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README.read_text())
    files = {link for link in links if not link.startswith("https://")}
    assert {file for file in files if not (README.parent / file).is_file()} == set()
    assert {f"gis_service/docs/en/{id_}.md" for id_ in CHAPTERS} <= files


def test_every_command_is_explained_with_an_example():
    for command in all_commands(cli, CONTEXT):
        assert example(command).startswith(("./gis ", "GIS_")), command.name


if __name__ == "__main__":
    text = README.read_text()
    for name, table in (("settings", markdown_table()), ("collections", collections_table())):
        text = re.sub(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
                      lambda m, t=table: m[1] + t + m[2], text, flags=re.DOTALL)
    README.write_text(text)
