"""The form of a landing page as HTML: labels, what was typed, errors beside their fields, consent boxes, the trap.

Every box is unticked at first; the trap is a field people don't see and robots fill.
"""

from collections.abc import Mapping
from html import escape

from app.render.form import Consent, FieldType, FormField, FormSpec

TRAP = "website"


def draw_form(
    form: FormSpec,
    action: str,
    hidden: Mapping[str, str],
    values: Mapping[str, str],
    errors: Mapping[str, str],
    privacy_url: str,
) -> str:
    """The whole `<form>`; `errors` by field name, under "" for the form as a whole."""
    intro = f"<p>{escape(form.intro)}</p>" if form.intro else ""
    title = f"<h2>{escape(form.title)}</h2>" if form.title else ""
    secret = hidden_inputs(hidden)
    boxes = "".join(_consent(c, values, errors) for c in form.consents)
    return (
        f'<form class="form" id="form" method="post" action="{escape(action)}" novalidate>'
        f"{title}{intro}{_summary(form, errors)}{secret}{_fields(form, values, errors)}"
        f'<div class="trap" aria-hidden="true"><label for="f-{TRAP}">Leave this empty</label>'
        f'<input id="f-{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
        f'{boxes}<button class="button" type="submit">{escape(form.button)}</button>{_note(form.note, privacy_url)}</form>'
    )


def hidden_inputs(hidden: Mapping[str, str]) -> str:
    """What the form carries besides what people fill in."""
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in hidden.items())


def _note(note: str, privacy_url: str) -> str:
    link = f'<a href="{escape(privacy_url)}">What happens to your data</a>' if privacy_url else ""
    said = " ".join(part for part in (escape(note), link) if part)
    return f'<p class="legal">{said}</p>' if said else ""


def _summary(form: FormSpec, errors: Mapping[str, str]) -> str:
    if not errors:
        return ""
    labels = {f.name: f.label for f in form.fields} | {
        c.name: "The box above the button" for c in form.consents
    }
    rows = "".join(
        f'<li><a href="#f-{escape(name)}">{escape(labels[name])}</a>: {escape(text)}</li>'
        for name, text in errors.items()
        if name in labels
    )
    whole = (
        f"<p>{escape(errors[''])}</p>"
        if errors.get("")
        else "<p><b>Nothing was sent yet. Mend this first:</b></p>"
    )
    return f'<div class="wrong" role="alert">{whole}{f"<ul>{rows}</ul>" if rows else ""}</div>'


def _fields(form: FormSpec, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """All fields; two half ones that follow each other share a line."""
    out: list[str] = []
    pair: list[str] = []
    for item in form.fields:
        drawn = _field(item, values.get(item.name, ""), errors.get(item.name, ""))
        if item.half:
            pair.append(drawn)
        if pair and (len(pair) == 2 or not item.half):
            out.append(f'<div class="pair">{"".join(pair)}</div>' if len(pair) == 2 else pair[0])
            pair = []
        if not item.half:
            out.append(drawn)
    return "".join(out + pair)


def _field(item: FormField, value: str, error: str) -> str:
    optional = "" if item.required else " <span>(optional)</span>"
    described = " ".join(
        i for i in (f"f-{item.name}-h" if item.help else "", f"f-{item.name}-e" if error else "") if i
    )
    help_text = f'<span class="help" id="f-{item.name}-h">{escape(item.help)}</span>' if item.help else ""
    wrong = f'<span class="error" id="f-{item.name}-e">{escape(error)}</span>' if error else ""
    return (
        f'<div class="field"><label for="f-{item.name}">{escape(item.label)}{optional}</label>'
        f"{_input(item, value, described, bool(error))}{help_text}{wrong}</div>"
    )


def _input(item: FormField, value: str, described: str, wrong: bool) -> str:
    attributes = f'id="f-{item.name}" name="{item.name}"'
    attributes += f' autocomplete="{escape(item.autocomplete)}"' if item.autocomplete else ""
    attributes += " required" if item.required else ""
    attributes += f' aria-describedby="{described}"' if described else ""
    attributes += ' aria-invalid="true"' if wrong else ""
    if item.type is FieldType.SELECT:
        options = "".join(
            f'<option value="{escape(o)}"{" selected" if o == value else ""}>{escape(o)}</option>'
            for o in item.options
        )
        return f'<select {attributes}><option value="">Choose one</option>{options}</select>'
    attributes += f' maxlength="{item.max_length}"'
    if item.type is FieldType.TEXTAREA:
        return f'<textarea {attributes} rows="2">{escape(value)}</textarea>'
    kind = {"number": 'type="text" inputmode="numeric"', "text": 'type="text"'}.get(
        item.type.value, f'type="{item.type.value}"'
    )
    return f'<input {kind} {attributes} value="{escape(value)}">'


def _consent(item: Consent, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    error = errors.get(item.name, "")
    wrong = f'<span class="error" id="f-{item.name}-e">{escape(error)}</span>' if error else ""
    flags = (" required" if item.required else "") + (" checked" if values.get(item.name) else "")
    flags += f' aria-invalid="true" aria-describedby="f-{item.name}-e"' if error else ""
    return (
        f'<div class="consent"><input type="checkbox" id="f-{item.name}" name="{item.name}" value="yes"{flags}>'
        f'<label for="f-{item.name}">{escape(item.text)}{wrong}</label></div>'
    )
