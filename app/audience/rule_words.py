"""A segment's rules as a sentence: whom it means, in words that a colleague would use."""

from app.audience.consent import BASIS_WORDS
from app.audience.models import ConsentBasis
from app.audience.read_rules import Known
from app.audience.rules import About, Condition, Group, How, Join, Rules

ABOUT_WORDS = {
    About.LANGUAGE: "Language",
    About.REGION: "Region",
    About.COUNTRY: "Country",
    About.TIME_ZONE: "Time zone",
    About.COMPANY: "Company",
    About.JOB_TITLE: "Job title",
    About.FIRST_NAME: "First name",
    About.LAST_NAME: "Last name",
    About.EMAIL_DOMAIN: "Email domain",
    About.PHONE: "Phone number",
    About.LIST: "List",
    About.ADDED: "Added",
    About.MARKETING: "Consent to marketing",
    About.TRACKING: "Consent to tracking",
    About.BASIS: "Why they may be mailed",
    About.SOURCE: "Source of the consent",
    About.MAILABLE: "May be mailed",
    About.SENT: "Got a mail",
    About.OPENED: "Opened a mail",
    About.CLICKED: "Clicked",
    About.SUBMITTED: "Left their details",
    About.BOUGHT: "Bought",
}
HOW_WORDS = {
    How.IS: "is",
    How.IS_NOT: "is not",
    How.IN: "is one of",
    How.NOT_IN: "not in",
    How.CONTAINS: "contains",
    How.BEGINS: "begins with",
    How.EMPTY: "is empty",
    How.FILLED: "is known",
    How.LESS: "is less than",
    How.MORE: "is more than",
    How.BETWEEN: "is between",
    How.BEFORE: "before",
    How.AFTER: "after",
    How.WITHIN: "in the last … days",
    How.LONGER: "more than … days ago",
    How.YES: "yes",
    How.NO: "no",
    How.EXPIRES: "runs out within … days",
    How.EVER: "ever",
    How.NEVER: "never",
    How.NOT_WITHIN: "not in the last … days",
    How.TIMES: "at least … times",
}
_DEEDS = {
    About.SENT: ("got a mail", "got no mail"),
    About.OPENED: ("opened a mail", "are not known to have opened a mail"),
    About.CLICKED: ("clicked", "are not known to have clicked"),
    About.SUBMITTED: ("left their details", "did not leave their details"),
    About.BOUGHT: ("bought something", "bought nothing"),
}
# opens and clicks are noted by name only of people who agreed to that
KNOWN_ONLY = (About.OPENED, About.CLICKED)


def how_words(about: About, how: How) -> str:
    """A comparison as the builder offers it."""
    if about is About.LIST:
        return "in" if how is How.IN else "not in"
    if about in (About.MARKETING, About.TRACKING) and how in (How.WITHIN, How.LONGER):
        return f"given {HOW_WORDS[how]}"
    return HOW_WORDS[how]


def sentence(rules: Rules, known: Known) -> str:
    """Whom the rules mean, without a full stop: “people whose language is “nl”, and who clicked in the last 90 days”."""
    parts = [part for group in rules.groups if (part := _group(group, known))]
    if not parts:
        return "everyone among your contacts"
    positive = [part for part in parts if not part.startswith("not ")]
    out = "people " + positive[0] if positive else "everyone"
    word = "and" if rules.join is Join.ALL else "or"
    rest = positive[1:] if positive else []
    for part in [*rest, *(part for part in parts if part.startswith("not "))]:
        if part.startswith("not ") and rules.join is Join.ALL:
            out += f", but {part}"
        else:
            out += f", {word} {part}"
    return out


def _group(group: Group, known: Known) -> str:
    words = [describe(each, known) for each in group.conditions]
    if not words:
        return ""
    if group.join is Join.NONE:
        return "not those " + " or ".join(words)
    return (", and " if group.join is Join.ALL else " or ").join(words)


def describe(one: Condition, known: Known) -> str:
    """One condition, as the end of “people …”."""
    if one.about in _DEEDS:
        return _deed(one, known)
    if one.about is About.LIST:
        names = _listed(
            tuple(known.list_name(int(str(each))) or "a list that is gone" for each in _many(one))
        )
        return f"who are {'' if one.how is How.IN else 'not '}in {names}"
    if one.about in (About.MARKETING, About.TRACKING):
        return _consent(one)
    if one.about is About.BASIS:
        word = BASIS_WORDS[ConsentBasis(str(one.value))].lower()
        return (
            f"who may be mailed for the reason “{word}”"
            if one.how is How.IS
            else f"not mailed for the reason “{word}”"
        )
    if one.about is About.MAILABLE:
        return "who may be mailed by you" if one.how is How.YES else "who may not be mailed by you"
    if one.about is About.ADDED:
        return f"who were added {_when(one)}"
    name = f"“{one.key}”" if one.about is About.FIELD else ABOUT_WORDS[one.about].lower()
    return f"whose {name} {_compared(one)}"


def _many(one: Condition) -> tuple[object, ...]:
    return one.value if isinstance(one.value, tuple) else (one.value,)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"“{value}”"


def _listed(names: tuple[str, ...], word: str = "or") -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def _compared(one: Condition) -> str:
    match one.how:
        case How.IN:
            return f"is {_listed(tuple(str(each) for each in _many(one)))}"
        case How.BETWEEN:
            low, high = _many(one)
            return f"is between {_plain(low)} and {_plain(high)}"
        case How.EMPTY | How.FILLED:
            return HOW_WORDS[one.how] if one.how is How.FILLED else "is not known"
        case How.YES | How.NO:
            return f"is {HOW_WORDS[one.how]}"
        case How.BEFORE | How.AFTER | How.WITHIN | How.LONGER:
            return f"is {_when(one)}"
        case _:
            return f"{HOW_WORDS[one.how]} {_plain(one.value)}"


def _days(one: Condition) -> str:
    days = f"{one.value:g}"
    return "day" if days == "1" else f"{days} days"


def _when(one: Condition) -> str:
    match one.how:
        case How.WITHIN | How.NOT_WITHIN:
            return f"in the last {_days(one)}"
        case How.LONGER:
            return f"more than {_days(one).replace('day', '1 day') if one.value == 1 else _days(one)} ago"
        case _:
            return f"{one.how} {one.value}"


def _consent(one: Condition) -> str:
    what = str(one.about)
    match one.how:
        case How.YES:
            return f"who agreed to {what}"
        case How.NO:
            return f"who have no consent to {what} on record"
        case How.EXPIRES:
            return f"whose consent to {what} runs out within {f'{one.value:g}'} days"
        case _:
            return f"who agreed to {what} {_when(one)}"


def _deed(one: Condition, known: Known) -> str:
    did, did_not = _DEEDS[one.about]
    where = f" of “{known.campaign_name(one.campaign) or 'a campaign that is gone'}”" if one.campaign else ""
    match one.how:
        case How.EVER:
            return f"who {did}{where}"
        case How.NEVER:
            return f"who {did_not}{where}"
        case How.NOT_WITHIN:
            return f"who {did_not}{where} {_when(one)}"
        case How.TIMES:
            many = f"{one.value:g}"
            return f"who {did}{where} at least {'once' if many == '1' else f'{many} times'}"
        case How.LONGER:
            return f"who {did}{where}, the last time {_when(one)}"
        case _:
            return f"who {did}{where} {_when(one)}"
