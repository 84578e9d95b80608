"""The first key, and the commands for keys and people, as an officer meets them."""

from __future__ import annotations

import re
import signal
import urllib.request

from tests.conftest import wait_for
from tests.test_up import Home, home

__all__ = ["home"]

KEY = re.compile(r"gis_[a-z2-9]{8}_[A-Za-z0-9_-]{49}")


def test_the_first_key_is_shown_once_and_opens_what_staff_see(home: Home):
    first = home.gis("up", "--detach", "--no-sample")
    assert first.returncode == 0, first.stderr
    (key,) = KEY.findall(first.stdout)
    assert f"{home.address}/login" in first.stdout
    request = urllib.request.Request(
        f"{home.address}/collections/equipment", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200
    secret = key.split("_", 2)[2]
    listed = home.gis("keys", "list")
    assert "first key" in listed.stdout
    assert secret not in listed.stdout
    home.gis("down")
    again = home.gis("up", "--detach")
    assert not KEY.findall(again.stdout + again.stderr)
    home.gis("down")
    files = [path for path in home.path.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_the_first_key_is_shown_in_the_foreground(home: Home):
    process = home.start("--no-sample")
    wait_for(home.address, process)
    assert len(KEY.findall(home.output())) == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process = home.start("--no-sample")
    wait_for(home.address, process)
    assert len(KEY.findall(home.output())) == 1


def test_keys_and_people_on_the_command_line(home: Home):
    made = home.gis("keys", "create", "--role", "planner", "--name", "Jane Moraa",
                    "--client", "ipad-3", "--expires", "90d")
    assert made.returncode == 0, made.stderr
    (key,) = KEY.findall(made.stdout)
    assert "shown this once" in made.stdout
    prefix = key.split("_")[1]
    rotated = home.gis("keys", "rotate", "ipad-3")
    assert f"./gis keys revoke {prefix}" in rotated.stdout
    refused = home.gis("keys", "rotate", "ipad-3")
    assert refused.returncode == 1
    assert "2 live keys already" in refused.stderr
    assert "Revoked" in home.gis("keys", "revoke", prefix).stdout
    assert "revoked already" in home.gis("keys", "revoke", prefix).stdout
    listed = home.gis("keys", "list").stdout
    assert key not in listed
    assert re.search(rf"{prefix}  revoked .*Jane Moraa", listed)
    (id_,) = re.findall(r"[0-9a-f-]{36}", home.gis("people", "list").stdout)
    assert re.search(r"2  api_keys", home.gis("people", "show", id_).stdout)
    erased = home.gis("people", "erase", id_, "--yes")
    assert erased.returncode == 0, erased.stderr
    for command in (("people", "list"), ("people", "show", id_), ("keys", "list")):
        found = home.gis(*command)
        assert found.returncode == 0, found.stderr
        assert "Jane" not in found.stdout
        assert "ipad" not in found.stdout
