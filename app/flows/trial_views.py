"""Tests of a campaign's mails, as many as one likes before anybody gets one; and the addresses that get a copy of every send."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.campaigns import preview, seeds, send_test
from app.campaigns.models import Campaign
from app.campaigns.prepare import source
from app.campaigns.queries import campaign_for
from app.campaigns.trial_form import ME, SeedForm, TrialForm
from app.delivery import seed_copies
from app.errors import AppError, Invalid
from app.render.errors import RenderError

trials = Blueprint("trials", __name__, url_prefix="/campaigns")
seed_list = Blueprint("seeds", __name__, url_prefix="/seeds")
blueprints = [trials, seed_list]

Answer = str | BaseResponse | tuple[str, int]


@trials.get("/<pid>/test-mail")
@member(partner=ANYONE)
def show(pid: str) -> Answer:
    """Which version, to whom, with whose name; and what became of the last tests."""
    campaign = campaign_for(actor().organisation, pid)
    return _page(campaign, _form(campaign))


@trials.post("/<pid>/test-mail")
@member(partner=EDITORS)
def send(pid: str) -> Answer:
    """Send them."""
    campaign = campaign_for(actor().organisation, pid)
    form = _form(campaign)
    if not form.validate_on_submit():
        return _page(campaign, form), 422
    who = form.chosen(_samples(campaign), send_test.own_fields(actor()))
    try:
        sent = send_test.send(actor(), campaign, form.versions.data, _addresses(form), who)
    except RenderError as error:
        flash(f"No test was sent. {error.message}", "error")
        return _page(campaign, form), 422
    except AppError as error:
        flash(error.message, "error")
        return _page(campaign, form), 429
    flash("A test is on its way." if len(sent) == 1 else f"{len(sent)} tests are on their way.")
    return redirect(url_for("trials.show", pid=campaign.pid, _anchor="sent"), 303)


def _addresses(form: TrialForm) -> list[str]:
    mine = {seed.pid: seed.address for seed in seeds.usable(actor().organisation)}
    return [
        actor().person.email if key == ME else mine[key]
        for key in form.to.data or []
        if key == ME or key in mine
    ]


def _samples(campaign: Campaign) -> dict[str, dict[str, str]]:
    """People whose names a test may bear, by their key in the form."""
    found = {f"sample-{key}": dict(fields) for key, fields in preview.PEOPLE.items()}
    return found | {
        contact.pid: send_test.fields_of(contact) for contact in send_test.people(actor(), campaign)
    }


def _form(campaign: Campaign) -> TrialForm:
    form = TrialForm()
    form.offer(
        [(version.key, version.title) for version in send_test.versions(source(campaign), campaign)],
        [
            (ME, f"Me, {actor().person.email}"),
            *((s.pid, s.address) for s in seeds.usable(actor().organisation)),
        ],
        [
            (f"sample-{key}", f"{label} (an example)") for key, label in preview.PEOPLE_LABELS.items()
        ]
        + [(c.pid, _named(c.first_name, c.last_name, c.company)) for c in send_test.people(actor(), campaign)],
    )  # fmt: skip
    return form


def _named(first: str, last: str, company: str) -> str:
    name = f"{first} {last}".strip() or "No name"
    return f"{name}, {company}" if company else name


def _page(campaign: Campaign, form: TrialForm) -> str:
    return render_template(
        "campaigns/trial.html",
        campaign=campaign,
        form=form,
        sent=send_test.lately(actor(), campaign, source(campaign)),
        hour=send_test.AN_HOUR,
    )


@seed_list.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> Answer:
    """The addresses, and what each of them said."""
    return _list(SeedForm())


@seed_list.post("")
@member(vendor=EDITORS, partner=EDITORS)
def add() -> Answer:
    """Ask one more."""
    form = SeedForm()
    if not form.validate_on_submit():
        return _list(form), 422
    try:
        seed = seeds.ask(actor(), form.address.data or "", form.name.data or "")
    except AppError as error:
        fields = error.fields if isinstance(error, Invalid) and error.fields else {"address": error.message}
        form.refuse(dict(fields))
        return _list(form), 422
    flash(f"{seed.address} was asked. It gets copies once somebody there says yes.")
    return redirect(url_for("seeds.index"), 303)


@seed_list.post("/<pid>/ask")
@member(vendor=EDITORS, partner=EDITORS)
def ask(pid: str) -> BaseResponse:
    """Send the question once more."""
    seed = seeds.seed_for(actor().organisation, pid)
    seeds.ask_again(actor(), seed)
    flash(f"{seed.address} was asked again.")
    return redirect(url_for("seeds.index"), 303)


@seed_list.post("/<pid>/remove")
@member(vendor=EDITORS, partner=EDITORS)
def remove(pid: str) -> BaseResponse:
    """Take one out."""
    seed = seeds.seed_for(actor().organisation, pid)
    seed_copies.withdraw(seed)
    seeds.remove(actor(), seed)
    flash(f"{seed.address} gets no more copies.")
    return redirect(url_for("seeds.index"), 303)


def _list(form: SeedForm) -> str:
    found = seeds.all_of(actor().organisation)
    refused = seeds.refusals(actor().organisation, [seed.address_hash for seed in found])
    return render_template("campaigns/seeds.html", form=form, found=found, refused=refused, most=seeds.MOST)
