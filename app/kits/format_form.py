"""The form of a landing page as kit.toml declares it: its fields, consents and thank-you page."""

from collections.abc import Iterable

from app.kits.pieces import Consent, FieldType, FormField, FormSpec, NextStep, Thanks
from app.kits.table import Table


def no_twins(top: Table, key: str, names: Iterable[str]) -> None:
    """Report names declared twice."""
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name and name in seen:
            top.problems.add(f"“{name}” is declared twice in {key}.", "Rename one.", f"{key}[{at}]", "name")
        seen.add(name)


def read_form(table: Table) -> FormSpec:
    """The form in this table."""
    thanks = table.table("thanks")
    form = FormSpec(
        fields=tuple(_field(t) for t in table.tables("fields", 30)),
        consents=tuple(_consent(t) for t in table.tables("consents", 5)),
        title=table.text("title", longest=120),
        intro=table.text("intro", longest=300),
        button=table.text("button", "Send", longest=60),
        note=table.text("note", longest=600),
        thanks=Thanks(
            title=thanks.text("title", "Thank you", longest=120),
            text=thanks.text("text", longest=600),
            steps=tuple(_step(t) for t in thanks.tables("steps", 6)),
        ),
    )
    names = [f.name for f in form.fields] + [c.name for c in form.consents]
    no_twins(table, f"{table.address}.fields", names)
    if table.data and not any(f.type is FieldType.EMAIL and f.required for f in form.fields):
        mend = 'Add a required field of type "email".'
        table.wrong("", "The form asks for no email address.", mend, "form")
    thanks.done()
    table.done()
    return form


def _field(table: Table) -> FormField:
    spec = FormField(
        name=table.name(),
        label=table.text("label", required=True, longest=120, rule="form-label"),
        type=table.choice("type", FieldType, FieldType.TEXT),
        required=table.flag("required"),
        autocomplete=table.text("autocomplete", longest=60),
        help=table.text("help", longest=200),
        options=table.texts("options"),
        max_length=table.number("max_length", 200, 1, 5_000),
        half=table.flag("half"),
    )
    if spec.type is FieldType.SELECT and not spec.options:
        table.wrong("options", "A select needs options.", 'Write options = ["one", "two"].')
    table.done()
    return spec


def _consent(table: Table) -> Consent:
    consent = Consent(table.name(), table.text("text", required=True, longest=600), table.flag("required"))
    table.done()
    return consent


def _step(table: Table) -> NextStep:
    step = NextStep(
        table.text("when", required=True, longest=60), table.text("text", required=True, longest=300)
    )
    table.done()
    return step
