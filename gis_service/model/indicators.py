"""
What coverage is told by: indicators, declared once, each with its rule.

An indicator is a ratio of sums. The sums add up over groups, so the parts give
the whole; a ratio over nothing is no data (NaN), never zero. The office, the
person or the kilometre that is not known of is in no sum but that of the
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model import codelists
from gis_service.model.fields import Text
from gis_service.model.indicator import (
    GROUPING_TITLES,
    PER_CENT,
    PLACES,
    Grouping,
    Indicator,
)

__all__ = [
    "GROUPING_TITLES",
    "INDICATORS",
    "PEOPLE",
    "PER_CENT",
    "ROUTE_KM",
    "Grouping",
    "Indicator",
    "indicators_of",
    "sums_of",
]


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
        ("Computed from the network: offices whose node has two ways to two gateways that share "
         "no link and no node, out of the offices whose node is known. No data where no node is "
         "known, or the network has no gateway.",
         "Imekokotolewa kutoka mtandao: ofisi ambazo kituo chake kina njia mbili hadi malango "
         "mawili zisizoshiriki uzi wala kituo, kati ya ofisi ambazo kituo chake kinajulikana. "
         "Hakuna data pasipo na kituo kinachojulikana, au mtandao usipo na lango."),
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
