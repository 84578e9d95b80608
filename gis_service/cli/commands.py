"""`gis commands`: every command with its options, for people and for the manual."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import click

from gis_service.cli.progress import say

_VERBATIM = "\b"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as /docs/commands reads it.")
@click.pass_context
def commands(ctx: click.Context, as_json: bool) -> None:
    """
    Explain every command with its options, as Markdown.

    \b
    Examples:
      ./gis commands > commands.md
      ./gis commands --json
    """
    root = ctx.find_root()
    listed = list(described(root.command, root, ()))
    if as_json:
        say(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    say("# Commands")
    for each in listed:
        say(f"\n## `{each['usage']}`\n")
        for block in each["help"]:
            say(f"```\n{block['text']}\n```\n" if block["verbatim"] else f"{block['text']}\n")
        for option in each["options"]:
            say(f"- `{option['usage']}`: {option['help']}")


def described(
    command: click.Command, ctx: click.Context, path: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """
    A command, or those of a group, in the words of their own help.

    Yields
    ------
    dict
        `path` (words after `./gis`), `usage`, `help` (blocks with `text`, and
        `verbatim` for lines that stay as they are), `options` (`usage`, `help`).
    """
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            if found is not None and not found.hidden:
                yield from described(found, click.Context(found, parent=ctx), (*path, name))
        if not command.invoke_without_command:
            return
    ctx.info_name = path[-1]
    parts = command.collect_usage_pieces(ctx)
    yield {
        "path": list(path),
        "usage": " ".join(("./gis", *path, *parts)),
        "help": list(_blocks(inspect.cleandoc(command.help or ""))),
        "options": [
            {"usage": record[0], "help": record[1]}
            for parameter in command.get_params(ctx)
            if "--help" not in parameter.opts and (record := parameter.get_help_record(ctx))
            and record[1]
        ],
    }


def _blocks(text: str) -> Iterator[dict[str, Any]]:
    """The paragraphs of a help text; click marks those that are not wrapped."""
    for part in text.strip("\n").split("\n\n"):
        verbatim = part.lstrip().startswith(_VERBATIM)
        body = part.strip().removeprefix(_VERBATIM).strip("\n")
        if body.strip():
            text = dedent(body) if verbatim else " ".join(body.split())
            yield {"text": text, "verbatim": verbatim}
