"""
The public's site to where it is served: only what changed, and never a page without its parts.

Files whose names change with their content go first, then the data, then the pages, those in
folders before the first; what nobody names any more goes when the pages that named it are no
longer kept by browsers; the manifest comes last. A journal at the other end names what an
upload that was cut short may have left, so that the next one puts it right.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gis_service.cartography.assets import HASHED
from gis_service.errors import InvalidInput
from gis_service.services.site_files import (
    GENERATOR,
    MANIFEST,
    FileFacts,
    file_facts,
    read_manifest,
)
from gis_service.services.site_targets import Target

JOURNAL = "upload.json"
PAGES_S = 60
"""So long browsers and CDNs keep a page; a changed one is seen by everybody after it."""
DATA_S = 300
FOREVER = "public, max-age=31536000, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".pmtiles": "application/vnd.pmtiles",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What an upload has to do.

    Parameters
    ----------
    sent
        Paths of files that are new or changed, in the order in which they go.
    size
        Of these, in bytes.
    removed
        Paths of files of ours that the site no longer has.
    same
        How many files are there already.
    """

    sent: tuple[str, ...]
    size: int
    removed: tuple[str, ...]
    same: int


def headers_of(name: str) -> tuple[str, str]:
    """Content type and Cache-Control of a file of the site."""
    suffix = PurePosixPath(name).suffix
    kept = f"public, max-age={PAGES_S if _is_page(name) else DATA_S}"
    return _TYPES.get(suffix, "application/octet-stream"), FOREVER if _is_hashed(name) else kept


def upload_site(
    folder: Path,
    target: Target,
    *,
    wait_s: float = PAGES_S,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _step: None,
) -> Plan:
    """
    Bring a site that `gis maps build` wrote to where it is served.

    Parameters
    ----------
    wait_s
        Between the last page and the removal of what only older pages name.
    dry_run
        Only find out what is to be done.
    tell
        Is told each step.

    Raises
    ------
    InvalidInput
        The folder is not such a site or was changed since, or files of others
        stand in its place at the target.
    ExportFailed
        The target cannot be read or written. The next upload goes on from there.
    ConfigurationError
        rclone is not installed.
    """
    site = _checked(folder)
    present = target.listing()
    before = _manifest_at(target, present)
    owned = {*before, *_journal_at(target, present), MANIFEST, JOURNAL}
    _refuse_foreign(set(site) & set(present) - owned, target)
    plan = _plan(site, before, present, owned)
    if dry_run or not (plan.sent or plan.removed or JOURNAL in present):
        return plan
    journal = {"generator": GENERATOR, "files": sorted({*site, *owned} - {MANIFEST, JOURNAL})}
    target.write(JOURNAL, json.dumps(journal).encode(), *_JOURNAL_HEADERS)
    tell(f"{len(plan.sent)} files")
    _send(folder, target, plan.sent)
    if plan.removed:
        if any(map(_is_hashed, plan.removed)):
            tell(f"waiting {wait_s:.0f} s for pages that name what is removed")
            time.sleep(wait_s)
        tell(f"removing {len(plan.removed)} files")
        target.remove(plan.removed)
    target.write(MANIFEST, (folder / MANIFEST).read_bytes(), *headers_of(MANIFEST))
    target.remove([JOURNAL])
    return plan


_JOURNAL_HEADERS = "application/json", "no-store"


def _checked(folder: Path) -> Mapping[str, FileFacts]:
    """The files of a site that is as it was written."""
    manifest = folder / MANIFEST
    told = read_manifest(manifest.read_bytes()) if manifest.is_file() else None
    if not told:
        raise InvalidInput(f"{folder} is no site that `gis maps build` wrote. Write it first.")
    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    odd = sorted(found ^ {MANIFEST, *told})
    odd += sorted(name for name in found & set(told) if file_facts(folder / name) != told[name])
    if odd:
        raise InvalidInput(
            f"{folder} is not as `gis maps build` wrote it ({_listed(odd)}). Write it again."
        )
    return told


def _manifest_at(target: Target, present: Mapping[str, int]) -> Mapping[str, FileFacts]:
    content = target.read(MANIFEST) if MANIFEST in present else b""
    told = read_manifest(content)
    if MANIFEST in present and told is None:
        raise InvalidInput(
            f"{target} holds a {MANIFEST} that is not ours. Name another place; "
            "nothing was changed."
        )
    return told or {}


def _journal_at(target: Target, present: Mapping[str, int]) -> Iterable[str]:
    return read_journal(target.read(JOURNAL)) if JOURNAL in present else ()


def read_journal(content: bytes) -> tuple[str, ...]:
    """The paths that a journal names; none when it is not one of ours, or cut short."""
    try:
        told = json.loads(content)
        return tuple(map(str, told["files"])) if told["generator"] == GENERATOR else ()
    except (ValueError, TypeError, KeyError):
        return ()


def _refuse_foreign(foreign: set[str], target: Target) -> None:
    if foreign:
        raise InvalidInput(
            f"{target} holds files that we did not bring ({_listed(sorted(foreign))}), and they "
            "would be replaced. Name another place, or remove them there. Nothing was changed."
        )


def _plan(
    site: Mapping[str, FileFacts],
    before: Mapping[str, FileFacts],
    present: Mapping[str, int],
    owned: set[str],
) -> Plan:
    def is_there(name: str, facts: FileFacts) -> bool:
        if present.get(name) != facts.size:
            return False
        # An upload that was cut short left files that the manifest does not tell yet.
        return _is_hashed(name) or (JOURNAL not in present and before.get(name) == facts)

    sent = sorted(
        (name for name, facts in site.items() if not is_there(name, facts)), key=_order
    )
    removed = (owned & set(present)) - {*site, MANIFEST, JOURNAL}
    return Plan(
        tuple(sent), sum(site[name].size for name in sent), tuple(sorted(removed)),
        len(site) - len(sent),
    )


def _order(name: str) -> tuple[int, int, str]:
    """Parts, then data, then pages; of these the deepest first, and the site's own last."""
    depth = name.count("/")
    if _is_page(name):
        return 2, -depth, name
    return (0 if _is_hashed(name) else 1), 0, name


def _send(folder: Path, target: Target, names: Iterable[str]) -> None:
    """Send files in their order, those together that go at one step with the same headers."""
    waiting: list[str] = []
    step: object = None
    for name in names:
        now = (_order(name)[:2], headers_of(name))
        if waiting and now != step:
            target.send(folder, waiting, *headers_of(waiting[0]))
            waiting = []
        waiting.append(name)
        step = now
    if waiting:
        target.send(folder, waiting, *headers_of(waiting[0]))


def _is_page(name: str) -> bool:
    return name.endswith((".html", ".jsonld")) or name == MANIFEST


def _is_hashed(name: str) -> bool:
    return not _is_page(name) and HASHED.search(name) is not None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")
