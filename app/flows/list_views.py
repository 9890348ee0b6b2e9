"""The pages of lists: rename, merge, delete, and the people on a contact's page who are put in or taken out."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.audience import lists as store
from app.audience import queries
from app.audience.models import ContactList
from app.db import get_or_404
from app.errors import Invalid
from app.flows import whom
from app.web.filters import plural

lists = Blueprint("lists", __name__, url_prefix="/contacts/lists")

Answer = str | BaseResponse | tuple[str, int]


@lists.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """Every list with its people, and what needs it."""
    partner = actor().organisation
    rows = [
        (row, people, whom.users_of(partner, row), whom.segments_with(partner, row))
        for row, people in store.lists_of(partner)
    ]
    return render_template("audience/lists.html", rows=rows)


@lists.get("/<pid>")
@member(partner=EDITORS)
def edit(pid: str) -> Answer:
    """One list, and what can be done with it."""
    return _page(get_or_404(actor().organisation, ContactList, pid), {})


@lists.post("/<pid>/rename")
@member(partner=EDITORS)
def rename(pid: str) -> Answer:
    """Give it another name."""
    row = get_or_404(actor().organisation, ContactList, pid)
    try:
        whom.rename_list(actor(), row, request.form.get("name", ""))
    except Invalid as error:
        return _page(row, error.fields, request.form.get("name", "")), 422
    flash("Renamed.")
    return redirect(url_for("lists.edit", pid=row.pid), 303)


@lists.post("/<pid>/merge")
@member(partner=EDITORS)
def merge(pid: str) -> Answer:
    """Put its people into another list."""
    partner = actor().organisation
    row = get_or_404(partner, ContactList, pid)
    into = next((each for each in store.all_lists(partner) if each.pid == request.form.get("into", "")), None)
    if into is None:
        return _page(row, {"into": "Choose one of your lists."}), 422
    joined = whom.merge_lists(actor(), row, into)
    flash(f"{plural(joined, 'person', 'people')} joined “{into.name}”; “{row.name}” is gone.")
    return redirect(url_for("lists.index"), 303)


@lists.post("/<pid>/delete")
@member(partner=EDITORS)
def delete(pid: str) -> Answer:
    """Delete it; its people stay contacts."""
    row = get_or_404(actor().organisation, ContactList, pid)
    whom.delete_list(actor(), row)
    flash(f"“{row.name}” is deleted. The contacts stay.")
    return redirect(url_for("lists.index"), 303)


@lists.post("/join/<contact>")
@member(partner=EDITORS)
def join(contact: str) -> Answer:
    """Put a contact into the list that was chosen on their page."""
    person = queries.contact(actor().organisation, contact)
    wanted = request.form.get("list", "")
    found = next((each for each in store.all_lists(actor().organisation) if each.pid == wanted), None)
    if found is None:
        raise Invalid("Choose one of your lists.")
    store.add(actor(), found, person)
    return redirect(url_for("contacts.show", pid=person.pid), 303)


@lists.post("/<pid>/leave/<contact>")
@member(partner=EDITORS)
def leave(pid: str, contact: str) -> Answer:
    """Take a contact out of it."""
    person = queries.contact(actor().organisation, contact)
    store.remove(actor(), get_or_404(actor().organisation, ContactList, pid), person)
    return redirect(url_for("contacts.show", pid=person.pid), 303)


def _page(row: ContactList, errors: dict[str, str], name: str | None = None) -> str:
    partner = actor().organisation
    counted = store.lists_of(partner)
    return render_template(
        "audience/list.html",
        row=row,
        name=row.name if name is None else name,
        people=next(people for each, people in counted if each.id == row.id),
        others=[(each, people) for each, people in counted if each.id != row.id],
        users=whom.users_of(partner, row),
        asking=whom.segments_with(partner, row),
        errors=errors,
    )
