"""
The rules, by their stable ids.

`formats` and `store` report faults under these ids too; what a rule means and
what to do about it is said here once, in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis_service.model.fields import Text


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule.

    Parameters
    ----------
    title
        What is wrong with a row that breaks it.
    remedy
        What to do about it.
    """

    id: str
    title: Text
    remedy: Text


def _rule(id_: str, title: tuple[str, str], remedy: tuple[str, str]) -> Rule:
    return Rule(id_, Text(*title), Text(*remedy))


_ALL = (
    # values
    _rule("required", ("A required value is missing", "Thamani inayohitajika haipo"),
          ("Fill it in, or give one for all rows with --set field=value.",
           "Ijaze, au toa moja kwa safu zote kwa --set field=value.")),
    _rule("duplicate-key",
          ("Several rows have one identifier", "Safu kadhaa zina kitambulisho kimoja"),
          ("Keep one of them, or give each its own identifier.",
           "Bakiza moja, au ipe kila moja kitambulisho chake.")),
    _rule("not-a-number", ("Not a number", "Si namba"),
          ("Write digits with a decimal point, without unit.",
           "Andika tarakimu na nukta ya desimali, bila kipimo.")),
    _rule("not-an-integer", ("Not a whole number", "Si namba nzima"),
          ("Write a whole number; nothing is rounded silently.",
           "Andika namba nzima; hakuna kinachokadiriwa kimya kimya.")),
    _rule("ambiguous-number", ("A comma that may mean two things", "Mkato wenye maana mbili"),
          ("Write 1500 or 1.5 instead of 1,500.", "Andika 1500 au 1.5 badala ya 1,500.")),
    _rule("out-of-range", ("Number out of its range", "Namba nje ya kiwango"),
          ("Check the number and its unit.", "Kagua namba na kipimo chake.")),
    _rule("not-a-boolean", ("Neither yes nor no", "Si ndiyo wala hapana"),
          ("Write true or false, yes or no, ndiyo or hapana, 1 or 0.",
           "Andika true au false, ndiyo au hapana, 1 au 0.")),
    _rule("not-a-date", ("Not a date", "Si tarehe"),
          ("Write it as 2026-03-31.", "Iandike kama 2026-03-31.")),
    _rule("unknown-code", ("Code not in its list", "Msimbo haumo katika orodha"),
          ("Use a code of the list.", "Tumia msimbo wa orodha.")),
    _rule("unlisted-code", ("Code not in its open list; kept", "Msimbo haumo katika orodha wazi"),
          ("Use a code of the list if one fits.", "Tumia msimbo wa orodha ukifaa.")),
    _rule("not-a-list", ("Not a list", "Si orodha"),
          ("Write a JSON array, or join the values with semicolons.",
           "Andika orodha ya JSON, au unganisha thamani kwa nukta mkato.")),
    _rule("not-an-object", ("Not JSON", "Si JSON"),
          ("Write a JSON object or array.", "Andika kitu au orodha ya JSON.")),
    _rule("nested-value", ("An object where one value belongs", "Kitu mahali pa thamani moja"),
          ("Name the part that is meant: --map start.id=start_node.",
           "Taja sehemu inayokusudiwa: --map start.id=start_node.")),
    _rule("bad-text", ("Control characters in text", "Herufi za udhibiti katika maandishi"),
          ("Remove them.", "Ziondoe.")),
    _rule("too-long", ("Text too long", "Maandishi marefu mno"), ("Shorten it.", "Yafupishe.")),
    _rule("unknown-reference", ("It names an item that is not there", "Kinachotajwa hakipo"),
          ("Load that item first, or correct the identifier.",
           "Pakia kitu hicho kwanza, au sahihisha kitambulisho.")),
    _rule("unknown-property", ("No such property", "Hakuna sifa kama hiyo"),
          ("Correct its name, or leave it out.", "Sahihisha jina lake, au iache.")),
    _rule("read-only", ("The service fills it", "Hujazwa na huduma"),
          ("Leave it out.", "Iache.")),
    # geometry
    _rule("no-geometry", ("No geometry", "Hakuna jiometri"),
          ("Give the row a position.", "Ipe safu mahali.")),
    _rule("empty-geometry", ("Empty geometry", "Jiometri tupu"),
          ("Draw it again.", "Ichore tena.")),
    _rule("broken-geometry", ("Geometry that cannot be built", "Jiometri isiyojengeka"),
          ("Draw it again, or repair it in QGIS.", "Ichore tena, au irekebishe katika QGIS.")),
    _rule("bad-coordinate", ("A coordinate that is no number", "Kuratibu si namba"),
          ("Write decimal degrees, such as 34.7667.", "Andika digrii za desimali, kama 34.7667.")),
    _rule("coordinates-as-text", ("Coordinates written as text", "Kuratibu kama maandishi"),
          ("Nothing; whoever made the file should know.", "Hakuna; mtengenezaji wa faili ajue.")),
    _rule("non-finite-coordinate",
          ("NaN or infinite coordinate", "Kuratibu NaN au isiyo na mwisho"),
          ("Correct the coordinate.", "Sahihisha kuratibu.")),
    _rule("outside-world", ("Outside the world", "Nje ya dunia"),
          ("Check the coordinates and their CRS.", "Kagua kuratibu na CRS yake.")),
    _rule("outside-extent", ("Outside the network's extent", "Nje ya eneo la mtandao"),
          ("Check the coordinates, the CRS and the network.", "Kagua kuratibu, CRS na mtandao.")),
    _rule("swapped-coordinates",
          ("Longitude and latitude swapped", "Longitudo na latitudo zimebadilishana"),
          ("Swap them in the file; that is not done silently.",
           "Zibadilishe katika faili; hazibadilishwi kimya kimya.")),
    _rule("wrong-geometry-type", ("Wrong type of geometry", "Aina ya jiometri si sahihi"),
          ("Load it into a collection of that type.", "Ipakie katika mkusanyiko wa aina hiyo.")),
    _rule("several-parts", ("Several parts where one belongs", "Sehemu kadhaa mahali pa moja"),
          ("Join its parts, or load it with --multi split.",
           "Unganisha sehemu zake, au ipakie kwa --multi split.")),
    _rule("parts-merged", ("Parts that join were made one line", "Sehemu zimeunganishwa"),
          ("Nothing, if it looks right on the map.", "Hakuna, ikionekana sawa kwenye ramani.")),
    _rule("parts-split", ("Parts became rows of their own", "Sehemu zimekuwa safu"),
          ("Nothing, if the parts are things of their own.",
           "Hakuna, ikiwa kila sehemu ni kitu chake.")),
    _rule("mixed-crs", ("Rows in several reference systems", "Safu za mifumo tofauti ya kuratibu"),
          ("Bring all rows of a file to one CRS.", "Weka safu zote za faili katika CRS moja.")),
    _rule("repeated-vertices", ("Vertices that repeat", "Vipeo vinavyojirudia"),
          ("Nothing; they were left out.", "Hakuna; vimeachwa.")),
    _rule("self-crossing", ("A line that crosses itself", "Mstari unaojikata"),
          ("Check the order of its vertices.", "Kagua mpangilio wa vipeo vyake.")),
    _rule("repaired-polygon", ("Invalid polygon, repaired", "Poligoni batili, imerekebishwa"),
          ("Look at it on the map.", "Itazame kwenye ramani.")),
    _rule("too-many-vertices", ("Too many vertices", "Vipeo vingi mno"),
          ("Simplify the geometry.", "Rahisisha jiometri.")),
    _rule("zero-length", ("A line without length", "Mstari usio na urefu"),
          ("Give it two different positions.", "Upe nafasi mbili tofauti.")),
    _rule("invalid-polygon", ("Invalid polygon", "Poligoni batili"),
          ("Repair it in QGIS (Fix geometries).", "Irekebishe katika QGIS (Fix geometries).")),
    _rule("not-projectable", ("Outside the area of its CRS", "Nje ya eneo la CRS yake"),
          ("Check the CRS of the file.", "Kagua CRS ya faili.")),
    # packages of the Open Fibre Data Standard
    _rule("status-not-stated", ("Status not stated", "Hali haijaelezwa"),
          ("Ask whoever made the package, and set it.", "Muulize mtengenezaji, kisha iweke.")),
    _rule("end-off-node", ("A route ends far from its node", "Njia inaishia mbali na kituo"),
          ("Nothing was moved; tell whoever made the package.",
           "Hakuna kilichosogezwa; mwambie mtengenezaji.")),
    # rules themselves
    _rule("rule-crashed", ("A rule could not be applied", "Kanuni haikuweza kutumika"),
          ("Nothing was checked by it, so nothing is loaded; report it.",
           "Haikukagua kitu, kwa hiyo hakuna kinachopakiwa; toa taarifa.")),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
