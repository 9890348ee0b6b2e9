"""One object of Harbour IT or Northwind Cloud for every route that takes arguments, so that rivals can be sent after it.

A room adds a function that makes the object and gives the route's values, and a line in BY_BLUEPRINT (all its routes) or EXAMPLES (one
route). Where a rival may rightly see it, SEEN_BY names who, and why.
"""

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Invitation, InvitationKind, Membership, Role
from app.assets import brand, manage
from app.assets.brand import BrandInput
from app.assets.upload import File, add_file, add_image
from app.audience import importing, noes_upload, refused
from app.audience.entries import Refusal
from app.audience.models import ContactList, Segment, Topic
from app.audience.rules import About, Condition, Group, How, Rules
from app.campaigns import make, review_comments, seeds, subject_test
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now, today
from app.db import db
from app.delivery.models import DeliveryState, SendStatus
from app.flows import person_erase
from app.flows.person_data import about_contact
from app.kits.format import read_kit
from app.kits.models import Kit, KitVersion
from app.kits.publish import import_version, publish
from app.leads import answer, deals
from app.leads.capture import capture
from app.leads.models import Lead
from app.mdf import ask, claim, decide, give
from app.mdf.models import ActivityType, Claim, Fund, MdfRequest
from app.money import Money
from app.programs.models import PartnershipStatus
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture
from tests.campaigns import reviewing
from tests.rig import story
from tests.rig.cast import Cast

Values = dict[str, Any]
Example = Callable[[Cast], Values]
KIT = Path(__file__).resolve().parents[2] / "examples" / "kits" / "secure-the-hybrid-office"


def vera(cast: Cast) -> Actor:
    return Actor(cast.vera, cast.northwind, Role.ADMIN)


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def _kept(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row


# Brands


def second_brand(cast: Cast) -> Values:
    """A brand beside the default one, saved twice so that a save can be taken back."""
    typed = BrandInput("#15324b", "#b9431a")
    brand.save(maya(cast), typed)
    made = brand.save(maya(cast), typed, brand=brand.make(maya(cast), "Harbour Cloud"))
    db.session.commit()
    return {"pid": made.pid}


# Accounts and programs


def colleague(cast: Cast) -> Values:
    """Jonas's seat at Harbour IT."""
    return {
        "pid": db.session.scalars(select(Membership).where(Membership.person_id == cast.jonas.id)).one().pid
    }


def colleague_invitation(cast: Cast) -> Values:
    """An invitation of a colleague to Harbour IT."""
    row = Invitation(
        organisation_id=cast.harbour.id,
        kind=InvitationKind.COLLEAGUE,
        email="femke@harbour-it.example",
        role=Role.VIEWER,
        expires_at=now() + timedelta(days=1),
    )
    return {"pid": _kept(row).pid}


def partner_invitation(cast: Cast) -> Values:
    """An invitation of a company by Northwind Cloud."""
    row = Invitation(
        organisation_id=cast.northwind.id,
        kind=InvitationKind.PARTNER,
        email="anne@weserbit.example",
        partner_name="Weserbit",
        role=Role.ADMIN,
        expires_at=now() + timedelta(days=1),
    )
    return {"pid": _kept(row).pid}


def partnership(cast: Cast) -> Values:
    """Northwind's terms with Harbour IT."""
    return {"pid": cast.northwind_harbour.pid}


# Kits and the library


@cache
def kit_file() -> bytes:
    """The example kit as a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path in sorted(KIT.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(KIT))
    return held.getvalue()


def published(cast: Cast) -> KitVersion:
    """Northwind's kit, open to Harbour IT alone: Leuvelink works with Northwind no more."""
    cast.northwind_leuvelink.status = PartnershipStatus.ENDED
    version = import_version(vera(cast), kit_file())
    publish(vera(cast), version, "First")
    db.session.commit()
    return version


def kit(cast: Cast) -> Values:
    return {"pid": _pid_of_kit(published(cast))}


def version(cast: Cast) -> Values:
    return {"version": published(cast).pid}


def draft_version(cast: Cast) -> Values:
    found = import_version(vera(cast), kit_file())
    db.session.commit()
    return {"version": found.pid}


def piece(cast: Cast) -> Values:
    return {"version": published(cast).pid, "key": "email/invitation"}


def post_of_kit(cast: Cast) -> Values:
    return {"version": published(cast).pid, "key": "open_door"}


def library_file(cast: Cast) -> Values:
    return {"pid": _kept(add_file(maya(cast), "Price list.pdf", plain_pdf(), listed=True)).pid}


def library_picture(cast: Cast) -> Values:
    return {"pid": _kept(add_image(maya(cast), "Team.png", picture(), public=False)).pid}


def replaced_picture(cast: Cast) -> Values:
    """A picture of Harbour IT's with the one that it took the place of."""
    was = _kept(add_image(maya(cast), "Team.png", picture()))
    done = manage.replace(maya(cast), was, File("Team now.png", picture(color="#00aa00")))
    db.session.commit()
    return {"pid": done.asset.pid, "version": was.pid}


def _pid_of_kit(found: KitVersion) -> str:
    return db.session.get_one(Kit, found.kit_id).pid


# Contacts and campaigns


def contact(cast: Cast) -> Values:
    return {"pid": story.campaign(cast.northwind, cast.harbour).contact.pid}


def segment(cast: Cast) -> Values:
    rules = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    return {"pid": _kept(Segment(partner_id=cast.harbour.id, name="Dutch", rules=rules.to_json())).pid}


def contact_list(cast: Cast) -> Values:
    return {"pid": list_of(cast).pid}


def list_of(cast: Cast) -> ContactList:
    row: ContactList = _kept(ContactList(partner_id=cast.harbour.id, name="Customers"))
    return row


def contact_in_list(cast: Cast) -> Values:
    return {"pid": list_of(cast).pid, "contact": contact(cast)["pid"]}


def contact_to_join(cast: Cast) -> Values:
    return {"contact": contact(cast)["pid"]}


def noes_upload_of_harbour(cast: Cast) -> Values:
    row = noes_upload.paste(maya(cast), "never@x.example")
    db.session.commit()
    return {"pid": row.pid}


def receipt(cast: Cast) -> Values:
    """Of a contact of Harbour IT's that was erased."""
    row = person_erase.erase(
        maya(cast), about_contact(cast.harbour, story.campaign(cast.northwind, cast.harbour).contact)
    )
    db.session.commit()
    return {"pid": row.pid}


def contact_import(cast: Cast) -> Values:
    row = importing.start(maya(cast), "people.csv", b"email,first name\nsanne@vandijk.example,Sanne\n")
    db.session.commit()
    return {"pid": row.pid}


def import_with_refusals(cast: Cast) -> Values:
    row = importing.start(maya(cast), "people.csv", b"email,first name\nnobody,Sanne\n")
    row.refused_key = f"imports/{row.pid}/refused"
    refused.put_part(row, [Refusal(2, "This is no address.", "Correct it.", ["nobody", "Sanne"])])
    row.refused_parts = row.refused = 1
    db.session.commit()
    return {"pid": row.pid}


def drafted(cast: Cast) -> Campaign:
    """A campaign that Harbour IT has begun."""
    row = make.create(maya(cast), published(cast))
    db.session.commit()
    return row


def campaign(cast: Cast) -> Values:
    return {"pid": drafted(cast).pid}


def reviewed(cast: Cast) -> Values:
    """A campaign of Harbour IT that waits for Northwind's yes, with a comment on it."""
    row = reviewing.asked(cast)
    cast.northwind_leuvelink.status = PartnershipStatus.ENDED
    said = review_comments.add(reviewing.ingrid(cast), row, "", "Shorter, please.")
    said.sent_at = now()
    db.session.commit()
    return {
        "pid": row.pid, "campaign": db.session.get_one(Campaign, row.campaign_id).pid, "comment": said.pid, "deed": "settle",
    }  # fmt: skip


def post_of_campaign(cast: Cast) -> Values:
    """A post of that campaign, on one network."""
    return {**campaign(cast), "key": "open_door", "network": "linkedin"}


def document_of_campaign(cast: Cast) -> Values:
    return {**campaign(cast), "key": "thirty_points"}


def left_out_of_campaign(cast: Cast) -> Values:
    return {**campaign(cast), "reason": "no_consent"}


def seed(cast: Cast) -> Values:
    """An address that Harbour IT wants to send copies to, asked the day before yesterday."""
    row = seeds.ask(maya(cast), "copies@harbour-it.example")
    row.asked_at = now() - timedelta(days=2)
    db.session.commit()
    return {"pid": row.pid}


def topic(cast: Cast) -> Values:
    """One of Harbour IT's topics."""
    row = Topic(partner_id=cast.harbour.id, name="Cloud and costs")
    db.session.add(row)
    db.session.commit()
    return {"pid": row.pid}


def test(cast: Cast) -> Values:
    row = drafted(cast)
    planned = subject_test.plan_own(
        maya(cast), row, "invitation", ["Is home the weakest door?", "A free check for your office"]
    )
    db.session.commit()
    return {"pid": planned.experiment.pid}


def launched(cast: Cast) -> story.Story:
    """A campaign of Harbour IT that has run."""
    return story.campaign(cast.northwind, cast.harbour, manifest=read_kit(kit_file()).to_manifest())


def result(cast: Cast) -> Values:
    return {"pid": launched(cast).campaign.pid}


def running(cast: Cast) -> Values:
    told = launched(cast)
    told.campaign.status, told.send.status = CampaignStatus.SENDING, SendStatus.SENDING
    db.session.commit()
    return {"pid": told.campaign.pid, "action": "pause"}


def uncertain(cast: Cast) -> Values:
    told = launched(cast)
    told.delivery.state = DeliveryState.UNCERTAIN
    db.session.commit()
    return {"pid": told.campaign.pid, "delivery": told.delivery.pid}


# Leads and deals


def captured(cast: Cast) -> Lead:
    """A lead of Harbour IT that it hasn't shared."""
    row = capture(story.submission(story.campaign(cast.northwind, cast.harbour)))
    assert row
    db.session.commit()
    return row


def lead(cast: Cast) -> Values:
    return {"pid": captured(cast).pid}


def deal(cast: Cast) -> Values:
    found = captured(cast)
    answer.accept(maya(cast), found)
    answer.qualify(maya(cast), found)
    new = deals.NewDeal(
        "Van Dijk Logistiek",
        "Secure office",
        Money(2_400_000, "EUR"),
        today("Europe/Amsterdam") + timedelta(days=30),
    )
    row = deals.register(maya(cast), new, found)
    db.session.commit()
    return {"pid": row.pid}


# Funds


def _euros(amount: int) -> Money:
    return Money(amount * 100, "EUR")


def opened(cast: Cast) -> Fund:
    """A fund of Northwind's, with money for Harbour IT."""
    year = today("Europe/Oslo").year
    calls = give.NewActivity("Follow-up calls", "You ring the people who clicked", 50, _euros(1_500))
    row = give.create_fund(
        vera(cast), give.NewFund("Growth", _euros(10_000), date(year, 1, 1), date(year + 1, 12, 31), (calls,))
    )
    give.allocate(vera(cast), row, cast.harbour, _euros(5_000))
    db.session.commit()
    return row


def asked(cast: Cast) -> MdfRequest:
    """Harbour IT's request for some of it."""
    opened(cast)
    kind, start = db.session.query(ActivityType).one(), today("Europe/Amsterdam")
    plan = ask.NewRequest(
        kind,
        "Calls",
        "Ring everyone",
        "Belhuis",
        _euros(2_400),
        _euros(1_200),
        start,
        start + timedelta(days=20),
        True,
    )
    row = ask.ask(maya(cast), plan)
    db.session.commit()
    return row


def approved(cast: Cast) -> MdfRequest:
    row = asked(cast)
    decide.approve(Actor(cast.tomas, cast.northwind, Role.APPROVER), row, _euros(1_200))
    db.session.commit()
    return row


def claimed(cast: Cast) -> Claim:
    """Harbour IT's claim, with its invoice."""
    invoice = claim.Invoice("BR-1", "Belhuis", today("Europe/Amsterdam"), _euros(2_400))
    row = claim.submit(maya(cast), approved(cast), invoice)
    row.invoice_asset_id = add_file(maya(cast), "Invoice.pdf", plain_pdf()).id
    db.session.commit()
    return row


def fund(cast: Cast) -> Values:
    return {"pid": opened(cast).pid}


def request(cast: Cast) -> Values:
    return {"pid": asked(cast).pid}


def granted_request(cast: Cast) -> Values:
    return {"pid": approved(cast).pid}


def money_claim(cast: Cast) -> Values:
    return {"pid": claimed(cast).pid}


BY_BLUEPRINT: dict[str, Example] = {
    "bounced": contact,
    "brand": second_brand,
    "campaigns": campaign,
    "contacts": contact,
    "deals": deal,
    "imports": contact_import,
    "kits": version,
    "launches": campaign,
    "lists": contact_list,
    "segments": segment,
    "leftouts": left_out_of_campaign,
    "times": campaign,
    "leads": lead,
    "library": library_file,
    "noes": noes_upload_of_harbour,
    "people": contact,
    "pieces": campaign,
    "prechecks": campaign,
    "renewals": campaign,
    "results": result,
    "reviews": reviewed,
    "seeds": seed,
    "terms": partnership,
    "tests": test,
    "trials": campaign,
}

EXAMPLES: dict[str, Example] = {
    "mail_rules.retire_topic": topic,
    "lists.join": contact_to_join,
    "lists.leave": contact_in_list,
    "funds.add_activity": fund,
    "funds.answer_claim": money_claim,
    "funds.answer_request": request,
    "funds.campaign_money": campaign,
    "funds.claim_invoice": money_claim,
    "funds.claim_packet": money_claim,
    "funds.claim_page": money_claim,
    "funds.close_request": granted_request,
    "funds.decide_claim": money_claim,
    "funds.decide_request": request,
    "funds.edit_request": request,
    "funds.end_request": granted_request,
    "funds.fund_page": fund,
    "funds.give_money": fund,
    "funds.new_claim": granted_request,
    "funds.pay_claim": money_claim,
    "funds.request_page": request,
    "funds.withdraw_claim": money_claim,
    "funds.withdraw_request": request,
    "imports.refused": import_with_refusals,
    "kits.check": draft_version,
    "kits.discard": draft_version,
    "kits.piece": piece,
    "kits.post": post_of_kit,
    "kits.publish": draft_version,
    "kits.show": kit,
    "library.small": library_picture,
    "library.use_again": replaced_picture,
    "partners.resend": partner_invitation,
    "people.receipt": receipt,
    "people.receipt_file": receipt,
    "pieces.document": document_of_campaign,
    "pieces.picture": post_of_campaign,
    "pieces.post": post_of_campaign,
    "pieces.text": post_of_campaign,
    "partners.revoke": partner_invitation,
    "results.act": running,
    "results.resend": uncertain,
    "settings.change_role": colleague,
    "settings.remove": colleague,
    "settings.resend": colleague_invitation,
    "settings.revoke": colleague_invitation,
}

# Endpoint: (rivals who may see it, why). Rivals are "lieve" (a partner of the same vendor) and "simon" (another vendor).
SEEN_BY: dict[str, tuple[frozenset[str], str]] = {
    "kits.show": (frozenset({"lieve"}), "a published kit is open to every partner of its vendor"),
    "kits.piece": (frozenset({"lieve"}), "a published kit is open to every partner of its vendor"),
    "kits.post": (frozenset({"lieve"}), "a published kit is open to every partner of its vendor"),
    "kits.playbook": (frozenset({"lieve"}), "a published kit is open to every partner of its vendor"),
}


def example_for(endpoint: str) -> Example | None:
    """The example of a route: its own, else its blueprint's."""
    return EXAMPLES.get(endpoint) or BY_BLUEPRINT.get(endpoint.rpartition(".")[0])
