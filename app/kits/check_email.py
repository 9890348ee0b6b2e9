"""The check of one email: its placeholders, components, pictures and links, what the law wants in it, and the finished mail."""

import re

from app.kits.check_links import check_links
from app.kits.check_look import check_look
from app.kits.check_made import check_made
from app.kits.check_markup import Markup, read_markup
from app.kits.check_mjml import check_mjml
from app.kits.check_slots import check_template, used_slots
from app.kits.findings import RULES, Finding, Report, Severity, from_problems, in_file, in_value
from app.kits.locate import Lines
from app.kits.mjml_schema import holding_html
from app.kits.pieces import EmailPiece, KitSource
from app.kits.samples import sample_slots
from app.kits.table import FILE
from app.render import unsafe

_FOREIGN = re.compile(
    r"\{% raw %\}\{\{\{% endraw %\}.{0,60}?\}\}|\*\|[\w:.]{1,60}\|\*|\[\[[\w .:-]{1,60}\]\]|%%[\w .:-]{1,60}%%"
)
_SURVIVABLE = frozenset({"alt-text", "no-address", "no-unsubscribe", "image-source", "mjml-attribute"})


def check_email(
    kit: KitSource, email: EmailPiece, lines: Lines, address: str, used: set[str]
) -> list[Finding]:
    """Findings of one email; adds the slots it uses to `used`."""
    found = _words(kit, email, lines, address, used)
    if not email.source:
        return found
    markup = read_markup(email.source, holding_html())
    report = Report(email.path, markup.places)
    used |= used_slots(kit, email.source)
    parsed, problems = check_template(kit, email.source, kit.names(), email.language, markup=True)
    found += in_file(problems, email.path)
    found += from_problems(unsafe.problems(markup.masked), email.path)
    check_mjml(markup, report)
    check_links(kit, markup, report)
    _foreign(email, report)
    if parsed is not None:
        _must_mention(markup, parsed.mentions, report)
    found += report.findings
    if any(RULES.get(f.rule) is Severity.ERROR and f.rule not in _SURVIVABLE for f in found):
        return found
    report = Report(email.path, markup.places)
    check_look(kit, markup, email.language, sample_slots(kit), report)
    return found + report.findings + check_made(kit, email, markup, lines, address)


def _words(kit: KitSource, email: EmailPiece, lines: Lines, address: str, used: set[str]) -> list[Finding]:
    """Subject and preheader."""
    found: list[Finding] = []
    for key, text in (("subject", email.subject), ("preheader", email.preheader)):
        used |= used_slots(kit, text)
        _, problems = check_template(kit, text, kit.names(), email.language, markup=False)
        found += in_value(problems, FILE, lines, address, key)
    return found


_MUST_MENTION = (
    ("no-unsubscribe", "link.unsubscribe", "Nobody can unsubscribe from this mail.",
     'Add <a href="{{ link.unsubscribe }}">Unsubscribe with one click</a>.'),
    ("no-address", "partner.postal_address", "The mail names no postal address, which the law wants.",
     "Add {{ partner.postal_address }} to the footer."),
    ("no-why", "why", "The mail doesn’t say why one gets it.", "Add {{ why }} to the footer."),
    ("no-vendor", "vendor.name", "The mail doesn’t say who stands behind it.", "Add “together with {{ vendor.name }}”."),
)  # fmt: skip


def _must_mention(markup: Markup, mentions: frozenset[str], report: Report) -> None:
    body = next((e for e in markup.elements() if e.tag == "mj-body"), None)
    end = body.end if body else len(markup.source)
    for rule, mention, message, mend in _MUST_MENTION:
        if mention not in mentions:
            report.add(rule, end, message, mend)


def _foreign(email: EmailPiece, report: Report) -> None:
    """Placeholders of other systems, which would reach people as they stand."""
    for place in _FOREIGN.finditer(email.source):
        shown = re.sub(r"\{%.*?%\}", "", place.group())
        message = f"{shown} is a placeholder of another system and would be sent as it stands."
        report.add(
            "foreign-placeholder", place.start(), message, "Replace it with one of ours, or with words."
        )
