"""What delivery tests start from: a campaign with one send whose mail is really rendered, to people named by their local parts."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select, text

from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactList,
    ListMember,
)
from app.audience.suppress import address_hash
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Link, Rendering, Send
from app.kits.models import Kit, KitVersion, VersionStatus
from app.render.context import Partner, Vendor
from app.render.email import EmailSource, compile_email
from app.render.mime import MessageHeaders, build
from app.settings import current
from tests.rig.cast import Cast

MJML = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ contact.first_name | default("there") }} of {{ contact.company }}, Grüße.</mj-text>
<mj-text>.a line that starts with a dot</mj-text>
<mj-button href="{{ link.landing }}">See it</mj-button>
<mj-text><a href="https://northwind.example/facts">Facts</a> <a href="{{ link.unsubscribe }}">Unsubscribe</a></mj-text>
<mj-text>{{ partner.postal_address }} {{ why }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""


def people(cast: Cast, locals_: Sequence[str], *, tracked: Sequence[str] = ()) -> ContactList:
    """A list of people with consent, `local@people.example`; those in `tracked` agreed to tracking too."""
    partner_id = cast.harbour.id
    found = ContactList(
        partner_id=partner_id, name=f"List {db.session.scalar(select(func.count(ContactList.id))) or 0}"
    )
    contacts = [contact(cast, local) for local in locals_]
    db.session.add_all([found, *contacts])
    db.session.flush()
    for each in contacts:
        local = each.email.partition("@")[0]
        db.session.add(ListMember(list_id=found.id, contact_id=each.id, partner_id=partner_id))
        db.session.add(consent(each, ConsentPurpose.MARKETING))
        if local in tracked:
            db.session.add(consent(each, ConsentPurpose.TRACKING))
    db.session.flush()
    return found


def contact(cast: Cast, local: str) -> Contact:
    """A person of Harbour IT's, not yet added."""
    email = f"{local}@people.example"
    return Contact(
        partner_id=cast.harbour.id,
        email=email,
        address_hash=address_hash(email),
        first_name=local[:20].title(),
        company="Acme & Söhne",
    )


def consent(of: Contact, purpose: ConsentPurpose) -> Consent:
    """A yes of this person's."""
    return Consent(
        partner_id=of.partner_id,
        contact_id=of.id,
        purpose=purpose,
        basis=ConsentBasis.EXPRESS,
        source="Fair",
        controller="Harbour IT",
        method="import",
        given_on=date(2026, 1, 2),
    )


def campaign(cast: Cast, status: CampaignStatus = CampaignStatus.LAUNCHING) -> Campaign:
    """A campaign of Harbour IT's with a kit version that is never read."""
    kit = Kit(vendor_id=cast.northwind.id, slug="hybrid", name="Secure the Hybrid Office")
    db.session.add(kit)
    db.session.flush()
    version = KitVersion(
        kit_id=kit.id,
        vendor_id=kit.vendor_id,
        version="1.0",
        status=VersionStatus.PUBLISHED,
        manifest={},
        archive_key="-",
        sha256="-",
    )
    db.session.add(version)
    db.session.flush()
    made = Campaign(
        partner_id=cast.harbour.id,
        vendor_id=cast.northwind.id,
        kit_version_id=version.id,
        name="Hybrid – spring",
        timezone="Europe/Amsterdam",
        status=status,
    )
    db.session.add(made)
    db.session.flush()
    return made


def send(
    cast: Cast, locals_: Sequence[str], *, tracked: Sequence[str] = (), of: Campaign | None = None
) -> Send:
    """A launched send, committed and not yet expanded."""
    mine = of or campaign(cast)
    audience = people(cast, locals_, tracked=tracked)
    owners = {"partner_id": mine.partner_id, "vendor_id": mine.vendor_id}
    made = Send(campaign_id=mine.id, email="invitation", list_id=audience.id, expected=len(locals_), **owners)
    db.session.add(made)
    db.session.flush()
    compiled = compile_email(
        EmailSource(MJML, "News for {{ contact.first_name }}"),
        {},
        Partner(name="Harbour IT", postal_address="Kade 1, 3011 Rotterdam"),
        Vendor(name="Northwind Cloud"),
        "You get this because you agreed.",
        "en",
    )
    head = MessageHeaders("Harbour IT", current().mail_from, current().public_url)
    segments = build(compiled, head).to_bytes()
    db.session.add(
        Rendering(
            send_id=made.id,
            subject=compiled.subject,
            html=compiled.html,
            text=compiled.text,
            segments=segments,
            **owners,
        )
    )
    for target in compiled.links:
        url = target.url or "http://127.0.0.1:8000/p/page"
        db.session.add(Link(send_id=made.id, number=target.number, kind=str(target.kind), url=url, **owners))
    db.session.commit()
    return made


def states(send_id: int) -> dict[str, DeliveryState]:
    """State by local part, as the database has it now."""
    db.session.rollback()
    query = (
        select(Contact.email, Delivery.state)
        .join(Delivery, Delivery.contact_id == Contact.id)
        .where(Delivery.send_id == send_id)
    )
    found = {row[0].partition("@")[0]: row[1] for row in db.session.execute(query)}
    db.session.rollback()  # on SQLite an open transaction would keep the worker waiting
    return found


def delivery(send_id: int, local: str) -> Delivery:
    """One row, fresh from the database."""
    db.session.rollback()
    db.session.expire_all()
    query = select(Delivery).join(Contact, Contact.id == Delivery.contact_id)
    return db.session.scalars(
        query.where(Delivery.send_id == send_id, Contact.email == f"{local}@people.example")
    ).one()


def watch_transitions() -> None:
    """Have the database itself write down every change of a delivery's state."""
    sqlite = db.engine.dialect.name == "sqlite"
    db.session.execute(text("DROP TABLE IF EXISTS transition_log"))
    db.session.execute(text("CREATE TABLE transition_log (was VARCHAR(32), became VARCHAR(32))"))
    if sqlite:
        db.session.execute(
            text(
                "CREATE TRIGGER watch_delivery AFTER UPDATE OF state ON delivery WHEN old.state <> new.state"
                " BEGIN INSERT INTO transition_log VALUES (old.state, new.state); END"
            )
        )
    else:
        db.session.execute(
            text(
                "CREATE OR REPLACE FUNCTION watch_delivery() RETURNS trigger AS $$ BEGIN"
                " IF old.state <> new.state THEN INSERT INTO transition_log VALUES (old.state, new.state); END IF; RETURN new; END $$"
                " LANGUAGE plpgsql"
            )
        )
        db.session.execute(text("DROP TRIGGER IF EXISTS watch_delivery ON delivery"))
        db.session.execute(
            text(
                "CREATE TRIGGER watch_delivery BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION watch_delivery()"
            )
        )
    db.session.commit()


def seen_transitions() -> set[tuple[DeliveryState, DeliveryState]]:
    """Every pair of states that some row went through."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT DISTINCT was, became FROM transition_log"))
    return {(DeliveryState(row[0]), DeliveryState(row[1])) for row in rows}
