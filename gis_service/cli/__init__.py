"""The command line: every command is a thin call into the services."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click

from gis_service import __version__
from gis_service.errors import GisError

MODULES = {
    "up": "up", "down": "up", "load": "load", "loads": "jobs", "jobs": "jobs",
    "inspect": "inspect", "rules": "rules",
    "export": "export", "tiles": "tiles", "maps": "maps", "analyse": "analyse",
    "joins": "joins",
    "quality": "quality", "report": "report", "sheets": "paper", "labels": "paper",
    "history": "history", "keys": "keys", "scopes": "scopes", "people": "people",
    "settings": "settings",
    "backup": "backup", "restore": "restore", "replica": "replica", "upgrade": "upgrade",
    "doctor": "doctor", "deploy": "deploy",
    "serve": "up", "worker": "worker", "test": "develop", "check": "develop",
    "commands": "commands", "tour": "tour",
}
"""Commands in the order in which people need them, and the module of each."""


class Commands(click.Group):
    """Imports a command when it is called, for that is slow; tells errors in plain words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        found: click.Command = getattr(
            import_module(f"gis_service.cli.{MODULES[cmd_name]}"), cmd_name
        )
        return found

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One example of every command, the first of its own help."""
        with formatter.section("Examples"):
            formatter.write_dl(
                [(example(c), c.get_short_help_str(300)) for c in all_commands(self, ctx)]
            )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GisError as error:
            click.echo(f"{click.style('Error:', fg='red', bold=True)} {error}", err=True)
            sys.exit(1)


def all_commands(group: click.Group, ctx: click.Context) -> Iterator[click.Command]:
    """Every command that does something, those of groups included."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from all_commands(command, ctx)
        elif command is not None and not command.hidden:
            yield command


def example(command: click.Command) -> str:
    """The first example in a command's help."""
    found = re.search(r"^\s*((?:[A-Z_]+=\S+ )*\./gis .*?)(?: {2,}.*)?$", command.help or "", re.M)
    return found[1] if found else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gis")
def cli() -> None:
    """
    The map of a municipality's network.

    `./gis COMMAND --help` tells all of a command.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="gis")
