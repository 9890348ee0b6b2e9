"""How long a segment over very many contacts takes to count: through the function that the builder and the campaign's page call.

`make bench-segment ROWS=1000000 DB=sqlite|postgresql`. The last line is JSON with milliseconds, the best and the middle of five, for each segment.
"""

import json
import os
import statistics
import time
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, text

from app.accounts.models import Organisation, OrganisationKind
from app.audience import mailable, segments
from app.audience.models import Consent, Contact, ContactList, Deed, Engagement, ListMember
from app.audience.people import People
from app.audience.rules import About, Condition, Group, How, Join, Rules
from app.clock import now
from app.db import db, is_sqlite
from bench.place import place

REGIONS = ("Zuid-Holland", "Noord-Holland", "Utrecht", "Gelderland", "Bayern", "Hessen", "Wallonie", "Vlaanderen", "", "Noord-Brabant")  # fmt: skip
LANGUAGES = ("nl", "nl", "nl", "de", "de", "fr", "en", "")
TITLES = ("office manager", "head of IT", "owner", "IT manager", "")
CHUNK = 10_000
TURNS = 5


def fill(partner: Organisation, rows: int) -> None:
    """A partner's contacts: nine in ten agreed, one in eight got a mail lately, one in twelve clicked, a fifth is in a list."""
    draw, moment = Random(5), now()
    a_list = ContactList(partner_id=partner.id, name="Customers")
    db.session.add(a_list)
    db.session.flush()
    for start in range(0, rows, CHUNK):
        ids = range(start + 1, min(start + CHUNK, rows) + 1)
        db.session.execute(insert(Contact), [_contact(draw, partner.id, each) for each in ids])
        yeses = [_yes(draw, partner.id, each, moment.date()) for each in ids if draw.random() < 0.9]
        db.session.execute(insert(Consent), yeses)
        members = [
            {"list_id": a_list.id, "contact_id": each, "partner_id": partner.id}
            for each in ids
            if each % 5 == 0
        ]
        db.session.execute(insert(ListMember), members)
        facts = [fact for each in ids for fact in _facts(draw, partner.id, each, moment)]
        db.session.execute(insert(Engagement), facts)
        db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if is_sqlite() else "VACUUM ANALYZE"))


def _contact(draw: Random, partner_id: int, each: int) -> dict[str, Any]:
    return {
        "id": each,
        "pid": f"p{each}",
        "partner_id": partner_id,
        "email": f"person{each}@company{each % 5_000}.example",
        "address_hash": f"{each:043}",
        "first_name": "Sanne",
        "last_name": f"Willems {each % 997}",
        "company": f"Company {each % 5_000}",
        "job_title": draw.choice(TITLES),
        "language": draw.choice(LANGUAGES),
        "region": draw.choice(REGIONS),
        "country": "NL",
        "fields": {"Seats": draw.randrange(500), "Tier": draw.choice(("gold", "silver"))},
        "created_at": now() - timedelta(days=draw.randrange(900)),
    }


def _yes(draw: Random, partner_id: int, each: int, today: Any) -> dict[str, Any]:
    given = today - timedelta(days=draw.randrange(700))
    return {
        "partner_id": partner_id, "contact_id": each, "purpose": "marketing", "basis": "customer", "source": "Maritime IT Day",
        "controller": "Harbour IT", "method": "import", "given_on": given, "expires_on": given + timedelta(days=730),
    }  # fmt: skip


def _facts(draw: Random, partner_id: int, each: int, moment: Any) -> list[dict[str, Any]]:
    found = []
    for deed, share in ((Deed.SENT, 0.6), (Deed.OPENED, 0.2), (Deed.CLICKED, 0.12), (Deed.SUBMITTED, 0.01)):
        if draw.random() < share:
            at = moment - timedelta(days=draw.randrange(400))
            fact = {"contact_id": each, "partner_id": partner_id, "deed": deed, "times": 1, "last_at": at}
            found += [{**fact, "campaign_id": campaign} for campaign in (0, 1 + each % 3)]
    return found


def typical(list_id: int) -> dict[str, Rules]:
    """What people ask for."""

    def rules(*found: Condition, none: tuple[Condition, ...] = ()) -> Rules:
        return Rules((Group(found), Group(none, Join.NONE)))

    dutch = Condition(About.LANGUAGE, How.IS, "nl")
    south = Condition(About.REGION, How.IS, "Zuid-Holland")
    agreed = Condition(About.MARKETING, How.YES)
    clicked = Condition(About.CLICKED, How.WITHIN, 90.0)
    customers = Condition(About.LIST, How.IN, (str(list_id),))
    return {
        "region, language, consent, clicked in 90 days, not in the list": rules(
            dutch, south, agreed, clicked, none=(customers,)
        ),
        "region and language": rules(dutch, south),
        "region, language, consent": rules(dutch, south, agreed),
        "clicked in 90 days": rules(clicked),
        "one campaign sent, not clicked in it": rules(
            Condition(About.SENT, How.EVER, campaign=1), Condition(About.CLICKED, How.NEVER, campaign=1)
        ),
        "in the list, not mailed for 30 days": rules(customers, Condition(About.SENT, How.NOT_WITHIN, 30.0)),
        "job title contains manager": rules(Condition(About.JOB_TITLE, How.CONTAINS, "manager")),
        "everybody who agreed": rules(agreed),
        "own number field over 400": rules(Condition(About.FIELD, How.MORE, 400.0, "Seats", "number")),
        "language, own number field over 400": rules(
            dutch, south, Condition(About.FIELD, How.MORE, 400.0, "Seats", "number")
        ),
    }


def timed(call: Any) -> tuple[float, float, int]:
    """The best and the middle of some turns in ms, and what came out."""
    took, found = [], 0
    for _ in range(TURNS):
        start = time.perf_counter()
        found = call()
        took.append((time.perf_counter() - start) * 1_000)
        db.session.rollback()
    return min(took), statistics.median(took), found


def main() -> None:
    """Fill a database of its own, count, say what it took."""
    rows, kind = int(os.environ.get("ROWS") or 1_000_000), os.environ.get("DB") or "sqlite"
    with place(kind) as here, here.app.app_context():
        partner = Organisation(kind=OrganisationKind.PARTNER, name="Harbour IT", slug="harbour")
        db.session.add(partner)
        db.session.commit()
        start = time.perf_counter()
        fill(partner, rows)
        print(f"{rows:,} contacts written in {time.perf_counter() - start:.0f} s, {kind}", flush=True)
        print(json.dumps(measure(partner, rows, kind)))


def measure(partner: Organisation, rows: int, kind: str) -> dict[str, Any]:
    """Each segment's count, and the first one's verdicts."""
    asked = typical(1)
    found: dict[str, Any] = {}
    for name, rules in asked.items():
        best, middle, people = timed(lambda rules=rules: segments.count(partner, rules))
        print(f"{best:8.0f} ms best {middle:8.0f} ms middle {people:10,} people   {name}")
        found[name] = {"best_ms": round(best), "ms": round(middle), "people": people}
    first = People(rules=next(iter(asked.values())))
    best, middle, people = timed(lambda: mailable.count(partner, None, first).mailable)
    print(f"{best:8.0f} ms best {middle:8.0f} ms middle {people:10,} people   who of the first may be mailed")
    mail = {"best_ms": round(best), "ms": round(middle), "people": people}
    return {"rows": rows, "db": kind, "segments": found, "verdicts_of_the_first": mail}


if __name__ == "__main__":
    main()
