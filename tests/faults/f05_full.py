"""F5-F7: no room. The volume of the data, of its log, and of what people send are full."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from gis_service.model.audience import Audience
from gis_service.store.cluster.account import server_account
from gis_service.store.cluster.binaries import find_binaries
from tests.faults import work
from tests.faults.books import settle
from tests.faults.outcome import Outcome
from tests.faults.site import NODES, Site, empty_folder, site
from tests.faults.traffic import Ledger, Traffic, post_node

DATA_MB = 300
SPARE_MB = 30
"""Room that is left of the data's volume when the load begins."""
LOG_MB = 40
WRITES_WITHIN_S = 60.0
_NEEDS_ROOT = "only root mounts a volume of a certain size"


def data(rounds: int, seed: int) -> list[Outcome]:
    """F5: a load larger than the room that is left."""
    outcome = Outcome("F5", "the data's volume is full")
    if os.geteuid() != 0:
        outcome.not_run = _NEEDS_ROOT
        return [outcome]
    with empty_folder() as folder, _volume(folder / "pg", DATA_MB), site(folder) as place:
        # The log is recycled only up to a size; on a disk of 300 MB it must be small.
        place.superuser("ALTER SYSTEM SET max_wal_size = '64MB'")
        place.superuser("SELECT pg_reload_conf()")
        for number in range(rounds):
            _fill_data(place, outcome, number)
    return [outcome]


def _fill_data(place: Site, outcome: Outcome, number: int) -> None:
    shown = f"{place.address}{NODES}?limit=1000&f=geojsonseq"
    before = httpx.get(shown, timeout=30).content
    place.superuser("CHECKPOINT")
    ballast = place.home / "pg" / "ballast"
    free = shutil.disk_usage(place.home / "pg").free
    with ballast.open("wb") as file:
        file.write(b"\0" * max(0, free - SPARE_MB * 2**20))
    free = shutil.disk_usage(place.home / "pg").free
    job = work.load(place, work.csv_of(place.home, 150_000, word=f"full{number}"))
    work.ended(place, job, within_s=300)
    state, message, _ = work.state_of(place, job)
    outcome.forbid(state != "failed", f"the load ended as {state}")
    outcome.forbid("full" not in message and "space" not in message.lower(), f"it said: {message}")
    ledger = Ledger(place.home / f"f5-{number}.acked")
    began = time.monotonic()
    with httpx.Client(base_url=place.address, timeout=20) as client:
        key = str(uuid4())
        while (status := post_node(client, place, key)) != 201:
            outcome.forbid(status != 503, f"a write was answered {status}")
            if time.monotonic() - began > WRITES_WITHIN_S:
                outcome.violations.append("no write succeeds after 60 s")
                break
            time.sleep(0.5)
        else:
            ledger.promised(key)
    outcome.ready_s.append(time.monotonic() - began)
    after = httpx.get(shown, timeout=30).content
    same = set(before.splitlines()) <= set(after.splitlines())
    outcome.forbid(not same, "what was there is served otherwise")
    place.superuser("VACUUM gis.network_nodes")
    place.superuser("CHECKPOINT")
    back = shutil.disk_usage(place.home / "pg").free
    lacks = (free - back) / 2**20
    outcome.forbid(lacks > DATA_MB * 0.05, f"{lacks:.0f} MB did not come back")
    outcome.notes.append(f"{free // 2**20} MB were free, {back // 2**20} MB are again; {message}")
    outcome.rounds += 1
    ballast.unlink()
    settle(place, ledger, outcome)


def log(rounds: int, seed: int) -> list[Outcome]:
    """F6: the volume of the write-ahead log runs full, and is made larger."""
    outcome = Outcome("F6", "the log's volume is full")
    if os.geteuid() != 0:
        outcome.not_run = _NEEDS_ROOT
        return [outcome]
    for number in range(rounds):
        with empty_folder() as folder:
            _fill_log(folder, outcome, number, seed)
    return [outcome]


def _fill_log(folder: Path, outcome: Outcome, number: int, seed: int) -> None:
    place = Site(folder)
    place.cluster.start()
    place.cluster.stop()
    account, wal = server_account(place.data), place.data / "pg_wal"
    programs = find_binaries(None, data=place.data).bin_dir
    account.run([programs / "pg_resetwal", "--wal-segsize=1", "-D", place.data])
    (place.data / "postgresql.local.conf").write_text("max_wal_size = 1GB\nmin_wal_size = 2MB\n")
    kept = folder / "wal"
    shutil.copytree(wal, kept)
    _emptied(wal)
    with _volume(wal, LOG_MB, owner=account.owner) as enlarge:
        _poured(kept, wal, account.owner)
        with site(folder, made=place):
            ledger = Ledger(folder / f"f6-{number}.acked")
            traffic = Traffic(place, ledger, seed=seed)
            with traffic.flowing():
                traffic.until_acknowledged(10)
                _write_until_panic(place)
                with httpx.Client(base_url=place.address, timeout=20) as client:
                    status = post_node(client, place, str(uuid4()))
                outcome.forbid(status != 503, f"a write was answered {status}")
                outcome.forbid(place.status("/health/live") != 200, "the service does not live")
                enlarge(LOG_MB * 8)
                began = time.monotonic()
                place.until_accepting(within_s=90)
                place.until_ready()
                outcome.ready_s.append(time.monotonic() - began)
                traffic.until_acknowledged(10)
            outcome.rounds += 1
            settle(place, ledger, outcome)
            outcome.forbid(not _tables_are_whole(place), "a table cannot be read through")
        found = account.run([programs / "pg_checksums", "--check", "-D", place.data])
        outcome.forbid(found.returncode != 0, f"checksums: {found.stderr or found.stdout}")
        outcome.notes.append("amcheck of tables and indexes, checksums of all pages: right")


def _write_until_panic(place: Site) -> None:
    """Write to the log without pause until the server gives up."""
    deadline = time.monotonic() + 120
    place.superuser("CREATE TABLE IF NOT EXISTS public.ballast (t text)")
    while time.monotonic() < deadline:
        try:
            place.superuser(
                "INSERT INTO public.ballast SELECT repeat(md5(i::text), 30) "
                "FROM generate_series(1, 5000) i"
            )
        except Exception:
            if "PANIC" in place.server_log() or "No space left" in place.server_log():
                return
            time.sleep(0.1)
    raise AssertionError("the log's volume did not fill")


def _tables_are_whole(place: Site) -> bool:
    """Every table and index can be read through by amcheck."""
    place.superuser("CREATE EXTENSION IF NOT EXISTS amcheck")
    faults = place.superuser(
        "SELECT * FROM pg_class c CROSS JOIN LATERAL verify_heapam(c.oid) "
        "WHERE relkind = 'r' AND relnamespace IN ('gis'::regnamespace, 'published'::regnamespace, "
        "'history'::regnamespace, 'internal'::regnamespace)"
    )
    place.superuser(
        "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam "
        "WHERE c.relkind = 'i' AND a.amname = 'btree' AND relnamespace IN ('gis'::regnamespace, "
        "'published'::regnamespace, 'history'::regnamespace, 'internal'::regnamespace)"
    )
    return not faults


def received(rounds: int, seed: int) -> list[Outcome]:
    """F7: GIS_HOME is full while photos and files are sent; what is promised can be read back."""
    outcome = Outcome("F7", "the volume of what is sent is full")
    if os.geteuid() != 0:
        outcome.not_run = _NEEDS_ROOT
        return [outcome]
    with empty_folder() as folder, _volume(folder / "received", 2), site(folder) as place:
        for _ in range(rounds):
            _send(place, outcome)
    outcome.notes.append(
        "photos lie in the database (F5, F6 are their volume); faults on write, fsync and rename "
        "by libfiu: not run"
    )
    return [outcome]


def _send(place: Site, outcome: Outcome) -> None:
    from tests.test_field_photos import photo  # noqa: PLC0415 - needs Pillow

    (place.home / "received" / "ballast").write_bytes(b"\0" * (2**21 - 300_000))
    file = work.csv_of(place.home, 20_000, prefix="sent").read_bytes()
    planner = {"Authorization": f"Bearer {place.keys[Audience.PLANNER]}"}
    technician = {"Authorization": f"Bearer {place.keys[Audience.TECHNICIAN]}"}
    with httpx.Client(base_url=place.address, timeout=30) as client:
        answer = client.post(
            "/loads", files={"file": ("sent.csv", file, "text/csv")},
            headers=planner | {"Accept": "application/json"},
        )
        outcome.forbid(answer.status_code not in {503, 507, 413}, f"upload: {answer.status_code}")
        left = [p for p in (place.home / "received").rglob("*") if p.is_file()]
        outcome.forbid(len(left) > 1, f"an upload left {[p.name for p in left]}")
        for number in range(5):
            id_, content = str(uuid4()), photo(size=(200 + number, 150))
            told: Any = client.put(
                f"/field/photos/{id_}", params={"collection": "equipment", "item": str(uuid4())},
                content=content, headers=technician | {"Content-Type": "image/jpeg"},
            )
            if told.status_code < 300:
                outcome.acknowledged += 1
                shown = client.get(f"/field/photos/{id_}", headers=technician)
                same = hashlib.sha256(shown.content).hexdigest() == told.json()["sha256"]
                outcome.lost += not same
                outcome.forbid(not same, "a photo cannot be read back as it was promised")
    (place.home / "received" / "ballast").unlink()
    outcome.rounds += 1


@contextmanager
def _volume(
    folder: Path, megabytes: int, *, owner: tuple[int, int] | None = None
) -> Iterator[Any]:
    """A volume of memory in a folder's place; yields what makes it larger."""
    folder.mkdir(parents=True, exist_ok=True)
    mode = folder.stat().st_mode & 0o777
    options = f"size={megabytes}m,mode={mode:o}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    if owner is not None:
        os.chown(folder, *owner)

    def enlarge(to: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={to}m", folder], check=True)

    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _poured(source: Path, target: Path, owner: tuple[int, int]) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, *owner)
        path.chmod(0o700 if path.is_dir() else 0o600)
