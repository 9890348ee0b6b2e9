"""Seed addresses: asked first, used only after a yes, and a no is never forgotten."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience.models import SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns import seeds
from app.campaigns.records import Seed
from app.clock import now
from app.db import db
from app.errors import Conflict, Invalid, Refused, TooMany
from app.mail.models import OutgoingMail
from tests.campaigns.made import maya
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def questions() -> list[OutgoingMail]:
    return list(db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == "seed_question")))


def link() -> str:
    found = re.search(r"http://127\.0\.0\.1:8000/seed/\S+", questions()[-1].text)
    assert found
    return found.group()


def test_an_address_is_asked_and_used_after_its_yes_alone(
    cast: Cast, as_person: Browser, client: FlaskClient
) -> None:
    browser = as_person(cast.maya)
    assert browser.post("/seeds", data={"address": "Femke@Seeds.example", "name": "Femke"}).status_code == 303
    assert [(q.recipient, "Maya" in q.text) for q in questions()] == [("femke@seeds.example", True)]
    assert seeds.usable(cast.harbour) == []
    assert "No answer yet" in browser.get("/seeds").get_data(as_text=True)
    for asked in (client.get, client.head):  # what a scanner does
        assert asked(link()).status_code == 200
    assert seeds.usable(cast.harbour) == []
    assert "can’t ask" not in client.post(link() + "/yes").get_data(as_text=True)
    assert [seed.address for seed in seeds.usable(cast.harbour)] == ["femke@seeds.example"]
    assert "Said yes" in browser.get("/seeds").get_data(as_text=True)


def test_a_no_stays_until_the_same_person_takes_it_back(
    cast: Cast, as_person: Browser, client: FlaskClient
) -> None:
    seed = seeds.ask(maya(cast), "femke@seeds.example")
    db.session.commit()
    client.post(link() + "/no")
    assert seeds.usable(cast.harbour) == []
    browser = as_person(cast.maya)
    again = browser.post("/seeds", data={"address": "femke@seeds.example"})
    assert again.status_code == 422
    assert "has said no" in again.get_data(as_text=True)
    assert browser.post(f"/seeds/{seed.pid}/ask").status_code == 409
    assert browser.post(f"/seeds/{seed.pid}/remove").status_code in (403, 409, 422)
    assert len(questions()) == 1
    client.post(link() + "/yes")
    assert len(seeds.usable(cast.harbour)) == 1


def test_a_forged_an_old_and_a_foreign_link_are_worth_nothing(
    cast: Cast, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = seeds.ask(maya(cast), "femke@seeds.example")
    db.session.commit()
    good = link()
    forged = (
        good[:-9] + ("A" if good[-9] != "A" else "B") + good[-8:]
    )  # the last letter has bits that mean nothing
    assert client.post(forged + "/yes").status_code == 404
    seeds.remove(maya(cast), seed)
    db.session.commit()
    assert client.post(good + "/yes").status_code == 404
    seeds.ask(maya(cast), "other@seeds.example")  # SQLite may give it the id of the one that is gone
    db.session.commit()
    assert client.post(good + "/yes").status_code == 404
    assert seeds.usable(cast.harbour) == []
    monkeypatch.setattr(seeds, "LASTS", -1)
    assert client.get(link()).status_code == 404


@pytest.mark.parametrize(
    ("raw", "words"), [("nobody", "No @"), ("a@b", "ending"), ("a@b.example, c@d.example", "More than one")]
)
def test_what_is_no_address_is_refused_with_its_mend(
    cast: Cast, as_person: Browser, raw: str, words: str
) -> None:
    answer = as_person(cast.maya).post("/seeds", data={"address": raw})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert questions() == []


def test_twenty_are_the_most_and_none_twice(cast: Cast) -> None:
    for number in range(seeds.MOST):
        seeds.ask(maya(cast), f"seed{number}@seeds.example")
    with pytest.raises(Refused, match="20 addresses are the most"):
        seeds.ask(maya(cast), "more@seeds.example")
    with pytest.raises(Conflict):
        seeds.ask(maya(cast), "SEED0@seeds.example")
    with pytest.raises(Invalid):
        seeds.ask(maya(cast), "")


def test_nobody_is_asked_again_and_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = seeds.ask(maya(cast), "femke@seeds.example")
    with pytest.raises(TooMany):
        seeds.ask_again(maya(cast), seed)
    seed.asked_at = now() - timedelta(days=2)
    seeds.ask_again(maya(cast), seed)
    assert len(questions()) == 2
    monkeypatch.setattr(seeds, "A_DAY", 3)
    other = seeds.ask(maya(cast), "other@seeds.example")
    seeds.remove(maya(cast), other)
    with pytest.raises(TooMany, match="within a day"):
        seeds.ask(maya(cast), "third@seeds.example")


def test_who_unsubscribed_from_the_organisation_is_neither_asked_nor_used(cast: Cast) -> None:
    seed = seeds.ask(maya(cast), "femke@seeds.example")
    seeds.say_yes(seed)
    suppress(SuppressionScope.PARTNER, cast.harbour.id, seed.address_hash, SuppressionReason.UNSUBSCRIBE)
    assert seeds.usable(cast.harbour) == []
    suppress(
        SuppressionScope.PARTNER,
        cast.harbour.id,
        address_hash("other@seeds.example"),
        SuppressionReason.COMPLAINT,
    )
    with pytest.raises(Refused, match="said no to mails from you"):
        seeds.ask(maya(cast), "other@seeds.example")
    vera = Actor(cast.vera, cast.northwind, Role.ADMIN)
    seeds.say_yes(seeds.ask(vera, "other@seeds.example"))
    assert len(seeds.usable(cast.northwind)) == 1


def test_a_list_is_its_organisations_own(cast: Cast, as_person: Browser) -> None:
    seed = seeds.ask(maya(cast), "femke@seeds.example")
    db.session.commit()
    for stranger in (cast.lieve, cast.vera):
        browser = as_person(stranger)
        assert "femke@seeds.example" not in browser.get("/seeds").get_data(as_text=True)
        assert browser.post(f"/seeds/{seed.pid}/remove").status_code == 404
    viewer = as_person(cast.noor)
    assert "Ask for a yes" not in viewer.get("/seeds").get_data(as_text=True)
    assert viewer.post("/seeds", data={"address": "x@seeds.example"}).status_code == 403
    assert as_person(cast.maya).post(f"/seeds/{seed.pid}/remove").status_code == 303
    assert list(db.session.scalars(select(Seed))) == []
