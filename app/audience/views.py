"""A partner's contacts, and the page behind every unsubscribe link."""

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ADMINS, ANYONE, EDITORS, actor, member, public
from app.audience import bounce_views, erase, mailable, opt_in, preferences, queries
from app.audience.consent import BASIS_WORDS, consents_of
from app.audience.export import to_csv
from app.audience.import_pages import imports
from app.audience.lists import all_lists, lists_of
from app.audience.models import ContactList, SuppressionReason
from app.audience.noes_pages import bp as noes_bp
from app.audience.rules_views import rules
from app.clock import now
from app.db import get_or_404
from app.delivery.returned.queries import of_contact
from app.flows import person_erase
from app.flows import unsubscribe as no
from app.flows.list_views import lists
from app.flows.person_data import about_contact
from app.flows.segment_views import segments
from app.flows.sent_to import messages_to
from app.render.page import brand_css
from app.web import hosts

contacts = Blueprint("contacts", __name__, url_prefix="/contacts")
unsubscribe = hosts.public(Blueprint("unsubscribe", __name__, url_prefix="/u"))
blueprints = [imports, segments, lists, rules, bounce_views.bp, contacts, unsubscribe, noes_bp]

Answer = str | BaseResponse | tuple[str, int]
COUNT_EVERYONE = 100_000  # above this the sentence on top says only how many there are


@contacts.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """Who is there, who may be mailed, and why the others may not."""
    partner = actor().organisation
    chosen, words = _chosen_list(), request.args.get("q", "").strip()
    before = request.args.get("before", "")
    shown = queries.contacts(
        partner,
        words,
        chosen.id if chosen else None,
        int(before) if before.isdecimal() and len(before) < 18 else None,
    )
    plain = not words and chosen is None
    counted = mailable.count_everyone(partner) if plain and shown.total <= COUNT_EVERYONE else None
    return render_template(
        "audience/contacts.html",
        shown=shown,
        lists=lists_of(partner),
        chosen=chosen,
        words=words,
        counted=counted,
        filtered=not plain,
        later=bool(before),
    )


@contacts.get("/export.csv")
@member(partner=ADMINS)
def export() -> Answer:
    """The chosen contacts as a file; cells that a spreadsheet would run are defused."""
    chosen = _chosen_list()
    rows = queries.every_contact(
        actor().organisation, request.args.get("q", "").strip(), chosen.id if chosen else None
    )
    name = f"contacts-{now():%Y-%m-%d}.csv"
    return Response(
        stream_with_context(to_csv(rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


@contacts.get("/<pid>")
@member(partner=ANYONE)
def show(pid: str) -> Answer:
    """One person: fields, lists, every yes with its proof, every no, and what was sent."""
    partner = actor().organisation
    person = queries.contact(partner, pid)
    consents = consents_of(partner.id, person.id)
    refusals = queries.refusals_of(partner, person)
    return render_template(
        "audience/contact.html",
        person=person,
        reason=mailable.verdicts(partner.id, None, [person.id])[person.id],
        lists=queries.lists_with(partner, person),
        all_lists=all_lists(partner),
        consents=consents,
        names=queries.names_of([row.recorded_by for row in consents]),
        basis_words=BASIS_WORDS,
        refusals=refusals,
        waiting=opt_in.waiting_of(partner, person),
        choices=preferences.choices_of(partner.id, person.address_hash),
        topics={topic.id: topic.name for topic in preferences.topics_of(partner)},
        by_hand=any(r.whom == "you" and r.row.reason is SuppressionReason.MANUAL for r in refusals),
        said_no=any(r.whom == "you" for r in refusals),
        messages=messages_to(partner, person),
        came_back=of_contact(partner, person),
        today=now().date(),
    )


@contacts.post("/<pid>/suppress")
@member(partner=EDITORS)
def suppress(pid: str) -> Answer:
    """Record a no that came by phone or in person."""
    erase.say_no(actor(), queries.contact(actor().organisation, pid))
    flash("Noted. Nothing is mailed to them any more.")
    return redirect(url_for("contacts.show", pid=pid), 303)


@contacts.post("/<pid>/unsuppress")
@member(partner=EDITORS)
def unsuppress(pid: str) -> Answer:
    """Take back a no that was recorded by hand."""
    erase.take_back(actor(), queries.contact(actor().organisation, pid))
    flash("Taken back. The consent from before counts again.")
    return redirect(url_for("contacts.show", pid=pid), 303)


@contacts.post("/<pid>/delete")
@member(partner=EDITORS)
def delete(pid: str) -> Answer:
    """Erase one person from every table and file; a no they said stays."""
    person = about_contact(actor().organisation, queries.contact(actor().organisation, pid))
    receipt = person_erase.erase(actor(), person)
    flash(f"Erased; receipt {receipt.number}. If they said no, that is still known.")
    return redirect(url_for("contacts.index"), 303)


@unsubscribe.get("/<token>", endpoint="page")
@public
def page(token: str) -> Answer:
    """One button. Reading this page changes nothing, since scanners follow every link."""
    person = no.recipient(token)
    return _unsubscribe_page(token, person)


@unsubscribe.post("/<token>", endpoint="confirm")
@public
def confirm(token: str) -> Answer:
    """The no itself: from the page's button, or from a mailbox's own button with no cookie (RFC 8058). Always 200."""
    person = no.recipient(token)
    no.unsubscribe(person)
    return _unsubscribe_page(token, person)


@unsubscribe.post("/<token>/undo", endpoint="undo")
@public
def undo(token: str) -> Answer:
    """Pressed by mistake: take it back."""
    person = no.recipient(token)
    no.take_back(person)
    return _unsubscribe_page(token, person, taken_back=True)


@unsubscribe.get("/<token>/brand.css", endpoint="brand")
@public
def brand(token: str) -> Answer:
    """The partner's colours for this page."""
    return Response(
        brand_css(no.recipient(token).looks),
        mimetype="text/css",
        headers={"Cache-Control": "private, max-age=300"},
    )


def _unsubscribe_page(token: str, person: no.Recipient, taken_back: bool = False) -> str:
    at = no.said_no_at(person)
    g.timezone = person.partner.timezone
    return render_template(
        "audience/unsubscribe.html",
        token=token,
        person=person,
        looks=person.looks,
        at=at,
        taken_back=taken_back and at is None,
        undo_until=at + no.TAKE_BACK if at and at + no.TAKE_BACK > now() else None,
    )


def _chosen_list() -> ContactList | None:
    pid = request.args.get("list")
    return get_or_404(actor().organisation, ContactList, pid) if pid else None
