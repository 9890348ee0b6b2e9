"""A campaign with the example's sequence of three mails, launched, and what happens to it: time, forms, clicks, the beat."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from app.assets import brand
from app.assets.brand import BrandInput
from app.audience.models import Contact
from app.campaigns import make, subject_test, words
from app.campaigns.models import Campaign
from app.db import db
from app.delivery import jobs, sweep
from app.delivery.models import Delivery, Send, SendStatus
from app.flows import launch as launching
from app.flows.next_step import start_step
from app.kits import publish
from app.landing.models import PublishedPage
from app.landing.shown import form_token
from app.queue import JobName
from app.settings import current
from app.tracking.models import EventKind, TrackedEvent
from tests.delivery import made, ready
from tests.kits_web.box import ingrid
from tests.rig.cast import Cast
from tests.rig.sink import Sink

FOLDER = Path(__file__).parents[2] / "examples" / "kits" / "bring-one-file-back"
WORDS = {"until": "2027-06-12", "person": "Jonas Bakker", "phone": "+31 10 555 01 20"}
JOBS: dict[JobName, Callable[[int], Any]] = {
    JobName.LAUNCH_CAMPAIGN: launching.start_due,
    JobName.START_STEP: start_step,
    JobName.EXPAND_SEND: jobs.expand_send,
    JobName.SEND_SLICE: jobs.send_slice,
    JobName.FINISH_SEND: jobs.finish_send,
}


def zipped(change: Callable[[str], str] | None = None) -> bytes:
    """The example kit, its kit.toml changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(FOLDER.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                if path.name == "kit.toml" and change:
                    data = change(data.decode()).encode()
                archive.writestr(path.relative_to(FOLDER).as_posix(), data)
    return out.getvalue()


def draft(
    cast: Cast,
    locals_: Sequence[str],
    *,
    tracked: Sequence[str] = (),
    change: Callable[[str], str] | None = None,
    subjects: tuple[str, str] | None = None,
) -> Campaign:
    """Words filled, brand complete, a list chosen; committed."""
    version = publish.import_version(ingrid(cast), zipped(change))
    publish.publish(ingrid(cast), version, "New.")
    actor = ready.maya(cast)
    address = "Kade 1, 3011 AA Rotterdam"
    brand.save(
        actor,
        BrandInput(
            "#15324b",
            "#b9431a",
            postal_address=address,
            sender_name="Harbour IT",
            reply_to="hello@harbour-it.example",
        ),
    )
    mine = make.create(actor, version)
    assert words.save(actor, mine, WORDS) == {}
    mine.list_id = made.people(cast, locals_, tracked=tracked).id
    if subjects:
        subject_test.plan_own(actor, mine, "invitation", subjects)
    db.session.commit()
    return mine


def launched(cast: Cast, locals_: Sequence[str], **options: Any) -> Campaign:
    """The same, and a yes to everyone on the list."""
    campaign = draft(cast, locals_, **options)
    launching.launch(ready.maya(cast), campaign, len(locals_))
    db.session.commit()
    return campaign


def beat(most: int = 30) -> list[JobName]:
    """What the beat finds due is done, until there is nothing left; returns what was done."""
    done: list[JobName] = []
    for _ in range(most):
        db.session.execute(update(Send).values(rung_at=None))
        db.session.commit()
        found = sweep.sweep(db.engine, current().data_dir)
        if not found:
            return done
        for name, row_id in found:
            JOBS[name](row_id)
            db.session.commit()
            done.append(name)
    raise AssertionError(f"the beat never comes to rest: {done[-6:]}")


def send_of(campaign: Campaign, step: int) -> Send:
    """The send of a step, fresh."""
    db.session.rollback()
    return db.session.scalars(
        select(Send)
        .where(Send.campaign_id == campaign.id, Send.step == step)
        .execution_options(populate_existing=True)
    ).one()


def time_comes(campaign: Campaign, by: timedelta | None = None) -> None:
    """The next step's time has come: everything planned of the campaign lies that much earlier."""
    db.session.rollback()
    waiting = (Send.campaign_id == campaign.id, Send.status == SendStatus.WAITING)
    starts = db.session.scalars(select(Send.starts_at).where(*waiting).order_by(Send.step)).first()
    assert starts is not None
    shift = by or starts - datetime.now(UTC) + timedelta(seconds=1)
    for send in db.session.scalars(select(Send).where(Send.campaign_id == campaign.id)):
        for name in ("starts_at", "started_at", "finished_at"):
            moment = getattr(send, name)
            setattr(send, name, moment - shift if moment else None)
    db.session.commit()


def contact(local: str) -> Contact:
    """The person of this local part."""
    return db.session.scalars(select(Contact).where(Contact.email == f"{local}@people.example")).one()


def delivery(campaign: Campaign, step: int, local: str) -> Delivery:
    """Their message of a step."""
    query = (
        select(Delivery)
        .join(Contact, Contact.id == Delivery.contact_id)
        .join(Send, Send.id == Delivery.send_id)
    )
    return db.session.scalars(
        query.where(
            Send.campaign_id == campaign.id, Send.step == step, Contact.email == f"{local}@people.example"
        ).execution_options(populate_existing=True)
    ).one()


def fill_in(client: Any, campaign: Campaign, email: str, **more: str) -> None:
    """Someone fills in the campaign's form, in a browser."""
    page = db.session.scalars(select(PublishedPage).where(PublishedPage.campaign_id == campaign.id)).one()
    shown = form_token(page, datetime.now(UTC) - timedelta(seconds=30))
    data = {
        "form_token": shown,
        "name": "Sanne Willems",
        "company": "Van Dijk",
        "email": email,
        "consent": "on",
    }
    answer = client.post(f"http://127.0.0.1:8000/p/{page.pid}", data={**data, **more})
    assert answer.status_code == 303, answer.text


def event(row: Delivery, kind: EventKind, *, machine: bool = False) -> None:
    """A click or an open of a person who agreed to be noted; committed."""
    db.session.add(
        TrackedEvent(
            partner_id=row.partner_id,
            campaign_id=row.campaign_id,
            send_id=row.send_id,
            delivery_id=row.id,
            contact_id=row.contact_id,
            kind=kind,
            method="GET",
            is_machine=machine,
        )
    )
    db.session.commit()


def subjects_to(sink: Sink, local: str) -> list[str]:
    """The subjects of the mails that this person got, in order."""
    found = []
    for mail in sink.accepted:
        if mail.recipients == (f"{local}@people.example",):
            found.append(str(message_from_bytes(mail.content, policy=policy.default)["Subject"]))
    return found
