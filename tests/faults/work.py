"""Files to load and loads to start, for faults that strike in the middle of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from gis_service.installation import DATABASE
from gis_service.model.jobs import Job
from gis_service.services.jobs import enqueue_load
from gis_service.services.load_requests import LoadRequest
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from tests.conftest import ROOT
from tests.faults.site import Site

LARGE = 20_000
_OWNER = str(UUID(int=1))


def settings_of(site: Site) -> Settings:
    """The settings by which the site runs, for what is called in this process."""
    return Settings(_env_file=None, home=site.home, maps=ROOT / "maps")  # type: ignore[call-arg]


def csv_of(folder: Path, rows: int, *, word: str = "row", prefix: str = "bulk") -> Path:
    """A file of nodes with so many rows, each of which has the word in its name."""
    path = folder / f"{prefix}-{word}-{rows}.csv"
    lines = [
        f"{prefix}-{n},{word} {n},operational,{34.7 + n % 200 / 1000:.4f},"
        f"{-0.6 - n // 200 % 500 / 1000:.4f}\n"
        for n in range(rows)
    ]
    path.write_text("external_id,name,status,lon,lat\n" + "".join(lines))
    path.chmod(0o644)
    return path


def load(site: Site, path: Path) -> Job:
    """Have a file of nodes loaded by the site's worker."""
    loader = Database.at(site.cluster.url(DATABASE, role_name(DATABASE, Login.LOADER)))
    request = LoadRequest(path, "network_nodes", network="drill")
    return enqueue_load(loader, settings_of(site), request, person_id=_OWNER)


def state_of(site: Site, job: Job) -> tuple[str, str, Any]:
    """State, message and result of a job."""
    [(state, message, result)] = site.rows(
        "SELECT state, coalesce(message, ''), result FROM internal.jobs WHERE id = :id", id=job.id
    )
    return str(state), str(message), result


def ended(site: Site, job: Job, *, within_s: float = 150) -> str:
    """Wait until a job has ended; how it did."""
    until(
        lambda: state_of(site, job)[0] not in {"queued", "running"}, "a job's end",
        within_s=within_s,
    )
    return state_of(site, job)[0]


def until(met: Callable[[], bool], what: str, *, within_s: float = 60) -> float:
    """Wait until something is so; the seconds that it took."""
    began = time.monotonic()
    while not met():
        assert time.monotonic() - began < within_s, f"it did not come about: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def loaded(site: Site, prefix: str = "bulk") -> int:
    """Rows of a load that anybody can see."""
    statement = "SELECT count(*) FROM gis.network_nodes WHERE external_id LIKE :like"
    return int(site.rows(statement, like=f"{prefix}-%")[0][0])


def sum_of(site: Site, prefix: str = "bulk") -> str:
    """A checksum over the rows of a load, whatever ids they got."""
    return str(site.rows(
        "SELECT md5(string_agg(external_id || name || status || ST_AsText(geom), ',' "
        "ORDER BY external_id)) FROM gis.network_nodes WHERE external_id LIKE :like",
        like=f"{prefix}-%",
    )[0][0])


def unload(site: Site, prefix: str = "bulk") -> None:
    """Take the rows of a load away again."""
    site.rows("DELETE FROM gis.network_nodes WHERE external_id LIKE :like", like=f"{prefix}-%")


def beside(work: Callable[[], object]) -> threading.Thread:
    """Do something beside; whatever comes of it is somebody else's to look at."""

    def quietly() -> None:
        try:
            work()
        except Exception as error:
            thread.failure = error  # type: ignore[attr-defined]

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    return thread
