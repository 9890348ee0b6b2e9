"""The page: a domain is named, looked up, changed and taken out; who may, and what is said when it can't be."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts.models import AuditEntry
from app.db import db
from app.delivery.models import SendStatus
from app.domains import keys, manage
from app.domains.models import DkimKey, DomainStatus, SenderDomain
from tests.delivery import made
from tests.domains.zone import NAME, lieve, looked_up, maya, named, publish, records, verified
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer

People = Callable[..., FlaskClient]
PAGE = "/sender-domain"


def test_from_a_name_to_a_domain_in_use(cast: Cast, dns: NameServer, as_person: People) -> None:
    client = as_person(cast.maya)
    assert "Use your own domain" in client.get("/brand").text
    assert "campaigns@throughline.example" in client.get(PAGE).text
    assert client.post(PAGE, data={"name": NAME}).status_code == 303
    page = client.get(PAGE).text
    domain = manage.of(cast.harbour)
    assert domain is not None
    for record in records(domain).values():
        assert record.value in page
        assert f"<code>{record.host}</code>" in page
    assert "<b>3 of 3 records</b> are missing" in " ".join(page.split())
    publish(dns, domain)
    assert client.post(f"{PAGE}/check").status_code == 303
    page = client.get(PAGE).text
    assert "In use" in page
    assert f"Campaigns you launch come from <b>hello@{NAME}</b>" in page
    assert NAME in client.get("/brand").text


@pytest.mark.parametrize("name", ["gmail.com", "", "x" * 300, "co.uk", "<script>alert(1)</script>"])
def test_a_name_that_can_t_be_is_answered_with_the_reason(cast: Cast, as_person: People, name: str) -> None:
    response = as_person(cast.maya).post(PAGE, data={"name": name})
    assert response.status_code == 422
    assert "1 thing to mend" in " ".join(response.text.split())
    assert "<script>alert" not in response.text
    assert db.session.query(SenderDomain).count() == 0


def test_a_second_domain_waits_until_the_first_is_taken_out(cast: Cast, as_person: People) -> None:
    named(maya(cast))
    client = as_person(cast.maya)
    client.post(PAGE, data={"name": "other.harbour-it.example"})
    assert "There is a sender domain already" in client.get(PAGE).text
    assert db.session.query(SenderDomain).count() == 1
    client.post(f"{PAGE}/remove")
    assert (db.session.query(SenderDomain).count(), db.session.query(DkimKey).count()) == (0, 0)


def test_it_is_not_taken_out_while_something_is_sent_from_it(
    cast: Cast, dns: NameServer, as_person: People
) -> None:
    verified(dns, maya(cast))
    send = made.send(cast, ["p0"])
    send.sender_domain = NAME
    db.session.commit()
    client = as_person(cast.maya)
    assert "it can be taken out after that" in client.get(PAGE).text
    client.post(f"{PAGE}/remove")
    assert "is still being sent from this domain" in client.get(PAGE).text
    assert manage.of(cast.harbour) is not None
    send.status = SendStatus.CANCELLED
    db.session.commit()
    client.post(f"{PAGE}/remove")
    assert db.session.query(SenderDomain).count() == 0


def test_a_new_key_stands_beside_the_old_one(cast: Cast, dns: NameServer, as_person: People) -> None:
    domain = verified(dns, maya(cast))
    client = as_person(cast.maya)
    client.post(f"{PAGE}/key")
    page = client.get(PAGE).text
    assert "A new key waits for its record" in page
    assert records(domain)["dkim"].value in page
    assert records(domain)["dkim-new"].value in page
    client.post(f"{PAGE}/key")
    assert "A key waits for its record already" in client.get(PAGE).text
    assert db.session.query(DkimKey).count() == 2


@pytest.mark.parametrize(("typed", "status"), [("news", 303), ("a b", 422), ("", 422)])
def test_the_address_is_chosen(cast: Cast, as_person: People, typed: str, status: int) -> None:
    domain = named(maya(cast))
    assert as_person(cast.maya).post(f"{PAGE}/address", data={"local_part": typed}).status_code == status
    db.session.refresh(domain)
    assert domain.local_part == ("news" if status == 303 else "hello")


def test_only_an_administrator_changes_it_and_everybody_sees_it(cast: Cast, as_person: People) -> None:
    domain = named(maya(cast))
    client = as_person(cast.jonas)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Check now" not in page.text
    for path in ("", "/check", "/address", "/key", "/remove"):
        assert client.post(PAGE + path, data={"name": "a.example"}).status_code == 403
    db.session.refresh(domain)
    assert as_person(cast.vera).get(PAGE).status_code == 404


def test_each_partner_sees_its_own(cast: Cast, as_person: People) -> None:
    named(maya(cast))
    named(lieve(cast), "news.leuvelink.example")
    assert "leuvelink" not in as_person(cast.maya).get(PAGE).text.lower()


def test_without_a_domain_its_buttons_say_so(cast: Cast, as_person: People) -> None:
    client = as_person(cast.maya)
    for path in ("/check", "/key", "/remove", "/address"):
        assert client.post(PAGE + path, data={"local_part": "x"}).status_code < 500


def test_a_missing_record_is_said_on_the_page_the_brand_and_at_home(
    cast: Cast, dns: NameServer, as_person: People
) -> None:
    domain = verified(dns, maya(cast))
    dns.txt(records(domain)["dkim"].name)
    assert looked_up(domain).status is DomainStatus.FAILING
    client = as_person(cast.maya)
    assert "Mail is still sent from this domain until" in client.get(PAGE).text
    assert "Record missing" in client.get("/brand").text
    assert f"Put the records of {NAME} back" in client.get("/").text


def test_what_was_done_stands_in_the_log(cast: Cast, dns: NameServer, as_person: People) -> None:
    verified(dns, maya(cast))
    client = as_person(cast.maya)
    client.post(f"{PAGE}/key")
    client.post(f"{PAGE}/address", data={"local_part": "news"})
    client.post(f"{PAGE}/remove")
    actions = {row.action for row in db.session.query(AuditEntry)}
    wanted = {"named", "verified", "key_made", "address_chosen", "removed"}
    assert {f"sender_domain.{name}" for name in wanted} <= actions
    assert client.get("/settings/log").status_code == 200


def test_a_locked_key_is_said_with_its_mend(cast: Cast, dns: NameServer, as_person: People) -> None:
    domain = verified(dns, maya(cast))
    used, _ = keys.of(domain)
    assert used is not None
    used.sealed = None
    db.session.commit()
    client = as_person(cast.maya)
    assert "can’t be opened any more" in client.get(PAGE).text
    client.post(f"{PAGE}/key")
    publish(dns, domain, "dkim-new")
    looked_up(domain)
    db.session.expire_all()
    assert "can’t be opened" not in client.get(PAGE).text
