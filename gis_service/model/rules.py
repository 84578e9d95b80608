"""
Every rule by its stable id: what `formats`, `validation`, `store` and `services` report.

A rule is declared once, in `model/declarations`; a fault that names another id
is a mistake, which a test finds.
"""

from __future__ import annotations

from gis_service.model.declarations.load_rules import LOAD_RULES
from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.declarations.topology_rules import TOPOLOGY_RULES
from gis_service.model.fields import Language
from gis_service.model.quality import Family, family_of
from gis_service.model.reports import RowFault, Rule

_SPOKEN = "en"
"""The language of a fault's own message, which names what was found."""
RULE_GROUPS: dict[str, tuple[Rule, ...]] = {
    "rows": LOAD_RULES,
    "topology": TOPOLOGY_RULES,
    **{
        family.value: tuple(each for each in QUALITY_RULES if family_of(each.id) is family)
        for family in Family
    },
}
"""Rules by what they are about, in the order in which they are told."""
RULES: dict[str, Rule] = {
    each.id: each for each in (*LOAD_RULES, *TOPOLOGY_RULES, *QUALITY_RULES)
}


def sentence(fault: RowFault, language: Language) -> str:
    """
    What is wrong with a row, and what to do, in one language.

    In English it is the fault's own message, with what was found; in others what its rule says.
    """
    if language == _SPOKEN or fault.rule not in RULES:
        return fault.message
    rule = RULES[fault.rule]
    return f"{rule.title[language]}. {rule.remedy[language]}"
