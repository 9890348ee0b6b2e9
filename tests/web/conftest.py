"""A page built of every component, on the real application: `/-/components`, `/-/raise/KIND` and friends live only here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, flash, jsonify, redirect, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.wrappers import Response
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField

from app import create_app
from app.accounts.models import Organisation, OrganisationKind
from app.clock import now
from app.db import db
from app.errors import AppError, Conflict, External, Forbidden, Invalid, NotFound, Refused, TooMany
from app.settings import Settings
from app.web.forms import DateField, FileField, Form, MoneyField, Required, Short, TimeField
from app.web.hosts import public
from app.web.paging import Page
from app.web.states import known
from tests.rig.web import Client

KINDS: dict[str, type[AppError]] = {
    kind.__name__: kind for kind in (NotFound, Forbidden, Invalid, Refused, Conflict, TooMany, External)
}
bp = Blueprint("parts", __name__)
outside = public(Blueprint("parts_public", __name__))


class Sample(Form):
    """One field of each kind."""

    name = StringField("Name of the activity", [Required("Write a name."), Short(60)])
    amount = MoneyField("Amount you ask for", [Required("Say how much.")])
    start = DateField("Start", [Required("Choose a day.")])
    at = TimeField("At")
    kind = SelectField("Kind", choices={"a": "Webinar", "b": "Mailing"})
    note = TextAreaField("Note")
    share = BooleanField("Share leads with Northwind")
    who = RadioField("Who answers", choices={"j": "Jonas Bakker", "m": "Maya de Vries"})
    file = FileField("List", kinds=(".csv",), most=1_000)


@bp.route("/-/components", methods=["GET", "POST"])
def everything() -> str:
    form = Sample()
    if request.method == "POST" or "errors" in request.args:
        form.validate()
    page = Page(items=[1, 2], offset=2, size=2, total=7)
    return render_template("components_page.html", form=form, marks=sorted(known()), page=page, now=now())


@bp.get("/-/raise/<kind>")
def raise_kind(kind: str) -> str:
    if kind in KINDS:
        raise KINDS[kind]("What is wrong, and what mends it.")
    raise RuntimeError("a fault in the code")


@bp.post("/-/write/<int:status>")
def write(status: int) -> Any:
    db.session.add(Organisation(kind=OrganisationKind.VENDOR, name="Written", slug=f"written-{status}"))
    flash("Saved.")
    if status == 0:
        raise Refused("Not like this.")
    if status == 1:
        raise RuntimeError("a fault after writing")
    if status == 302:
        return redirect("/-/components")
    return jsonify(done=True), status


@outside.post("/-/outside")
def outside_form() -> Response:
    return Response("taken")


@pytest.fixture(scope="module")
def _module_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.register_blueprint(bp)
    app.register_blueprint(outside)
    app.jinja_loader = ChoiceLoader([app.jinja_loader, FileSystemLoader(Path(__file__).parent / "templates")])  # type: ignore[list-item]
    app.config.update(
        TESTING=False, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False
    )
    app.test_client_class = Client
    yield app
    with app.app_context():
        db.engine.dispose()
