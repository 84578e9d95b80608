"""
What the kernel refuses a process that asks for it: programs, sockets, files of others.

Two walls that need no privilege: a filter of system calls (seccomp) and rules of
files (Landlock). Each is put up where the kernel has it; none can be taken down.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

_PR_SET_SECCOMP = 22
_FILTER = 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_X32 = 0x40000000
"""Numbers from here on are those of another way to call the same kernel."""
_ARCHITECTURES = {
    "x86_64": (0xC000003E, (
        59, 322, 41, 101, 62, 310, 311, 272, 308, 165, 321, 250, 298, 323, 425,
    )),
    "aarch64": (0xC00000B7, (
        221, 281, 198, 117, 129, 270, 271, 97, 268, 40, 280, 219, 241, 282, 425,
    )),
}  # fmt: skip
"""
The kernel's number of each, and those of execve, execveat, socket, ptrace, kill,
process_vm_readv and _writev, unshare, setns, mount, bpf, keyctl, perf_event_open,
userfaultfd and io_uring_setup.
"""

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_REMOVE, _MAKE_DIR, _MAKE_FILE, _MAKE_LINK = 1 << 4 | 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FIRST_RIGHTS = (1 << 13) - 1
_WRITE = _WRITE_FILE | _REMOVE | _MAKE_DIR | _MAKE_FILE | _MAKE_LINK | _REFER | _TRUNCATE
_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE


def refuse_calls() -> bool:
    """
    Refuse this process to run programs, to open sockets and to reach other processes.

    Returns
    -------
    bool
        Whether the kernel took the filter; it needs `PR_SET_NO_NEW_PRIVS`.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    architecture, calls = known
    refused = [(_EQUAL, call) for call in calls]
    if platform.machine() == "x86_64":
        refused.insert(0, (_AT_LEAST, _X32))
    program = [
        _step(_LOAD, 4), _step(_EQUAL, architecture, yes=1), _step(_RETURN, _KILL),
        _step(_LOAD, 0),
        *(_step(test, value, yes=len(refused) - at) for at, (test, value) in enumerate(refused)),
        _step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE),
    ]  # fmt: skip
    steps = ctypes.create_string_buffer(b"".join(program))
    described = struct.pack("HxxxxxxP", len(program), ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, described, 0, 0) == 0)


def _step(code: int, value: int, *, yes: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, 0, value)


def landlock_version() -> int:
    """The version of Landlock that the kernel has; 0 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE, None, 0, _ASK_VERSION)))


def refuse_files(*, readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """
    Refuse this process every file but some, and TCP where the kernel can do that.

    Parameters
    ----------
    readable
        Files, and folders with all in them, that may be read; those that are
        not there are passed over.
    writable
        Folders in which files may be made, changed and removed, too.

    Returns
    -------
    bool
        Whether the kernel took the rules; it needs `PR_SET_NO_NEW_PRIVS`.
    """
    version = landlock_version()
    if not version:
        return False
    handled = _FIRST_RIGHTS | (_REFER if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    rules = struct.pack("Q", handled)
    if version > 3:
        rules += struct.pack("Q", 3)  # to bind, to connect
    if version > 5:
        rules += struct.pack("Q", 3)  # abstract sockets and signals of others
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = libc.syscall(_CREATE, rules, len(rules), 0)
    if ruleset < 0:
        return False
    try:
        read = _READ_FILE | _READ_DIR
        for path in readable:
            _allow(libc, ruleset, path, read)
        for path in writable:
            _allow(libc, ruleset, path, (read | _WRITE) & handled)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        libc.syscall(_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
