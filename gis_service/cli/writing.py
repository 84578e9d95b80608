"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import click


def check_out(out: Path, *, force: bool) -> None:
    """
    See that a file may be written.

    Raises
    ------
    UsageError
        It is there already and must not be replaced, or its folder is missing.
    """
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force replaces it.")
    if not out.parent.is_dir():
        raise click.UsageError(f"There is no folder {out.parent}.")


def write_whole(out: Path, content: bytes, *, mode: int = 0o666) -> None:
    """
    Write a file that appears when it is whole.

    Parameters
    ----------
    mode
        Who may read it, as far as the process's mask allows.

    Raises
    ------
    ClickException
        It cannot be written.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        part.replace(out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
