"""`gis test` and `gis check`: for those who change the service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from gis_service.cli.auditing import audit_packages

ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

_BANDIT = ("bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", "gis_service")


@click.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """
    Run the tests: real PostGIS, real Chromium.

    \b
    Arguments are pytest's; `-n 0` runs in one process:
      ./gis test
      ./gis test -k loading -x
      ./gis test -m slow

    \b
    With `--faults` a scratch service is killed, cut off and filled up instead,
    and a table tells what was lost; `--help` behind it tells more:
      ./gis test --faults
      ./gis test --faults F1,F8 --rounds 3 --seed 1 --json faults.json
    """
    if any(each.partition("=")[0] == "--faults" for each in arguments):
        sys.exit(_run("python", "-m", "tests.faults", *arguments))
    side_by_side = (os.cpu_count() or 1) + 1  # much of a test is waiting for other programs
    spread = ("-n", str(side_by_side), "--dist", "loadfile", "--no-loadscope-reorder")
    sys.exit(_run("pytest", *spread, *arguments))


@click.command()
def check() -> None:
    """
    Check style, types, floors of imports, weak calls (bandit), weak packages (pip-audit).

    \b
      ./gis check
    """
    checks = (
        ("ruff", "check", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
    )
    failed = [name[0] for name in checks if _run(*name) != 0]
    if not _finds_nothing(*_BANDIT):
        failed.append("bandit")
    audit = audit_packages(ROOT)
    click.echo(audit.words)
    if audit.weak:
        failed.append("pip-audit")
    if failed:
        click.echo(f"Failed: {', '.join(failed)}.", err=True)
        sys.exit(1)
    click.echo("All checks passed.")


def _finds_nothing(program: str, *arguments: str) -> bool:
    """Run a program whose warnings matter only beside what it found."""
    path = Path(sys.executable).with_name(program)
    found = subprocess.run(
        [path, *arguments], cwd=ROOT, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if found.returncode:
        click.echo(found.stdout, err=True)
    return found.returncode == 0


def _run(program: str, *arguments: str) -> int:
    """Run a program of the virtual environment in the project's root."""
    path = Path(sys.executable).with_name(program)
    return subprocess.run([path, *arguments], cwd=ROOT, check=False).returncode
