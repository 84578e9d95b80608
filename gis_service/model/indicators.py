"""
What coverage is told by: indicators, declared once, each with its rule.

An indicator is a ratio of sums. The sums add up over groups, so the parts give
the whole; a ratio over nothing is no data (NaN), never zero. The office, the
person or the kilometre that is not known of is in no sum but that of the
unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gis_service.model import codelists
from gis_service.model.fields import Text


class Grouping(StrEnum):
    """By what coverage is told."""

    WARD = "ward"
    CONSTITUENCY = "constituency"
    THEME = "theme"
    OFFICE_TYPE = "office_type"
    PHASE = "phase"
    WHOLE = "whole"



GROUPING_TITLES = {
    Grouping.WARD: Text("Ward", "Wadi"),
    Grouping.CONSTITUENCY: Text("Constituency", "Eneo bunge"),
    Grouping.THEME: Text("Theme", "Mada"),
    Grouping.OFFICE_TYPE: Text("Type of office", "Aina ya ofisi"),
    Grouping.PHASE: Text("Phase", "Awamu"),
    Grouping.WHOLE: Text("All", "Yote"),
}
PLACES = frozenset({Grouping.WARD, Grouping.CONSTITUENCY, Grouping.WHOLE})
"""Groupings by place."""
ALL = frozenset(Grouping)

PER_CENT = "%"


@dataclass(frozen=True, slots=True)
class Indicator:
    """
    A figure of a group of offices or of a place.

    Parameters
    ----------
    description
        Its definition; what "no data" means is in it.
    of
        The sum that is told, by its name in `coverage.measures`.
    out_of
        The sum that it is divided by; None for a plain sum.
    known_by
        For a plain sum: the sum that says whether anything is known at all.
    scale
        What the ratio is multiplied by.
    source
        Where the rule comes from.
    groupings
        By what it can be told.
    reported
        Whether it follows from what is published, so that the public may ask for it.
    more_is_better
        None where more is neither better nor worse.
    """

    id: str
    title: Text
    description: Text
    unit: str
    of: str
    out_of: str | None = None
    known_by: str | None = None
    scale: float = 1.0
    source: str = "ours"
    groupings: frozenset[Grouping] = ALL
    reported: bool = False
    more_is_better: bool | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value that it can take."""
        return (0, 100) if self.unit == PER_CENT else (0, math.inf)

    def value(self, sums: Mapping[str, float]) -> float:
        """Its value from a group's sums; NaN means "no data"."""
        if self.known_by is not None and not sums.get(self.known_by, math.nan) > 0:
            return math.nan
        found = sums.get(self.of, math.nan)
        if self.out_of is None:
            return found
        whole = sums.get(self.out_of, math.nan)
        return self.scale * found / whole if whole > 0 else math.nan


def _share(
    id_: str, title: tuple[str, str], description: tuple[str, str], of: str, out_of: str,
    **options: object,
) -> Indicator:
    return Indicator(
        id_, Text(*title), Text(*description), PER_CENT, of, out_of,
        scale=100.0, **options,  # type: ignore[arg-type]
    )


def _number(
    id_: str, title: tuple[str, str], description: tuple[str, str], of: str, unit: str = "",
    **options: object,
) -> Indicator:
    return Indicator(
        id_, Text(*title), Text(*description), unit, of, **options  # type: ignore[arg-type]
    )


_REPORTED = (
    _share(
        "share_connected",
        ("Share of offices connected", "Sehemu ya ofisi zilizounganishwa"),
        ("Offices reported as connected, out of all offices whose connection is known. "
         "Offices whose connection is not known are left out; where none is known there "
         "is no data.",
         "Ofisi zilizoripotiwa kuunganishwa, kati ya ofisi zote ambazo muunganisho wao "
         "unajulikana. Ofisi ambazo hazijulikani haziingizwi; pasipo na inayojulikana "
         "hakuna data."),
        "connected", "known", reported=True, more_is_better=True,
    ),
    _share(
        "share_unconnected",
        ("Share of offices not connected", "Sehemu ya ofisi zisizounganishwa"),
        ("Offices reported as not connected, out of all offices whose connection is known.",
         "Ofisi zilizoripotiwa kutounganishwa, kati ya ofisi zote ambazo muunganisho wao "
         "unajulikana."),
        "unconnected", "known", reported=True, more_is_better=False,
    ),
    _share(
        "share_unknown",
        ("Share of offices not known", "Sehemu ya ofisi zisizojulikana"),
        ("Offices of which nobody has reported whether they are connected, out of all offices.",
         "Ofisi ambazo hakuna aliyeripoti kama zimeunganishwa, kati ya ofisi zote."),
        "unknown", "offices", reported=True, more_is_better=False,
    ),
    _number(
        "offices", ("Offices", "Ofisi"),
        ("Every place that the plan wants connected.",
         "Kila mahali ambapo mpango unataka paunganishwe."),
        "offices", reported=True,
    ),
    _number(
        "connected", ("Offices connected", "Ofisi zilizounganishwa"),
        ("Offices reported as connected. Where no connection is known there is no data.",
         "Ofisi zilizoripotiwa kuunganishwa. Pasipo na muunganisho unaojulikana hakuna data."),
        "connected", known_by="known", reported=True, more_is_better=True,
    ),
    _number(
        "unconnected", ("Offices not connected", "Ofisi zisizounganishwa"),
        ("Offices reported as not connected. Where no connection is known there is no data.",
         "Ofisi zilizoripotiwa kutounganishwa. Pasipo na muunganisho unaojulikana hakuna "
         "data."),
        "unconnected", known_by="known", reported=True, more_is_better=False,
    ),
    _number(
        "unknown", ("Offices not known", "Ofisi zisizojulikana"),
        ("Offices of which nobody has reported whether they are connected.",
         "Ofisi ambazo hakuna aliyeripoti kama zimeunganishwa."),
        "unknown", reported=True, more_is_better=False,
    ),
)

_COMPUTED = (
    _share(
        "share_lit",
        ("Share of offices with a way to a gateway", "Sehemu ya ofisi zenye njia hadi lango"),
        ("Computed from the network: offices whose node reaches a gateway over links that carry "
         "traffic, out of the offices whose node is known. Links that are operational and "
         "without an open fault that cuts them carry traffic. No data where no node is known, "
         "or the network has no gateway.",
         "Imekokotolewa kutoka mtandao: ofisi ambazo kituo chake kinafika lango kwa nyuzi "
         "zinazobeba mawasiliano, kati ya ofisi ambazo kituo chake kinajulikana. Nyuzi "
         "zinazofanya kazi bila hitilafu inayokata hubeba mawasiliano. Hakuna data pasipo na "
         "kituo kinachojulikana, au mtandao usipo na lango."),
        "lit", "placed", more_is_better=True,
    ),
    _share(
        "share_redundant",
        ("Share of offices with two ways", "Sehemu ya ofisi zenye njia mbili"),
        ("Computed from the network: offices whose node has two independent paths to gateways, "
         "out of the offices whose node is known. No data where no node is known, or the "
         "network has no gateway.",
         "Imekokotolewa kutoka mtandao: ofisi ambazo kituo chake kina njia mbili huru hadi "
         "malango, kati ya ofisi ambazo kituo chake kinajulikana. Hakuna data pasipo na kituo "
         "kinachojulikana, au mtandao usipo na lango."),
        "redundant", "placed", more_is_better=True,
    ),
    _share(
        "share_bandwidth_met",
        ("Share of required bandwidth met", "Sehemu ya kasi inayohitajika iliyopatikana"),
        ("Of each office the lesser of what was measured and what it requires, summed, out of "
         "what they require together. An office reported as not connected gets none. Offices "
         "without a requirement, and connected ones that were never measured, are left out.",
         "Kwa kila ofisi kilicho kidogo kati ya kasi iliyopimwa na inayohitajika, kwa jumla, "
         "kati ya yote yanayohitajika. Ofisi isiyounganishwa haipati kitu. Ofisi zisizo na "
         "hitaji, na zilizounganishwa bila kupimwa, haziingizwi."),
        "met_mbps", "required_mbps", more_is_better=True,
    ),
    _share(
        "share_in_reach",
        ("Share of offices near an access point", "Sehemu ya ofisi zilizo karibu na kituo"),
        ("Offices within the distance asked for (along the ground, in a straight line) of an "
         "access point that works, out of the offices whose position is known. No data where "
         "no access point is recorded.",
         "Ofisi zilizo ndani ya umbali ulioulizwa (juu ya ardhi, moja kwa moja) kutoka kituo "
         "cha kuungia kinachofanya kazi, kati ya ofisi ambazo mahali pake panajulikana. Hakuna "
         "data pasipo na kituo cha kuungia."),
        "in_reach", "positioned", more_is_better=True,
    ),
    _number(
        "disagreements", ("Reports that disagree", "Ripoti zisizokubaliana"),
        ("Offices reported as connected whose node reaches no gateway, and offices reported as "
         "not connected whose node does: either the report or the network is recorded wrongly. "
         "No data where no node is known.",
         "Ofisi zilizoripotiwa kuunganishwa ambazo kituo chake hakifiki lango, na zilizoripotiwa "
         "kutounganishwa ambazo kituo chake kinafika: ama ripoti au mtandao umeandikwa vibaya. "
         "Hakuna data pasipo na kituo kinachojulikana."),
        "disagreements", known_by="placed", more_is_better=False,
    ),
)

PEOPLE = "people_within"
_ACCESS_SOURCE = (
    "after the ITU indicator of people within reach of operational fibre nodes; "
    "the distance is ours"
)
_PEOPLE = (
    _number(
        "population", ("People", "Watu"),
        ("People by the cells of population, cells on an edge divided by area. No data where "
         "no cell is loaded.",
         "Watu kwa seli za idadi ya watu; seli ya mpakani hugawanywa kwa eneo. Hakuna data "
         "pasipo na seli."),
        "people", groupings=PLACES,
    ),
    _number(
        PEOPLE, ("People near an access point", "Watu walio karibu na kituo"),
        ("People within the distance asked for (along the ground) of an access point that "
         "works; a cell counts by the share of its area. No data where no cell is loaded or no "
         "access point is recorded.",
         "Watu walio ndani ya umbali ulioulizwa (juu ya ardhi) kutoka kituo cha kuungia "
         "kinachofanya kazi; seli huhesabiwa kwa sehemu ya eneo lake. Hakuna data pasipo na "
         "seli au kituo cha kuungia."),
        PEOPLE, groupings=PLACES, source=_ACCESS_SOURCE, more_is_better=True,
    ),
    _share(
        f"share_{PEOPLE}",
        ("Share of people near an access point", "Sehemu ya watu walio karibu na kituo"),
        ("People within the distance asked for (along the ground) of an access point that "
         "works, out of all people in the cells of population. No data where no cell is loaded "
         "or no access point is recorded.",
         "Watu walio ndani ya umbali ulioulizwa (juu ya ardhi) kutoka kituo cha kuungia "
         "kinachofanya kazi, kati ya watu wote katika seli. Hakuna data pasipo na seli au "
         "kituo cha kuungia."),
        PEOPLE, "people", groupings=PLACES, source=_ACCESS_SOURCE, more_is_better=True,
    ),
    *(
        _number(
            f"{PEOPLE}_{code.code}",
            (f"People near {code.title.en}", f"Watu walio karibu na {code.title.sw}"),
            (f"The same for access points that use {code.title.en}.",
             f"Vivyo hivyo kwa vituo vya kuungia vinavyotumia {code.title.sw}."),
            f"{PEOPLE}_{code.code}",
            groupings=PLACES, source=_ACCESS_SOURCE, more_is_better=True,
        )
        for code in codelists.NODE_TECHNOLOGY
    ),
)

ROUTE_KM = "km"
_ROUTES = (
    _number(
        ROUTE_KM, ("Route", "Njia"),
        ("Length of all links along the ground, cut at the edges of wards. No data where no "
         "link is recorded at all.",
         "Urefu wa nyuzi zote juu ya ardhi, zikikatwa mipakani mwa wadi. Hakuna data pasipo na "
         "uzi wowote ulioandikwa."),
        ROUTE_KM, "km", groupings=PLACES | {Grouping.PHASE},
    ),
    *(
        _number(
            f"{ROUTE_KM}_{code.code}",
            (f"Route: {code.title.en.lower()}", f"Njia: {code.title.sw.lower()}"),
            (f"Length along the ground of links with the status: {code.title.en.lower()}.",
             f"Urefu juu ya ardhi wa nyuzi zenye hali: {code.title.sw.lower()}."),
            f"{ROUTE_KM}_{code.code}", "km", groupings=PLACES | {Grouping.PHASE},
        )
        for code in codelists.STATUS
    ),
)

_FAULTS = (
    _number(
        "open_faults", ("Open faults", "Hitilafu zilizo wazi"),
        ("Faults that began and are not mended. By ward: where the fault, or else what is "
         "broken, lies. By theme and type: faults of the offices themselves.",
         "Hitilafu zilizoanza na hazijatatuliwa. Kwa wadi: mahali pa hitilafu, au pa "
         "kilichoharibika. Kwa mada na aina: hitilafu za ofisi zenyewe."),
        "open_faults", more_is_better=False,
    ),
)

_ACCESS = (
    _number(
        "access_points", ("Access points", "Vituo vya kuungia"),
        ("Access points that work and have a way to a gateway. No data where none is recorded.",
         "Vituo vya kuungia vinavyofanya kazi na vyenye njia hadi lango. Hakuna data pasipo na "
         "kilichoandikwa."),
        "access_points", groupings=PLACES | {Grouping.PHASE}, more_is_better=True,
    ),
    _number(
        "wifi_points", ("Public Wi-Fi points", "Vituo vya Wi-Fi ya umma"),
        ("Public Wi-Fi access points that work and have a way to a gateway. No data where no "
         "access point is recorded.",
         "Vituo vya Wi-Fi ya umma vinavyofanya kazi na vyenye njia hadi lango. Hakuna data "
         "pasipo na kituo cha kuungia kilichoandikwa."),
        "wifi_points", groupings=PLACES | {Grouping.PHASE}, more_is_better=True,
    ),
)

INDICATORS: dict[str, Indicator] = {
    each.id: each
    for each in (*_REPORTED, *_COMPUTED, *_ACCESS, *_PEOPLE, *_ROUTES, *_FAULTS)
}


def sums_of(indicators: Iterable[Indicator]) -> frozenset[str]:
    """Names of the sums that indicators are made of."""
    names = {name for each in indicators for name in (each.of, each.out_of, each.known_by)}
    return frozenset(name for name in names if name is not None)


def indicators_of(grouping: Grouping, *, reported_only: bool = False) -> tuple[Indicator, ...]:
    """The indicators that can be told by a grouping, in their order."""
    return tuple(
        each
        for each in INDICATORS.values()
        if grouping in each.groupings and (each.reported or not reported_only)
    )
