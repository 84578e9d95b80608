"""What set-up tells people, and how it runs other programs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TAIL_LINES = 20
_PATIENCE_S = 10.0
_NO_NETWORK = (
    "could not resolve",
    "connection refused",
    "connection timed out",
    "eai_again",
    "econnrefused",
    "enotfound",
    "etimedout",
    "getaddrinfo",
    "name or service not known",
    "network is unreachable",
    "newconnectionerror",
    "no route to host",
    "temporary failure in name resolution",
    "temporary failure resolving",
)


class SetupError(Exception):
    """Something that the command needs is missing and was not brought."""


def say(text: str) -> None:
    """Tell a person; on stderr, since a command's stdout may be a file's content."""
    print(text, file=sys.stderr, flush=True)


def run_logged(
    arguments: Sequence[str | Path], *, failure: str, env: Mapping[str, str] | None = None
) -> None:
    """
    Run a program with its output in a log, and a count of seconds on a terminal.

    Raises
    ------
    SetupError
        It failed; the message is `failure`, the log's last lines, and whether the
        network seems to be missing. The log is kept then.
    """
    handle, name = tempfile.mkstemp(prefix="gis-setup-", suffix=".log")
    log = Path(name)
    try:
        with os.fdopen(handle, "wb") as output:
            child = subprocess.Popen(
                [str(part) for part in arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env,
            )
            status = _wait(child)
    except BaseException:
        log.unlink()
        raise
    if status != 0:
        raise SetupError(told_failure(failure, log.read_text(errors="replace"), log))
    log.unlink()


def told_failure(failure: str, output: str, log: Path) -> str:
    """The message about a program that failed, from all that it printed."""
    tail = "\n".join(f"  {line}" for line in output.rstrip().splitlines()[-_TAIL_LINES:])
    parts = [failure, tail, f"All of it is in {log}."]
    if any(sign in output.lower() for sign in _NO_NETWORK):
        parts.append("The network seems to be missing: check the connection and run it again.")
    return "\n".join(part for part in parts if part)


def _wait(child: subprocess.Popen[bytes]) -> int:
    start = time.monotonic()
    live = sys.stderr.isatty()
    try:
        while True:
            try:
                return child.wait(timeout=1 if live else None)
            except subprocess.TimeoutExpired:
                print(f"\r  {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
    except BaseException:
        _end(child)
        raise
    finally:
        if live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ctrl-C reached the child too: let it tidy up, and insist only later."""
    with suppress(PermissionError):  # a child of sudo ends by itself
        child.terminate()
    try:
        child.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        with suppress(PermissionError):
            child.kill()
