"""Citizens' reports: taken in from anybody, told to nobody, made faults by planners."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from gis_service.bootstrap import FORMS
from gis_service.model.audience import Audience
from gis_service.model.citizen_reports import ReportRejected, TooManyReports, checked
from gis_service.model.reference_numbers import grouped, new_reference, read_reference
from gis_service.services.form_times import FormTimes, FormTooFast, FormTooOld
from gis_service.services.worker import Worker
from gis_service.settings import Settings
from gis_service.store.citizen_reports import overdue_contacts
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from gis_service.web.open311_xml import xml
from gis_service.web.quota import Quota
from tests.conftest import Databases, client_of, new_key

CONTACT = "0712 000 111 zzcontact"
WORDS = "A cable hangs over the road zzwords"
HERE = {"lon": "34.77", "lat": "-0.68"}


def test_every_wrong_digit_and_every_swap_is_found() -> None:
    for _ in range(50):
        number = new_reference()
        assert read_reference(grouped(number)) == number
        for at, digit in enumerate(number):
            for other in "0123456789":
                wrong = number[:at] + other + number[at + 1:]
                assert (read_reference(wrong) is None) == (other != digit)
        for at in range(len(number) - 1):
            swapped = number[:at] + number[at + 1] + number[at] + number[at + 2:]
            assert swapped == number or read_reference(swapped) is None


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, {"kind", "description", "place"}),
        ({"description": "see https://x.example"}, {"description"}),
        ({"description": "see www.x.example"}, {"description"}),
        ({"description": "<a href=x>good</a>"}, {"description"}),
        ({"description": "x" * 1001}, {"description"}),
        ({"description": "abc\u202edef"}, {"description"}),
        ({"contact": "y" * 121}, {"contact"}),
        ({"kind": "murder"}, {"kind"}),
        ({"place": " ", "lon": "34", "lat": "east"}, {"position", "place"}),
        ({"lon": "nan", "lat": "0"}, {"position"}),
        ({"lon": "34.7", "lat": ""}, {"position"}),
    ],
)
def test_a_report_that_breaks_rules_is_told_all_of_them(
    given: dict[str, str], faults: set[str]
) -> None:
    whole = {"kind": "cable", "description": WORDS, "place": "market"} if given else {}
    with pytest.raises(ReportRejected) as caught:
        checked(whole | given, language="en")
    assert set(caught.value.faults) == faults


def test_a_form_is_taken_after_seconds_and_for_a_day() -> None:
    now = [1_000_000.0]
    forms = FormTimes("secret", clock=lambda: now[0])
    token = forms.token()
    with pytest.raises(FormTooFast):
        forms.check(token)
    now[0] += 4
    forms.check(token)
    for forged in ("", "x", "1000000.", f"999{token}", token[:-1], "9" * 400 + ".x", "é.é"):
        with pytest.raises(FormTooOld):
            forms.check(forged)
    with pytest.raises(FormTooOld):
        FormTimes("another", clock=lambda: now[0]).check(token)
    now[0] += 25 * 3600
    with pytest.raises(FormTooOld):
        forms.check(token)


def test_an_address_sends_so_many_within_an_hour() -> None:
    now = [0.0]
    quota = Quota(2, clock=lambda: now[0])
    quota.take("a")
    quota.take("a")
    quota.take("b")
    with pytest.raises(TooManyReports) as caught:
        quota.take("a")
    assert caught.value.retry_after_s == 3600
    now[0] = 3600.5
    quota.take("a")


@dataclass
class World:
    """An application on the sample data, and who asks it."""

    public: TestClient
    database: Database
    forms: FormTimes
    new_forms: FormTimes
    key: str

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.database.begin() as connection:
            return list(connection.execute(text(query), values).all())

    def form(self, **given: str) -> dict[str, str]:
        whole = {"kind": "cable", "description": WORDS, "place": "behind the market"}
        return whole | {"form_token": self.forms.token()} | given

    def send(self, **given: str) -> str:
        answer = self.public.post("/report", data=self.form(**given))
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].split("/report/")[1].split("?")[0]

    def staff(self, method: str, path: str, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {self.key}", "accept": "text/html"}
        return self.public.request(method, path, headers=headers, **options)

    def accept(self, reference: str, **given: str) -> Any:
        path = f"/reports/{reference}/accept"
        return self.staff("POST", path, data={"summary": "", **given})

    def followed(self, reference: str) -> str:
        answer = self.public.get(f"/report/{reference}", headers={"accept": "text/html"})
        assert answer.status_code == 200
        found = re.search(r'class="state is-(\w+)"', answer.text)
        assert found is not None
        return found[1]


@pytest.fixture(scope="module")
def world(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[World]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    secret = Secrets(settings.home / "secrets.json").password(FORMS)
    forms = FormTimes(secret, clock=lambda: time.time() - 10)
    asked = settings.model_copy(update={"reports_per_hour": 40})
    with client_of(addresses, asked) as client:
        yield World(client, database, forms, FormTimes(secret), new_key(database))
    databases.drop(database)


ACTS = ("SELECT kind, person_id IS NOT NULL, details FROM history.acts "
        "WHERE details->>'report' = :r")


def public_versions(world: World) -> list[Any]:
    return world.rows("SELECT collection, version FROM published.collection_versions ORDER BY 1")


def test_a_report_waits_apart_until_a_planner_makes_it_a_fault(world: World) -> None:
    before, faults = public_versions(world), world.rows("SELECT count(*) FROM gis.faults")
    reference = world.send(contact=CONTACT, **HERE, accuracy_m="20")
    assert world.followed(reference) == "received"
    assert public_versions(world) == before
    assert world.rows("SELECT count(*) FROM gis.faults") == faults

    page = world.staff("GET", f"/reports/{reference}")
    assert WORDS in page.text
    assert CONTACT in page.text
    assert "Kitutu Central" in page.text  # the ward of that place, found out
    target = re.search(r'value="(offices/[^"]+)"', page.text)
    assert target is not None
    answer = world.accept(reference, target=target[1], summary="Cable low")
    assert answer.status_code == 303, answer.text
    assert world.followed(reference) == "accepted"
    ((fault, *told),) = world.rows(
        "SELECT f.id, f.summary, f.source, f.cuts, f.visibility, f.uncertainty_m, f.reporter, "
        "f.office::text = :office FROM gis.faults f JOIN internal.reports r "
        "ON r.fault_id = f.id WHERE r.reference = :reference",
        office=target[1].split("/")[1], reference=reference,
    )
    assert told == ["Cable low", "citizen", False, "staff", 20.0, grouped(reference), True]
    assert public_versions(world) == before
    kept = world.rows("SELECT count(*) FROM history.faults t WHERE t::text LIKE '%zzcontact%'")
    assert kept == [(0,)]

    again = world.accept(reference)
    assert again.status_code == 409
    assert world.staff("POST", f"/reports/{reference}/mended").status_code == 303
    assert world.followed(reference) == "mended"
    assert world.rows("SELECT cleared_at IS NOT NULL FROM gis.faults WHERE id = :id", id=fault) == [
        (True,)
    ]


def test_a_fault_that_is_cleared_anywhere_mends_all_its_reports(world: World) -> None:
    first, second = world.send(place="at the mast"), world.send(place="near the mast")
    before = public_versions(world)
    answer = world.accept(first, public="yes", summary="Mast down")
    assert answer.status_code == 303, answer.text
    ((fault,),) = world.rows(
        "SELECT fault_id::text FROM internal.reports WHERE reference = :r", r=first
    )
    assert public_versions(world) != before  # this one the public may know
    assert world.accept(second, target=f"faults/{fault}").status_code == 303
    assert world.rows(ACTS, r=first) == []  # the fault that was made tells it
    assert world.rows(ACTS, r=second) == [
        ("report-joined", True, {"report": second, "fault": fault})
    ]
    item = f"/collections/faults/items/{fault}"
    for cleared, state in (("2026-03-01T10:00:00Z", "mended"), (None, "accepted")):
        answer = world.public.patch(
            item, json={"properties": {"cleared_at": cleared}},
            headers={"authorization": f"Bearer {world.key}",
                     "content-type": "application/merge-patch+json"},
        )
        assert answer.status_code == 204, answer.text
        assert [world.followed(first), world.followed(second)] == [state, state]


def test_a_refused_report_tells_why(world: World) -> None:
    reference = world.send(place="somewhere else")
    path = f"/reports/{reference}/refuse"
    assert world.staff("POST", path, data={"answer": " "}).status_code == 400
    assert world.staff("POST", path, data={"answer": "It is not ours."}).status_code == 303
    page = world.public.get(f"/report/{reference}", headers={"accept": "text/html"})
    assert "It is not ours." in page.text
    assert world.followed(reference) == "refused"
    assert world.rows(ACTS, r=reference) == [
        ("report-refused", True, {"report": reference})  # once, and nothing that anybody wrote
    ]


def test_a_report_of_a_ward_alone_is_placed_in_it(world: World) -> None:
    ((ward,),) = world.rows("SELECT code FROM published.wards ORDER BY code LIMIT 1")
    reference = world.send(place="", ward=ward)
    assert world.accept(reference).status_code == 303
    ((found, uncertainty),) = world.rows(
        "SELECT ward, uncertainty_m FROM gis.faults WHERE reporter = :r", r=grouped(reference)
    )
    assert found == ward
    assert 500 < uncertainty < 20_000


def test_the_same_report_twice_has_one_number(world: World) -> None:
    first = world.send(place="twice")
    assert world.send(place="twice") == first
    assert world.send(place="twice", contact="someone else") != first


def test_programs_are_refused_and_people_lose_nothing(world: World) -> None:
    def refused(expected: str, status: int = 400, **given: str) -> None:
        answer = world.public.post("/report", data=world.form(**given))
        assert answer.status_code == status
        assert expected in answer.text
        assert WORDS in answer.text  # what was written is still there

    refused("must stay empty", homepage="x")
    refused("very fast", form_token=world.new_forms.token())
    refused("open too long", form_token="x")
    refused("no such ward", ward="nowhere", place="")
    refused("too far", lon="36.8", lat="-1.28")
    answer = world.public.post(
        "/report", data=world.form(), headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_the_number_of_nothing_tells_so(world: World) -> None:
    unknown = new_reference()
    for number, words in ((unknown, "There is no report"), ("123456789", "not a reference number")):
        answer = world.public.get(f"/report/{number}", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert words in answer.text
    asked = world.public.get("/report", params={"reference": grouped(unknown)})
    assert asked.headers["location"] == f"/report/{unknown}"


def test_only_planners_settle(world: World) -> None:
    reference = world.send(place="for planners")
    technician = new_key(world.database, Audience.TECHNICIAN)
    doors = [("GET", "/reports"), ("GET", f"/reports/{reference}"),
             *(("POST", f"/reports/{reference}/{act}")
               for act in ("accept", "refuse", "mended", "forget"))]
    for headers, status in (({}, 401), ({"authorization": f"Bearer {technician}"}, 403)):
        for method, path in doors:
            data = {"answer": "x"} if method == "POST" else None
            answer = world.public.request(method, path, headers=headers, data=data)
            assert answer.status_code == status, (method, path)
    assert world.followed(reference) == "received"


def test_the_login_that_takes_reports_in_reads_none(world: World, databases: Databases) -> None:
    name = str(world.database.url.database)
    login = Database.at(databases.cluster.url(name, role_name(name, Login.REPORTER)))
    for query in (
        "SELECT contact FROM internal.reports", "SELECT description FROM internal.reports",
        "SELECT lon, lat FROM internal.reports", "UPDATE internal.reports SET answer = 'x'",
        "DELETE FROM internal.reports", "SELECT * FROM gis.faults",
        "SELECT * FROM published.faults",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), login.begin() as one:
            one.exec_driver_sql(query)
    login.engine.dispose()


def test_open311_has_xml_beside_json(world: World) -> None:
    """GeoReport v2 asks for both: the same members, as elements of its names."""
    def asked(path: str) -> ElementTree.Element:
        answer = world.public.get(f"/open311/v2/{path}.xml")
        assert answer.headers["content-type"] == "application/xml"
        return ElementTree.fromstring(answer.content)

    services = asked("services")
    told = world.public.get("/open311/v2/services.json").json()
    assert (services.tag, {each.tag for each in services}) == ("services", {"service"})
    assert [each.findtext("service_code") for each in services] == [
        each["service_code"] for each in told]
    assert {each.findtext("metadata") for each in services} == {"false"}
    assert asked("services/wifi").findtext("service_code") == "wifi"
    errors = asked("services/none")
    assert (errors.tag, errors[0].findtext("code")) == ("errors", "404")
    sent = world.public.post("/open311/v2/requests.xml", data={
        "service_code": "wifi", "description": WORDS, "lat": "-0.68", "long": "34.77"})
    assert sent.status_code == 201, sent.text
    number = ElementTree.fromstring(sent.content).findtext("request/service_request_id")
    assert sent.headers["location"].endswith(f"/open311/v2/requests/{number}.xml")
    refused = world.public.post("/open311/v2/requests.xml", data={"service_code": "wifi"})
    assert refused.status_code == 400
    assert ElementTree.fromstring(refused.content).tag == "errors"
    odd = xml("a", "b", [{"text": "1 < 2 & \x00\x1b", "list": ["x", "y"], "no": None}])
    assert {e.tag: e.text for e in ElementTree.fromstring(odd)[0]} == {
        "text": "1 < 2 & ", "list": "x, y", "no": None}


def test_open311_there_and_back(world: World) -> None:
    services = world.public.get("/open311/v2/services.json").json()
    assert {each["service_code"] for each in services} >= {"cable", "wifi"}
    assert world.public.get("/open311/v2/services/wifi.json").json()["service_code"] == "wifi"
    sent = world.public.post("/open311/v2/requests.json", data={
        "service_code": "wifi", "description": WORDS, "lat": "-0.68", "long": "34.77",
        "first_name": "Zz", "last_name": "Contact", "phone": CONTACT,
    })
    assert sent.status_code == 201, sent.text
    number = sent.json()[0]["service_request_id"]
    assert world.rows("SELECT contact FROM internal.reports WHERE reference = :r", r=number) == [
        (f"Zz Contact, {CONTACT}",)
    ]
    (found,) = world.public.get(f"/open311/v2/requests/{number}.json").json()
    assert found["status"] == "open"
    assert set(found) == {
        "service_request_id", "status", "status_notes", "service_name", "service_code",
        "requested_datetime", "updated_datetime",
    }
    as_xml = ElementTree.fromstring(
        world.public.get(f"/open311/v2/requests/{number}.xml").content)
    assert as_xml.tag == "service_requests"
    assert {each.tag: each.text for each in as_xml[0]} == found
    requests = "/open311/v2/requests.json"
    assert number not in world.public.get(requests).text  # nobody has accepted it
    assert world.public.get(requests, params={"service_request_id": number}).json() == [found]
    assert world.accept(number).status_code == 303
    listed = world.public.get(
        requests, params={"status": "open", "service_code": "wifi", "start_date": "2020-01-01"}
    ).json()
    assert number in {each["service_request_id"] for each in listed}
    for method, path, given, status in (
        ("GET", "/open311/v2/requests/123456789.json", {}, 400),
        ("GET", "/open311/v2/services/none.json", {}, 404),
        ("GET", requests, {"status": "half"}, 400),
        ("POST", requests, {"service_code": "wifi"}, 400),
        ("POST", requests, {"service_code": "wifi", "media_url": "http://x"}, 400),
    ):
        named = {"params": given} if method == "GET" else {"data": given}
        answer = world.public.request(method, path, **named)  # type: ignore[arg-type]
        assert answer.status_code == status, path
        assert answer.json()[0]["code"] == status
        assert answer.json()[0]["description"]


def test_nothing_of_a_report_is_in_a_public_answer(world: World) -> None:
    """Accepted, joined, mended and refused ones are there by now."""
    references = [row[0] for row in world.rows("SELECT reference FROM internal.reports")]
    assert len(references) > 6
    paths = [
        *(f"/report/{each}" for each in references),
        *(f"/open311/v2/requests/{each}.json" for each in references),
        "/open311/v2/requests.json", "/report", "/collections/faults/items?limit=1000",
        "/search?q=hangs", "/",
    ]
    for path in paths:
        body = world.public.get(path).text
        for secret in ("zzcontact", "zzwords", "at the mast", "Cable low", "Mast down"):
            assert secret not in body, path


def test_a_contact_goes_when_it_is_asked_for_and_when_it_is_old(
    world: World, databases: Databases, settings: Settings
) -> None:
    now_gone, old, young = (
        world.send(place=place, contact=CONTACT) for place in ("gone", "old", "young")
    )
    for each in (now_gone, old):
        world.staff("POST", f"/reports/{each}/refuse", data={"answer": "No."})
    with world.database.begin() as connection:
        connection.execute(
            text("UPDATE internal.reports SET refused_at = now() - interval '31 days' "
                 "WHERE reference = :old"), {"old": old},
        )
    assert world.staff("POST", f"/reports/{now_gone}/forget").status_code == 303
    world.staff("POST", f"/reports/{young}/refuse", data={"answer": "No."})
    addresses = databases.with_logins(world.database)
    with world.database.begin() as connection:
        assert connection.scalar(overdue_contacts(settings.report_contact_days + 1)) == 0
        assert connection.scalar(overdue_contacts(settings.report_contact_days)) == 1
    Worker(settings, addresses.logins).sweep()
    with world.database.begin() as connection:
        assert connection.scalar(overdue_contacts(settings.report_contact_days)) == 0
    kept = dict(world.rows(
        "SELECT reference, contact FROM internal.reports WHERE reference = ANY(:some)",
        some=[now_gone, old, young],
    ))
    assert kept == {now_gone: None, old: None, young: CONTACT}
    assert all(UUID(str(row[0])) for row in world.rows(
        "SELECT settled_by FROM internal.reports WHERE refused_at IS NOT NULL"))


def test_one_address_cannot_flood(
    world: World, databases: Databases, settings: Settings
) -> None:
    addresses = databases.with_logins(world.database)
    asked = settings.model_copy(update={"reports_per_hour": 2})
    with client_of(addresses, asked) as client:
        for place, status in (("one", 303), ("two", 303), ("three", 429)):
            answer = client.post("/report", data=world.form(place=place))
            assert answer.status_code == status
        assert int(answer.headers["retry-after"]) > 3000
        assert WORDS in answer.text
        sent = client.post("/open311/v2/requests.json", data={
            "service_code": "other", "description": WORDS, "address_string": "four"})
        assert sent.status_code == 429
