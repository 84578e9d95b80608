"""Plain lines for people who wait."""

from __future__ import annotations

from collections.abc import Sequence

import click


def say(line: str) -> None:
    """One line on standard output, at once."""
    click.echo(line)


def say_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Lines in columns, whole however narrow the window is: they may be copied from."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
