"""Tables are declared once, however many threads ask for one at the same time."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

THREADS = """
import sys, threading
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.store.history import history_table
from gis_service.store.readable import readable
from gis_service.store.tables import table
sys.setswitchinterval(1e-6)
together, failures, found = threading.Barrier(12), [], set()
def ask():
    together.wait()
    try:
        for collection in REGISTRY.values():
            made = table(collection), history_table(collection), readable(
                collection, Audience.PLANNER)
            found.add((collection.id, *map(id, made)))
    except Exception as error:
        failures.append(error)
threads = [threading.Thread(target=ask) for _ in range(12)]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit(f"{failures[:2]} {len(found)}" if failures or len(found) != len(REGISTRY) else 0)
"""


def test_threads_that_ask_at_once_get_the_same_table() -> None:
    """The first edits after a start come together, and each needs the tables."""
    asked = subprocess.run(
        [sys.executable, "-c", THREADS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
