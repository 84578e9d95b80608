"""What a reading process may not do, tried inside of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gis_service.formats.kernel_walls import landlock_version

ROOT = Path(__file__).resolve().parents[1]

TRIED = """
import ctypes, json, os, signal, socket, subprocess, sys
from pathlib import Path
from gis_service.formats.confinement import confine
from gis_service.formats.limits import ReadLimits

folder, secret = Path(sys.argv[1]), Path(sys.argv[2])
confine(ReadLimits(), folder)

def refused(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"

print(json.dumps({
    "run": refused(lambda: subprocess.run(["/bin/true"])),
    "shell": os.system("true"),
    "spawn": refused(lambda: os.posix_spawn("/bin/true", ["true"], {})),
    "socket": refused(lambda: socket.socket(socket.AF_INET)),
    "local socket": refused(lambda: socket.socket(socket.AF_UNIX)),
    "signal": refused(lambda: os.kill(os.getppid(), 0)),
    "read": refused(secret.read_text),
    "list": refused(lambda: os.listdir(secret.parent)),
    "environment": refused(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
    "passwords": refused(lambda: Path("/etc/passwd").read_text()),
    "write": refused(lambda: (secret.parent / "made").write_text("x")),
    "own": refused(lambda: (folder / "made").write_text("x")),
    "linked": refused((folder / "source").read_text),
}))
"""


def test_a_reading_process_runs_nothing_and_sees_only_its_own_file(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "job", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    secret, given = elsewhere / "secret", tmp_path / "given.csv"
    secret.write_text("secret")
    given.write_text("id")
    (folder / "source").symlink_to(given)
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(folder), str(secret)],
        capture_output=True, text=True, timeout=60, check=True, env={"PYTHONPATH": str(ROOT)},
    )
    found = json.loads(done.stdout)
    denied = "PermissionError"
    assert {found[act] for act in ("run", "spawn", "socket", "local socket", "signal")} == {denied}
    assert found["shell"] != 0
    assert {found["own"], found["linked"]} == {"done"}
    if not landlock_version():
        pytest.skip("the kernel has no Landlock: files of others are not walled off here")
    files = ("read", "list", "environment", "passwords", "write")
    assert {found[act] for act in files} == {denied}
    assert not (elsewhere / "made").exists()
