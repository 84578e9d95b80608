"""The pages of loading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gis_service.cartography.assets import LEAFLET_CSS, LEAFLET_JS, vendored_path
from gis_service.errors import ConfigurationError, GisError, InvalidParameter
from gis_service.model.collections import REGISTRY
from gis_service.model.jobs import Job, JobState
from gis_service.model.locales import number
from gis_service.model.parts import Heights, Parts
from gis_service.model.reports import Rule
from gis_service.model.rules import RULES, sentence
from gis_service.model.uploads import COUNTED, DoneLoad, RowOutcome, Upload, UploadState
from gis_service.services.received import MOST_FILES
from gis_service.services.upload_jobs import REJECTS
from gis_service.web.asked import Asked
from gis_service.web.loader_sentences import said_in
from gis_service.web.loads_documents import is_mine, told
from gis_service.web.local_times import local_time
from gis_service.web.page_numbers import page_number
from gis_service.web.page_words import spoken
from gis_service.web.pages import static_address
from gis_service.web.upload_form import LOADABLE, form_of

ROWS_ON_PAGE = 50
MOST_RULES = 50
SIGNS: Mapping[RowOutcome, str] = {
    RowOutcome.NEW: "+",
    RowOutcome.CHANGED: "~",
    RowOutcome.UNCHANGED: "=",
    RowOutcome.REFUSED: "×",  # noqa: RUF001 - the sign of times, as on the map
    RowOutcome.ASIDE: "⋯",
    RowOutcome.ABSENT: "−",  # noqa: RUF001
}
"""Beside the colour of each outcome, on the map and in the table."""
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule that rows break, and how often."""

    rule: Rule
    severity: str
    count: int


def chosen_layer(upload: Upload) -> tuple[Json | None, Json | None]:
    """The layer that the form is about, and what its rows are taken for; as far as it is clear."""
    inspected = (upload.inspection.result or {}).get("inspected") or []
    if len(inspected) != 1:
        return None, None
    layer: Json = inspected[0]
    proposal: Json | None = layer["chosen"]
    return layer, proposal


def list_page(
    asked: Asked, found: Sequence[Upload], done: Sequence[DoneLoad], *, fault: GisError | None
) -> Response:
    """What came in and what was loaded, and where to send more."""
    open_ = [u for u in found if u.state not in {UploadState.LOADED, UploadState.REMOVED}]
    return asked.page(
        "loads.html", uploads=open_, done=done, fault=fault, most_files=MOST_FILES,
        most_mb=asked.settings.max_file_mb, days=asked.settings.upload_days, **_telling(asked),
    )


async def one_page(asked: Asked, upload: Upload, *, fault: GisError | None) -> Response:
    """One upload, at whichever step it stands."""
    result = upload.inspection.result or {}
    layer, proposal = chosen_layer(upload)
    trial = upload.trial
    said = upload.inspection.payload.get("said") if trial is None else trial.payload
    same = said is None or layer is None or said.get("layer") in (None, layer["layer"])
    form = None
    if layer is not None and proposal is not None:
        form = form_of(layer, proposal, said if same else None, asked.language)
    networks = await asked.services.uploads.networks(asked.principal)
    tried = trial.result if trial is not None else None
    outcome, place = _outcome(asked), page_number(asked)
    rows = await asked.services.uploads.rows(
        upload, outcome, first=(place - 1) * ROWS_ON_PAGE, most=ROWS_ON_PAGE + 1
    ) if tried is not None and upload.removed_at is None else []
    drawn = await asked.services.uploads.drawn(upload) if rows else 0
    return asked.page(
        "load.html",
        upload=upload,
        state=upload.state,
        job=upload.job,
        progress=told(upload.job, asked),
        fault=fault,
        inspection=result,
        is_package="networks" in result,
        layer=layer,
        form=form,
        mapped_by=upload.inspection.payload.get("said_by") if trial is None else None,
        lacking=_lacking(layer, said) if layer is not None and said is not None else [],
        collections=LOADABLE,
        networks=networks,
        multis=list(Parts),
        heights=list(Heights),
        tried=tried,
        now=upload.load.result if upload.load is not None else None,
        rules=_rules(tried),
        outcome=outcome,
        outcomes=[each for each in RowOutcome if tried and tried.get(COUNTED[each])],
        counted=COUNTED,
        rows=rows[:ROWS_ON_PAGE],
        page_number=place,
        more=len(rows) > ROWS_ON_PAGE,
        drawn=drawn,
        titles={c.id: c.title[asked.language] for c in REGISTRY.values()} if drawn else {},
        map=_map(asked, upload) if drawn else None,
        has_rejects=asked.services.uploads.file(upload, REJECTS) is not None,
        refresh=upload.state.is_busy,
        **_telling(asked),
    )


def _lacking(layer: Json, said: Json) -> list[str]:
    """Columns that a mapping names and the file does not have."""
    columns = {each["name"] for each in layer["columns"]}
    return [
        name for name in said.get("mapping") or ()
        if name not in columns and name.partition(".")[0] not in columns
    ]


def done_page(
    asked: Asked, load: DoneLoad, undoing: Job | None, *, fault: GisError | None
) -> Response:
    """A load that was committed, from wherever it came."""
    busy = undoing is not None and not undoing.state.is_final
    return asked.page(
        "load_done.html", load=load, undoing=undoing, fault=fault, counted=COUNTED,
        progress=told(undoing, asked) if undoing is not None else "",
        failed=undoing is not None and undoing.state is JobState.FAILED,
        rules=_rules(load.report), refresh=busy, outcomes=list(RowOutcome), **_telling(asked),
    )


def _rules(report: Json | None) -> list[RuleCount]:
    counted = Counter(
        (each["rule"], each["severity"]) for each in (report or {}).get("faults", ())
    )
    return [
        RuleCount(RULES[rule], severity, count)
        for (rule, severity), count in counted.most_common(MOST_RULES) if rule in RULES
    ]


def _outcome(asked: Asked) -> RowOutcome | None:
    text = asked.parameters.get("outcome")
    if text is None:
        return None
    try:
        return RowOutcome(text)
    except ValueError:
        listed = ", ".join(RowOutcome)
        raise InvalidParameter("outcome", text, f"it is one of {listed}") from None


def _map(asked: Asked, upload: Upload) -> dict[str, Any] | None:
    vendor = f"{asked.at.path}/static/vendor"
    try:
        leaflet, style = (vendored_path(name) for name in (LEAFLET_JS, LEAFLET_CSS))
    except ConfigurationError:
        return None
    return {
        "rows": f"{asked.at.path}/loads/{upload.id}/rows.geojson",
        "ground": f"{asked.at.path}/collections/wards/items?f=json&limit=500&precision=4"
        "&properties=name",
        "scripts": (f"{vendor}/{leaflet}", static_address(asked.at, "loads/map.js")),
        "styles": (f"{vendor}/{style}",),
    }


def _telling(asked: Asked) -> dict[str, Any]:
    words = asked.words

    def who(person: UUID | None) -> str:
        if person is None:
            return words["loads_by_command"]
        return words["loads_by_me" if is_mine(person, asked) else "loads_by_other"]

    def size(count: int) -> str:
        unit, value = ("MB", count / 1e6) if count >= 1e6 else ("kB", max(count / 1e3, 0.1))
        return f"{number(round(value, 1), asked.language)} {unit}"

    return {
        "who": who,
        "size": size,
        "spoken": spoken,
        "said_of": lambda message: said_in(message, asked.language),
        "sentence": sentence,
        "time": lambda at: local_time(at, asked.language),
        "title_of": lambda id_: REGISTRY[id_].title[asked.language] if id_ in REGISTRY else id_,
        "signs": SIGNS,
        "page_styles": [static_address(asked.at, name) for name in ("report.css", "loads.css")],
        "page_scripts": [static_address(asked.at, "loads/progress.js")],
    }
