"""What is told of an operation, and what to do about it, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping

from gis_service.model.field_operations import Outcome
from gis_service.model.fields import Text

Reason = tuple[Text, Text]
"""Why, and what to do; `{subject}` stands for what it is about."""

OUTCOMES: Mapping[str, Text] = {
    Outcome.WAITING: Text("Waiting", "Inasubiri"),
    Outcome.APPLIED: Text("Done", "Imefanyika"),
    Outcome.MERGED: Text("Done, together with another change",
                         "Imefanyika, pamoja na badiliko jingine"),
    Outcome.CONFLICT: Text("A planner decides", "Mpangaji ataamua"),
    Outcome.REFUSED: Text("Refused", "Imekataliwa"),
    "unknown": Text("Not known here", "Haijulikani hapa"),
}
"""Outcomes as people read them."""

CONFLICT: Reason = (
    Text("Somebody else changed the same since you saw it: {subject}.",
         "Mtu mwingine amebadilisha hicho hicho tangu ulipokiona: {subject}."),
    Text("Nothing to do: a planner sees both and decides. All else of it is done.",
         "Huna la kufanya: mpangaji anaona yote mawili na ataamua. Mengine yamefanyika."),
)

REASONS: Mapping[str, Reason] = {
    "busy": (
        Text("It is kept, and was not carried out yet: the service is busy.",
             "Imehifadhiwa, lakini haijafanyika bado: huduma ina shughuli nyingi."),
        Text("Nothing to do: it is carried out soon.", "Huna la kufanya: itafanyika punde."),
    ),
    "withheld": (
        Text("Staff see it. The public sees it when a planner publishes it.",
             "Wafanyakazi wanaiona. Umma utaiona mpangaji akiichapisha."),
        Text("Nothing to do.", "Huna la kufanya."),
    ),
    "malformed": (
        Text("What was sent is not complete or not well formed: {subject}.",
             "Kilichotumwa hakijakamilika au kina kasoro: {subject}."),
        Text("Update the app. If it comes again, show this to a planner.",
             "Sasisha programu. Ikitokea tena, mwonyeshe mpangaji."),
    ),
    "other_content": (
        Text("Something else was sent under this number before.",
             "Kitu kingine kilitumwa awali kwa namba hii."),
        Text("Record it once more as new work.", "Iandike tena kama kazi mpya."),
    ),
    "unknown_collection": (
        Text("There is no such kind of thing: {subject}.", "Hakuna aina hiyo ya kitu: {subject}."),
        Text("Update the app and try again.", "Sasisha programu ujaribu tena."),
    ),
    "not_allowed": (
        Text("Your key may not do this with {subject}.",
             "Ufunguo wako hauruhusu hili kwa {subject}."),
        Text("Ask a planner to do it, or for another key.",
             "Mwombe mpangaji afanye, au akupe ufunguo mwingine."),
    ),
    "only_proposed": (
        Text("From the field a new cable can only be proposed.",
             "Kutoka nyanjani kebo mpya inaweza kupendekezwa tu."),
        Text("Record it by walking along it; a planner accepts it.",
             "Irekodi kwa kutembea kando yake; mpangaji ataikubali."),
    ),
    "not_about": (
        Text("This cannot be written down about {subject}.",
             "Hili haliwezi kuandikwa kuhusu {subject}."),
        Text("Choose a device, a node or a link.", "Chagua kifaa, kituo au uzi."),
    ),
    "too_short": (
        Text("The walked route has fewer than two positions.",
             "Njia iliyotembewa ina nafasi chini ya mbili."),
        Text("Walk along the cable again, under open sky.",
             "Tembea tena kando ya kebo, mahali pa wazi."),
    ),
    "unknown_point": (
        Text("The checklist of this work has no such point or answer: {subject}.",
             "Orodha ya kazi hii haina jambo au jibu hilo: {subject}."),
        Text("Update the app, then fill in the checklist again.",
             "Sasisha programu, kisha jaza orodha tena."),
    ),
    "gone": (
        Text("It is no longer there: somebody deleted it.", "Hakipo tena: mtu amekifuta."),
        Text("Download the ward again. If it stands there, add it anew.",
             "Pakua wadi tena. Kama kipo mahali hapo, kiongeze upya."),
    ),
    "taken": (
        Text("There is another item of this number or identifier, or what it names has gone.",
             "Kuna kitu kingine chenye namba hiyo, au kinachotajwa hakipo tena."),
        Text("Download the ward again and compare; give it another number if it is another.",
             "Pakua wadi tena ulinganishe; kipe namba nyingine kama ni kingine."),
    ),
    "settled": (
        Text("A planner has decided between your value and another.",
             "Mpangaji ameamua kati ya thamani yako na nyingine."),
        Text("Download the ward again to see what stands.",
             "Pakua wadi tena uone kilichobaki."),
    ),
    "settled_taken": (
        Text("A planner has taken your value.", "Mpangaji amechukua thamani yako."),
        Text("Nothing to do.", "Huna la kufanya."),
    ),
    "required": (
        Text("{subject} is missing.", "{subject} haipo."),
        Text("Fill it in and send it again.", "Ijaze, kisha tuma tena."),
    ),
    "out-of-range": (
        Text("{subject} is outside of what is possible.", "{subject} iko nje ya kiwango."),
        Text("Check the number and its unit.", "Kagua namba na kipimo chake."),
    ),
    "unknown-code": (
        Text("{subject} has a value that is not on its list.",
             "{subject} ina thamani isiyo kwenye orodha yake."),
        Text("Choose one from the list; update the app if it is there.",
             "Chagua moja kwenye orodha; sasisha programu ikiwa imo."),
    ),
    "unknown-reference": (
        Text("{subject} names something that is not there.", "{subject} inataja kisichopo."),
        Text("Download the ward again and choose anew.", "Pakua wadi tena, kisha chagua upya."),
    ),
    "unknown-property": (
        Text("There is no field {subject} here.", "Hakuna sehemu {subject} hapa."),
        Text("Update the app and try again.", "Sasisha programu ujaribu tena."),
    ),
    "read-only": (
        Text("{subject} is filled in by the service.", "{subject} hujazwa na huduma."),
        Text("Update the app and try again.", "Sasisha programu ujaribu tena."),
    ),
    "outside-extent": (
        Text("The position lies outside the area of this network.",
             "Mahali hapo pako nje ya eneo la mtandao huu."),
        Text("Wait for a better GPS position, then try again.",
             "Subiri GPS iwe sahihi zaidi, kisha jaribu tena."),
    ),
}
"""By the names of reasons, and of rules of values; other rules are told as loading tells them."""
