"""Long work over HTTP: each job to its owner, all of them to admins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.fields import Language
from gis_service.model.jobs import Job, JobState
from gis_service.ogc.links import Link, documents
from gis_service.ogc.media import JSON
from gis_service.services.jobs import KINDS
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read

MOST_LISTED = 200


async def jobs(request: Request) -> Response:
    """The newest jobs that the reader may see."""
    asked = read(request, JSON, known=(*COMMON_PARAMETERS, "state"))
    found = await asked.services.jobs.list(
        asked.principal, state=_state(asked), limit=MOST_LISTED
    )
    listed = [_brief(job, asked) for job in found]
    return asked.document({"jobs": listed, "links": documents(asked.links())})


async def job(request: Request) -> Response:
    """One job, and its result when it is done."""
    asked = read(request, JSON)
    found = await asked.services.jobs.find(request.path_params["id"], asked.principal)
    return _answer(asked, found)


async def cancel(request: Request) -> Response:
    """Cancel a job; the answer is how it stands now."""
    asked = read(request, JSON)
    found = await asked.services.jobs.cancel(request.path_params["id"], asked.principal)
    return _answer(asked, found, status=202 if found.state is JobState.RUNNING else 200)


def _answer(asked: Asked, found: Job, *, status: int = 200) -> Response:
    response = asked.document({**_brief(found, asked), "result": found.result}, status=status)
    response.headers["cache-control"] = "private, no-store"
    return response


def _state(asked: Asked) -> JobState | None:
    state = asked.parameters.get("state")
    if state is None:
        return None
    try:
        return JobState(state)
    except ValueError:
        raise InvalidParameter("state", state, f"it is one of {', '.join(JobState)}") from None


def _brief(found: Job, asked: Asked) -> dict[str, Any]:
    """What a job's owner may know: not where its file lies, nor which worker has it."""
    at = f"{asked.at.base}/jobs/{found.id}"
    return {
        "id": str(found.id),
        "kind": found.kind,
        "title": _title(found, asked.language),
        "source": found.payload.get("name"),
        "state": found.state.value,
        "cancel_requested": found.cancel_requested,
        "done": found.done,
        "total": found.total,
        "message": found.message,
        "attempts": found.attempts,
        "created_at": _time(found.created_at),
        "started_at": _time(found.started_at),
        "finished_at": _time(found.finished_at),
        "links": documents([Link(at, "self", JSON.media_type)]),
    }


def _title(found: Job, language: Language) -> str:
    kind = KINDS.get(found.kind)
    return kind.title[language] if kind is not None else found.kind


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


ROUTES = (
    Route("/jobs", jobs, methods=["GET"]),
    Route("/jobs/{id}", job, methods=["GET"]),
    Route("/jobs/{id}/cancel", cancel, methods=["POST"]),
)
