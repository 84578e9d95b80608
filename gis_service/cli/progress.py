"""Plain lines for people who wait."""

from __future__ import annotations

import click


def say(line: str) -> None:
    """One line on standard output, at once."""
    click.echo(line)
