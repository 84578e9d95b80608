"""A worker that also knows kinds of work which only tests ask for: `python -m tests.rehearsals`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from typing import Any

from gis_service.installation import addresses_of
from gis_service.model.fields import Text
from gis_service.services.job_kinds import JobContext, Kind
from gis_service.services.jobs import KINDS
from gis_service.services.worker import Worker
from gis_service.settings import read_settings


def rehearse(context: JobContext) -> dict[str, Any]:
    """Work of a kind that only tests know: does what its payload says."""
    payload = context.job.payload
    if "crash" in payload:
        raise ValueError(payload["crash"])
    if "die" in payload:
        os.kill(os.getpid(), signal.SIGKILL)
    for step in range(payload.get("steps", 0)):
        context.report(step, payload["steps"], "Rehearsing")
        time.sleep(0.01)
    return {"attempt": context.job.attempts}


REHEARSALS = {
    "rehearse": Kind("rehearse", Text("Rehearse", "Jaribu"), True, rehearse),
    "once": Kind("once", Text("Rehearse once", "Jaribu mara moja"), False, rehearse),
}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    settings = read_settings()
    worker = Worker(settings, addresses_of(settings).logins, kinds={**KINDS, **REHEARSALS})
    worker.run(until_idle="--until-idle" in sys.argv)
