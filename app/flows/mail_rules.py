"""What can be told of the finished mails at once, without asking anybody: the first part of the check before sending."""

from collections.abc import Iterator

from app.campaigns.prepare import Prepared
from app.domains import manage, names
from app.domains.models import DomainStatus
from app.domains.sender import Sender
from app.flows.check import LaunchCheck, StepMail
from app.render.email import MAX_HTML
from app.settings import current

Rule = dict[str, str]


def mail_rules(found: LaunchCheck) -> list[Rule]:
    """Sender, way out, subject, size, plain text: of each mail where there are several. Empty where there is no mail yet."""
    if found.mail is None or found.made is None:
        return []
    made = found.made
    first = _rule(
        "met",
        f"Sent by {made.partner.sender_name or made.partner.name} from {found.mail.sender.address}",
        f"{_signed_by(found.mail.sender)} Answers go to {made.partner.email}.",
    )
    return [
        first,
        *_domain(found),
        *_lawful(found, made),
        *(rule for mail in found.steps for rule in _weight(found, mail)),
    ]


def _signed_by(sender: Sender) -> str:
    domain = sender.domain or current().dkim_domain
    return f"Signed by {domain}." if domain else "Signed by the mail server."


def _domain(found: LaunchCheck) -> Iterator[Rule]:
    """A sender domain of the partner's own that is not as it should be."""
    domain = manage.of(found.partner)
    if domain is None or domain.status not in (DomainStatus.FAILING, DomainStatus.LAPSED):
        return
    name = names.shown(domain.name)
    if domain.status is DomainStatus.FAILING:
        yield _rule(
            "warn",
            f"A record of {name} is missing",
            "It is used for some days more. See Brand, sender domain.",
        )
    else:
        yield _rule("warn", f"{name} is not used: its records are missing", "See Brand, sender domain.")


def _lawful(found: LaunchCheck, made: Prepared) -> Iterator[Rule]:
    broken = any("unsubscribe link" in p.text or "postal address" in p.text for p in found.problems)
    subjectless = any("no subject line" in problem.text for problem in found.problems)
    yield _rule(
        "broken" if broken else "met",
        "One-click unsubscribe and your postal address are in it"
        if len(found.steps) == 1
        else "One-click unsubscribe and your postal address are in each mail",
        made.partner.postal_address,
    )
    if subjectless:
        yield _rule("broken", "A subject line is empty")


def _weight(found: LaunchCheck, mail: StepMail) -> Iterator[Rule]:
    size = max(version.size for version in mail.versions)
    plain = all(version.text.strip() for version in mail.versions)
    name = "" if len(found.steps) == 1 else f"“{mail.piece.title}”: "
    yield _rule(
        "broken" if size > MAX_HTML else "met" if plain else "warn",
        f"{name}{round(size / 1024)} KB, {'plain text included' if plain else 'without a plain text part'}",
        "Gmail cuts mails over 102 KB.",
    )


def _rule(state: str, title: str, note: str = "") -> Rule:
    return {"state": state, "title": title, "note": note}
