"""How a partner mails: how often at most, whether a yes on a form is confirmed by mail, and the topics that people can choose from."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import NumberRange

from app.accounts.access import ADMINS, ANYONE, actor, member
from app.audience import mail_rules, preferences
from app.audience.models import Topic
from app.db import get_or_404
from app.errors import Invalid
from app.web.forms import Form, Required, Short, stripped

rules = Blueprint("mail_rules", __name__, url_prefix="/contacts/rules")

Answer = str | Response | tuple[str, int]


class RulesForm(Form):
    """The limits."""

    a_week = IntegerField(
        "Mails to one person in a week, at most",
        [Required("Write a number."), NumberRange(1, 14, "Write a number from 1 to 14.")],
    )
    double_opt_in = BooleanField("A yes on a form counts once it is confirmed by mail")


class TopicForm(Form):
    """A topic."""

    name = StringField("Topic", [Required("Write a name."), Short(80)], filters=[stripped])
    note = StringField(
        "What comes, and how often",
        [Short(200)],
        filters=[stripped],
    )


@rules.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """The rules and the topics."""
    return _page()


@rules.post("")
@member(partner=ADMINS)
def save() -> Answer:
    """Change the rules."""
    form = RulesForm(prefix="rules-")
    if form.validate():
        mail_rules.change(actor(), form.a_week.data or 0, bool(form.double_opt_in.data))
        flash("Saved. It counts from the next launch on.")
        return redirect(url_for("mail_rules.index"), 303)
    return _page(form), 422


@rules.post("/topics")
@member(partner=ADMINS)
def add_topic() -> Answer:
    """Offer one more topic."""
    form = TopicForm(prefix="topic-")
    if form.validate():
        try:
            mail_rules.add_topic(actor(), form.name.data or "", form.note.data or "")
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash("Added. People find it in their preferences.")
            return redirect(url_for("mail_rules.index"), 303)
    return _page(topic_form=form), 422


@rules.post("/topics/<pid>/retire")
@member(partner=ADMINS)
def retire_topic(pid: str) -> Answer:
    """Offer a topic no more."""
    mail_rules.retire_topic(actor(), get_or_404(actor().organisation, Topic, pid))
    flash("Taken out. What people said about it stays.")
    return redirect(url_for("mail_rules.index"), 303)


def _page(form: RulesForm | None = None, topic_form: TopicForm | None = None) -> str:
    partner = actor().organisation
    now = preferences.rules_of(partner.id)
    return render_template(
        "audience/rules.html",
        rules=now,
        form=form or RulesForm(formdata=None, prefix="rules-", obj=now),
        topic_form=topic_form or TopicForm(formdata=None, prefix="topic-"),
        topics=mail_rules.topics_with_figures(partner),
        chosen=mail_rules.figures(partner),
    )
