"""Uploads and loads as JSON, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gis_service.model.jobs import Job, JobState, Json
from gis_service.model.uploads import COUNTED, DoneLoad, Upload
from gis_service.ogc.links import Link, documents
from gis_service.ogc.media import CSV, GEOJSON, GEOPACKAGE, HTML, JSON
from gis_service.services.upload_choices import OF_LOADS, OF_PACKAGES
from gis_service.web.asked import Asked

_SAVED = (
    "collection", "network", "layer", "constants", "codes", "accept_codes", "crs", "encoding",
    "make_ids",
)

_STEPS = {
    "Looking at the file": "loads_step_look",
    "Reading and checking the file": "loads_step_check",
    "Copying rows": "loads_step_copy",
    "Storing what is new or differs": "loads_step_store",
    "Storing networks": "loads_step_store",
    "Bringing back what stood before": "loads_step_undo",
}


def listed(found: Sequence[Upload], done_loads: Sequence[DoneLoad], asked: Asked) -> Json:
    """What came in, and what was loaded."""
    return {
        "uploads": [brief(each, asked) for each in found],
        "loads": [_done(each, asked) for each in done_loads],
        "links": documents(asked.links()),
    }


def brief(upload: Upload, asked: Asked) -> dict[str, Any]:
    """An upload without what is long of it."""
    return {
        "id": str(upload.id),
        "source": upload.source,
        "bytes": upload.bytes,
        "sha256": upload.sha256,
        "state": upload.state.value,
        "mine": is_mine(upload.person_id, asked),
        "created_at": _time(upload.created_at),
        "removed_at": _time(upload.removed_at),
        "job": job_document(upload.job),
        "told": standing(upload, asked),
        "load": str(upload.load.id) if upload.load else None,
        "links": documents([Link(f"{asked.at.base}/loads/{upload.id}", "self", JSON.media_type)]),
    }


def full(upload: Upload, asked: Asked) -> dict[str, Any]:
    """An upload with what was found in it, how it was tried, and what became of it."""
    at = f"{asked.at.base}/loads/{upload.id}"
    trial, load = upload.trial, upload.load
    links = [Link(at, "self", JSON.media_type), Link(f"{at}?f=html", "alternate", HTML.media_type)]
    if trial is not None and trial.result is not None:
        links += [
            Link(f"{at}/report.json", "related", JSON.media_type),
            Link(f"{at}/report.csv", "related", CSV.media_type),
            Link(f"{at}/report.html", "related", HTML.media_type),
            Link(f"{at}/rejected.gpkg", "related", GEOPACKAGE.media_type),
            Link(f"{at}/rows.geojson", "related", GEOJSON.media_type),
        ]
    return {
        **brief(upload, asked),
        "inspection": upload.inspection.result,
        "trial": None if trial is None else {
            "id": str(trial.id), "choice": choice_of(trial), "report": trial.result,
        },
        "report": None if load is None else load.result,
        "links": documents(links),
    }


def done(load: DoneLoad, undoing: Job | None, asked: Asked) -> dict[str, Any]:
    """A load that was committed, with its report."""
    return {
        **_done(load, asked),
        "report": load.report,
        "undoing": None if undoing is None else job_document(undoing),
        "told": None if undoing is None else undoing_told(undoing, asked),
    }


def job_document(job: Job) -> dict[str, Any]:
    """How a job stands."""
    return {
        "id": str(job.id), "kind": job.kind, "state": job.state.value, "done": job.done,
        "total": job.total, "message": job.message,
    }


def choice_of(trial: Job) -> dict[str, Any]:
    """What was chosen for a trial, in the words in which it is sent."""
    payload = trial.payload
    if payload.get("package"):
        return {name: payload.get(name) for name in OF_PACKAGES}
    return {
        **{name: payload.get(name) for name in (*_SAVED, *OF_LOADS)},
        "columns": payload.get("mapping") or {},
    }


def standing(upload: Upload, asked: Asked) -> str:
    """How a file stands, in the reader's words: what its job is at, or what became of it."""
    if upload.state.is_busy:
        return told(upload.job, asked)
    return _failure(upload.job) or asked.words[f"loads_state_{upload.state.value}"]


def undoing_told(undoing: Job, asked: Asked) -> str:
    """How the undoing of a load stands, in the reader's words."""
    if not undoing.state.is_final:
        return told(undoing, asked)
    done = undoing.state is JobState.DONE
    return _failure(undoing) or asked.words["loads_was_undone" if done else "loads_undo_failed"]


def _failure(job: Job) -> str | None:
    return None if job.state is JobState.DONE else job.message


def told(job: Job, asked: Asked) -> str:
    """What a job is at, in the reader's words."""
    if job.state is JobState.QUEUED:
        return asked.words["loads_waits"]
    key = _STEPS.get(job.message or "")
    return asked.words[key] if key else job.message or asked.words["loads_step_begin"]


def is_mine(person: object, asked: Asked) -> bool:
    """Whether a person is who asks."""
    return person is not None and str(person) == asked.principal.person_id


def _done(load: DoneLoad, asked: Asked) -> dict[str, Any]:
    return {
        "id": str(load.id),
        "source": load.source,
        "collection": load.collection,
        "network": load.report.get("network"),
        "counts": {name: load.report.get(name, 0) for name in COUNTED.values()},
        "mine": is_mine(load.person_id, asked),
        "loaded_at": _time(load.loaded_at),
        "undone": load.undone,
        "undoes": load.report.get("undoes") or None,
        "links": documents([Link(f"{asked.at.base}/loads/{load.id}", "self", JSON.media_type)]),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
