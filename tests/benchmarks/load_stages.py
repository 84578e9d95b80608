"""
One load of a made network with everything on, and what each of its stages takes.

    .venv/bin/python -m tests.benchmarks.load_stages FILE URL REPORT NETWORK

Seconds on the clock by stage are written to REPORT as JSON.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gis_service.model.reports import Severity
from gis_service.services import link_ends, link_topology, load_checking, loading
from gis_service.services.load_requests import LoadRequest
from gis_service.settings import Settings
from gis_service.store import staging
from gis_service.store.database import Database, parse_url
from gis_service.validation import part_checks
from tests.benchmarks.load_data import NETWORKS

STAGES: tuple[tuple[str, Any, str], ...] = (
    ("known places", load_checking, "surroundings_of"),
    ("reading", load_checking, "open_file"),
    ("ends to nodes", link_ends.LinkJoiner, "join"),
    ("validation", part_checks.Checks, "part"),
    ("what shows at the end", part_checks.Checks, "finish"),
    ("COPY to staging", staging.StagedRows, "copy"),
    ("reading the network", link_topology.LinkTopology, "check"),
    ("comparing", staging.StagedRows, "_decide"),
    ("writing", staging.StagedRows, "_write"),
)
"""
Name, and the function that does it; none of them calls another. Rows are copied by a thread
while the next ones are checked, and links looked at by one while rows are written.
"""
BESIDE = "COPY to staging"
"""What costs no time of its own."""
REST = "the rest: starting, references, waiting for topology, commit with deferred checks"


def _timed(spent: dict[str, float], stage: str, function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    def timed(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - began

    return timed


def load(file: Path, url: str, network: str) -> dict[str, float]:
    """
    Load both layers of one of `NETWORKS`; seconds by stage.

    Raises
    ------
    RuntimeError
        A row was not loaded.
    """
    began = time.perf_counter()
    spent: dict[str, float] = {}
    for stage, owner, name in STAGES:
        setattr(owner, name, _timed(spent, stage, getattr(owner, name)))
    database = Database.at(parse_url(url))
    settings = Settings(_env_file=None, home=Path("/nonexistent"), max_file_mb=10_000)
    made = NETWORKS[network]
    for collection, layer in made.layers.items():
        asked = made.options.get(collection, {})
        request = LoadRequest(file, collection, layer=layer, **asked)
        report = loading.load_file(database, settings, request)
        bad = [f for f in report.faults if f.severity is Severity.ERROR]
        if bad or report.read != report.inserted + report.unchanged:
            raise RuntimeError(f"{layer}: {bad[:3]}")
    spent[REST] = time.perf_counter() - began - sum(
        seconds for stage, seconds in spent.items() if stage != BESIDE
    )
    return spent


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(load(Path(sys.argv[1]), sys.argv[2], sys.argv[4])))
