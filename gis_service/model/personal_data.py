"""
What is kept about persons: what, why, for how long, who sees it.

The register of the Data Protection Act, 2019 (Kenya, No. 24 of 2019; Cap. 411C),
shown at `/privacy` as the notice of its section 29. Fields of the map come from
their declarations; what else is kept is declared here, by table and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, Text

UNSETTLED_DAYS = 365
"""After so many days the contact of a fault report goes even where nobody settled it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """
    One kind of personal data.

    Parameters
    ----------
    places
        The tables and columns that hold it, as `table.column`.
    until
        How long it is kept; may name settings in braces.
    """

    id: str
    places: tuple[str, ...]
    what: Text
    why: Text
    until: Text
    seen_by: Text


def personal_fields() -> Iterator[tuple[Collection, Field]]:
    """The fields of the map that may name a person or say how to reach one."""
    for collection in REGISTRY.values():
        yield from ((collection, field) for field in collection.fields if field.personal)


STAFF = Text("Admins.", "Wasimamizi.")
REGISTER: tuple[Kept, ...] = (
    Kept(
        "reporters",
        ("reports.contact", "reports.description", "reports.place"),
        Text("What you write when you report a fault: the words, the place, and a telephone "
             "number or e-mail if you give one.",
             "Unachoandika unaporipoti hitilafu: maneno, mahali, na namba ya simu au barua pepe "
             "ukiitoa."),
        Text("To find and mend the fault, and to ask you if something is unclear.",
             "Kutafuta na kutengeneza hitilafu, na kukuuliza panapokuwa na swali."),
        Text("The contact is erased {report_contact_days} days after the matter is settled, and "
             "after a year at the latest. The report itself is kept without it.",
             "Mawasiliano hufutwa siku {report_contact_days} baada ya jambo kumalizika, au baada "
             "ya mwaka mmoja. Ripoti yenyewe hubaki bila mawasiliano."),
        Text("Planners and admins. Nothing of it is on a public page; who knows the reference "
             "number sees how the report stands and no more.",
             "Wapangaji na wasimamizi. Hakuna lililo kwenye ukurasa wa umma; mwenye namba ya "
             "kumbukumbu huona hali ya ripoti tu."),
    ),
    Kept(
        "contacts",
        (),
        Text("Contacts in the map: {fields}.", "Mawasiliano yaliyo kwenye ramani: {fields}."),
        Text("To reach the office, or whoever reported a fault by telephone.",
             "Kufikia ofisi, au aliyeripoti hitilafu kwa simu."),
        Text("Until it is replaced or erased; older versions keep it until it is erased there, "
             "too.",
             "Hadi ibadilishwe au ifutwe; matoleo ya zamani huiweka hadi ifutwe huko pia."),
        Text("Staff with a key; never the public.", "Wafanyakazi wenye ufunguo; kamwe si umma."),
    ),
    Kept(
        "staff",
        ("people.name", "people.contact", "api_keys.client"),
        Text("Name and contact of staff, and what they call their devices.",
             "Jina na mawasiliano ya mfanyakazi, na majina ya vifaa vyake."),
        Text("To give each person a key of their own, and to know who did what.",
             "Kumpa kila mtu ufunguo wake, na kujua nani alifanya nini."),
        Text("Until the person is erased, when they no longer work with the map.",
             "Hadi mtu afutwe, anapoacha kufanya kazi na ramani."),
        STAFF,
    ),
    Kept(
        "doings",
        ("acts.person_id", "acts.subject_id", "operations.device"),
        Text("What staff did and when: changes of the map, field work, logins, keys, files taken "
             "away. It carries an id without meaning, no name.",
             "Wafanyakazi walichofanya na lini: mabadiliko ya ramani, kazi za nyanjani, kuingia, "
             "funguo, faili zilizochukuliwa. Ina kitambulisho kisicho na maana, si jina."),
        Text("So that every change of a public record can be explained, and undone.",
             "Ili kila badiliko la kumbukumbu za umma lielezeke, na liweze kutenduliwa."),
        Text("For good. Once the person is erased the id names nobody.",
             "Daima. Mtu akifutwa, kitambulisho hakimtaji mtu."),
        Text("Planners see the ids, admins the names.",
             "Wapangaji huona vitambulisho, wasimamizi huona majina."),
    ),
    Kept(
        "sessions",
        ("sessions.token_sha256", "api_keys.secret_sha256", "api_keys.last_used_at"),
        Text("For staff who are logged in: a cookie, and when a key was last used. Readers without "
             "a key get no cookie but for the log-in form, and nothing counts their visits.",
             "Kwa mfanyakazi aliyeingia: kuki, na ufunguo ulitumika lini mwisho. Msomaji asiye na "
             "ufunguo hapewi kuki ila kwa fomu ya kuingia, na ziara zake hazihesabiwi."),
        Text("To know whose requests these are.", "Kujua maombi ni ya nani."),
        Text("A session ends after {session_hours} hours.",
             "Kipindi huisha baada ya saa {session_hours}."),
        STAFF,
    ),
    Kept(
        "photos",
        ("attachments.content", "attachments.title", "attachments.person_id"),
        Text("Photos of equipment. What a camera writes into a photo (place, device, time) is "
             "removed as it comes in.",
             "Picha za vifaa. Yale kamera huandika ndani ya picha (mahali, kifaa, saa) huondolewa "
             "inapopokelewa."),
        Text("To show what stands where.", "Kuonyesha kilichopo na kilipo."),
        Text("As long as the record that they belong to.", "Muda wote wa kumbukumbu husika."),
        Text("Staff with a key; never the public.", "Wafanyakazi wenye ufunguo; kamwe si umma."),
    ),
    Kept(
        "addresses",
        (),
        Text("The network address of whoever asks, in memory only. The service's own log holds "
             "none; a proxy before it may keep a log of its own.",
             "Anwani ya mtandao ya anayeuliza, kwenye kumbukumbu ya muda tu. Kumbukumbu za huduma "
             "hazina anwani; proksi iliyo mbele inaweza kuwa na kumbukumbu zake."),
        Text("To keep one reader from crowding out the others.",
             "Kuzuia msomaji mmoja asiwazuie wengine."),
        Text("A minute; for fault reports an hour.", "Dakika moja; kwa ripoti za hitilafu, saa."),
        Text("Nobody.", "Hakuna."),
    ),
    Kept(
        "backups",
        (),
        Text("Copies of all of this.", "Nakala za haya yote."),
        Text("So that the map survives a fire or a broken disk.",
             "Ili ramani isipotee kwa moto au diski kuharibika."),
        Text("Backups are kept as: {backup_keep}. What is erased stays in older ones until those "
             "are taken away; when one is put back, it is erased again.",
             "Nakala huhifadhiwa hivi: {backup_keep}. Kilichofutwa hubaki katika nakala za zamani "
             "hadi ziondolewe; nakala ikirudishwa, hufutwa tena."),
        Text("Who runs the machine.", "Anayeendesha mashine."),
    ),
)
