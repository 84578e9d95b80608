"""Backups that only the holder of a key can read, by the programs `age` or `gpg`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from gis_service.errors import BackupFailed, ConfigurationError, DamagedBackup

_AGE_MAGIC = b"age-encryption.org/"
_TAR_MAGIC_AT = 257
_TAR_MAGIC = b"ustar"


def check_program(recipient: str) -> None:
    """
    See that the program for a recipient is installed.

    Raises
    ------
    ConfigurationError
        It is not.
    """
    _program(encryption_kind(recipient))


@contextmanager
def encrypting(out: IO[bytes], recipient: str | None) -> Iterator[IO[bytes]]:
    """
    What is written becomes readable for the recipient alone; as it is without one.

    Parameters
    ----------
    recipient
        An age or SSH public key (`age1...`, `ssh-...`), else whatever names a key to gpg.
    """
    if recipient is None:
        yield out
        return
    kind = encryption_kind(recipient)
    options = ["-r", recipient] if kind == "age" else [
        "--batch", "--quiet", "--trust-model", "always", "--compress-algo", "none",
        "--recipient", recipient, "--encrypt",
    ]
    command = [_program(kind), *options]
    with TemporaryFile() as errors, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=out, stderr=errors
    ) as process:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        ended_early = False
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            process.stdin, ended_early = None, True
        except BaseException:
            process.kill()
            raise
        if process.wait() or ended_early:
            raise BackupFailed(f"{kind} did not encrypt: {_words(errors)}")


@contextmanager
def decrypted(path: Path, identity: Path | None = None) -> Iterator[IO[bytes]]:
    """
    The archive in a file, decrypted when it is not plain.

    Parameters
    ----------
    identity
        File of the private key, for `age`; gpg asks its own keyring.

    Raises
    ------
    DamagedBackup
        It cannot be decrypted.
    ConfigurationError
        The program or key for it is missing.
    """
    with path.open("rb", buffering=0) as file:  # a program reads on from where it is
        head = file.read(512)
        file.seek(0)
        if head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == _TAR_MAGIC:
            yield file
            return
        with _through(_decrypting(head, identity), file) as plain:
            yield plain


def _decrypting(head: bytes, identity: Path | None) -> list[str]:
    if head.startswith(_AGE_MAGIC):
        if identity is None:
            raise ConfigurationError(
                "The backup is encrypted by age. Name the file of its private key with --identity."
            )
        return [_program("age"), "--decrypt", "-i", str(identity)]
    if head[:1] and head[0] & 0x80:  # a packet of OpenPGP, RFC 4880, 4.2
        return [_program("gpg"), "--batch", "--quiet", "--decrypt"]
    raise DamagedBackup("This is no backup that ./gis backup has written.")


@contextmanager
def _through(command: Sequence[str], file: IO[bytes]) -> Iterator[IO[bytes]]:
    with TemporaryFile() as errors, subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=errors
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            yield process.stdout
            while process.stdout.read(2**20):  # only at its end is it known to be whole
                pass
        except DamagedBackup as error:
            process.stdout.close()
            if process.wait() > 0:
                raise DamagedBackup(
                    f"The backup cannot be decrypted: {_words(errors)}"
                ) from error
            raise
        except BaseException:
            process.kill()
            raise
        if process.wait():
            raise DamagedBackup(f"The backup cannot be decrypted: {_words(errors)}")


def encryption_kind(recipient: str) -> str:
    """The program for a recipient, which is also the suffix of what it writes."""
    return "age" if recipient.startswith(("age1", "ssh-")) else "gpg"


def _program(kind: str) -> str:
    found = shutil.which(kind)
    if found is None:
        package = {"age": "age", "gpg": "gnupg"}[kind]
        raise ConfigurationError(
            f"The program {kind} is not installed, so nothing can be encrypted for that key or "
            f"decrypted (Debian: apt-get install {package})."
        )
    return found


def _words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "its program ended without a word"
