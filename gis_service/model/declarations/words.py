"""Fields that several collections have, and short words to declare them with."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.fields import Codelist, Field, FieldType, Text
from gis_service.model.reports import Rule, Severity

T = FieldType


def field(
    name: str,
    type_: FieldType,
    titles: tuple[str, str],
    descriptions: tuple[str, str],
    **options: object,
) -> Field:
    return Field(name, type_, Text(*titles), Text(*descriptions), **options)  # type: ignore[arg-type]


def status(of: str, ya: str, *, public: bool) -> Field:
    return field(
        "status",
        T.CODE,
        ("Status", "Hali"),
        (f"Where {of} is in its life, from proposed to decommissioned.",
         f"Hatua ya {ya} katika maisha yake, tangu kupendekezwa hadi kuondolewa."),
        codelist=codelists.STATUS,
        required=True,
        public=public,
    )


def name(en: str, sw: str, *, public: bool = False, required: bool = True) -> Field:
    return field(
        "name", T.TEXT, ("Name", "Jina"), (en, sw),
        searchable=True, public=public, required=required,
    )


def codes(
    name: str, titles: tuple[str, str], descriptions: tuple[str, str], codelist: Codelist
) -> Field:
    return field(name, T.CODES, titles, descriptions, codelist=codelist)


def owner(of: str, ya: str) -> Field:
    return field(
        "owner", T.REFERENCE, ("Owner", "Mmiliki"),
        (f"The organisation that owns {of}.", f"Shirika linalomiliki {ya}."),
        references="organisations",
    )


PROVIDERS = field(
    "providers", T.REFERENCES, ("Network providers", "Watoa huduma"),
    ("The organisations that offer service here.", "Mashirika yanayotoa huduma hapa."),
    references="organisations",
)
PHASE = field(
    "phase", T.REFERENCE, ("Phase", "Awamu"),
    ("The phase of the plan in which it is built.", "Awamu ya mpango ambamo inajengwa."),
    references="phases",
)
WARD = field(
    "ward", T.TEXT, ("Ward", "Wadi"),
    ("Code of the ward that it lies in; of the first code where it lies on an edge.",
     "Msimbo wa wadi ilimo; wa kwanza ikiwa mpakani."),
    public=True, derived="ward",
)


def reference(
    name: str,
    to: str,
    titles: tuple[str, str],
    descriptions: tuple[str, str],
    *,
    required: bool = False,
) -> Field:
    return field(name, T.REFERENCE, titles, descriptions, references=to, required=required)


def rule(
    id_: str,
    titles: tuple[str, str],
    remedies: tuple[str, str],
    *,
    severity: Severity = Severity.ERROR,
) -> Rule:
    """A rule by its stable id: what is wrong, and what to do, in English and Kiswahili."""
    return Rule(id_, Text(*titles), Text(*remedies), severity)
