"""`gis settings`: what is set, and what can be."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from gis_service.settings import described, read_settings, shown


@click.command()
@click.option("--markdown", is_flag=True, help="The table of README.md: every setting explained.")
def settings(markdown: bool) -> None:
    """
    Show every setting; secrets as ***.

    \b
    Settings come from the environment and from a file `.env` in the current folder:
      GIS_PORT=9000 ./gis settings
    """
    if markdown:
        click.echo(markdown_table(), nl=False)
        return
    table = Table("Setting", "Value")
    for name, value in shown(read_settings()).items():
        table.add_row(f"GIS_{name.upper()}", value)
    Console().print(table)


def markdown_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    rows += [f"| `{name}` | {default} | {text} |" for name, default, text in described()]
    return "\n".join(rows) + "\n"
