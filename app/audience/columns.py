"""What a column of a file can become, and what its heading suggests in English, Dutch, German and French."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from app.audience.models import Contact


class Becomes(StrEnum):
    """What a column becomes. CUSTOM keeps it under its heading; LEAVE_OUT reads nothing of it."""

    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NAME = "name"
    COMPANY = "company"
    JOB_TITLE = "job_title"
    PHONE = "phone"
    LANGUAGE = "language"
    REGION = "region"
    COUNTRY = "country"
    TIME_ZONE = "time_zone"
    CONSENT_BASIS = "consent_basis"
    CONSENT_DATE = "consent_date"
    CONSENT_SOURCE = "consent_source"
    TRACKING = "tracking"
    OPTED_OUT = "opted_out"
    CUSTOM = "custom"
    LEAVE_OUT = "leave_out"

    @property
    def label(self) -> str:
        """The words of the select on the mapping page."""
        return _LABELS[self]


_LABELS = {
    Becomes.EMAIL: "Email",
    Becomes.FIRST_NAME: "First name",
    Becomes.LAST_NAME: "Last name",
    Becomes.NAME: "Full name",
    Becomes.COMPANY: "Company",
    Becomes.JOB_TITLE: "Job title",
    Becomes.PHONE: "Phone",
    Becomes.LANGUAGE: "Language",
    Becomes.REGION: "Region",
    Becomes.COUNTRY: "Country",
    Becomes.TIME_ZONE: "Time zone",
    Becomes.CONSENT_BASIS: "Consent: basis",
    Becomes.CONSENT_DATE: "Consent: date",
    Becomes.CONSENT_SOURCE: "Consent: source",
    Becomes.TRACKING: "Tracking: yes or no",
    Becomes.OPTED_OUT: "May not be mailed: yes or no",
    Becomes.CUSTOM: "A field of its own",
    Becomes.LEAVE_OUT: "Leave out",
}
TEXT_FIELDS = (
    Becomes.FIRST_NAME, Becomes.LAST_NAME, Becomes.COMPANY, Becomes.JOB_TITLE, Becomes.PHONE, Becomes.LANGUAGE, Becomes.REGION,
    Becomes.COUNTRY, Becomes.TIME_ZONE,
)  # fmt: skip
LIMITS: dict[str, int] = {name: Contact.__table__.c[name].type.length for name in TEXT_FIELDS}  # type: ignore[attr-defined]
CUSTOM_LIMIT = 300
MAX_CUSTOM = 30

_WORDS: dict[Becomes, str] = {
    Becomes.EMAIL: "email emailaddress emailadres mail mailadres mailaddress emailadresse adressemail courriel emailwork workemail primaryemail",
    Becomes.FIRST_NAME: "firstname first givenname forename voornaam roepnaam vorname prenom",
    Becomes.LAST_NAME: "lastname last surname familyname achternaam familienaam nachname nomdefamille nom",
    Becomes.NAME: "name fullname contact contactname naam volledigenaam contactpersoon kontakt ansprechpartner",
    Becomes.COMPANY: "company companyname organisation organization account accountname employer bedrijf bedrijfsnaam organisatie firma firmenname "
    "unternehmen societe entreprise klant kunde",
    Becomes.JOB_TITLE: "jobtitle title role function position functie functietitel rol beroep titel funktion poste fonction",
    Becomes.PHONE: "phone phonenumber telephone tel mobile mobilephone cell telefoon telefoonnummer mobiel telefon telefonnummer gsm",
    Becomes.LANGUAGE: "language lang locale taal sprache langue voorkeurstaal",
    Becomes.REGION: "region state province provincie regio gewest bundesland county",
    Becomes.COUNTRY: "country countrycode countryname land landcode landencode pays paese pais",
    Becomes.TIME_ZONE: "timezone tz zeitzone tijdzone fuseauhoraire fuseau",
    Becomes.CONSENT_BASIS: "consent consentbasis basis toestemming grondslag legalbasis",
    Becomes.CONSENT_DATE: "consentdate optindate optedinat subscribedat dateofconsent toestemmingsdatum datumtoestemming inschrijfdatum customersince "
    "klantsinds lastorder lastorderdate laatstebestelling laatsteorder optin",
    Becomes.CONSENT_SOURCE: "consentsource optinsource source bron herkomst quelle",
    Becomes.TRACKING: "tracking trackingconsent mayTrack trackingtoestemming".lower(),
    Becomes.OPTED_OUT: "optout optedout unsubscribed donotmail donotemail noemail afgemeld uitgeschreven nietmailen nomail abgemeldet",
}
_BY_WORD = {word: becomes for becomes, words in _WORDS.items() for word in words.split()}
_FREE_TEXT = re.compile(r"note|remark|comment|opmerking|notitie|memo|bemerkung")


def guess(header: Sequence[str]) -> list[Becomes]:
    """What each heading suggests. Nothing is suggested twice; what isn't known is left out."""
    taken: set[Becomes] = set()
    found = []
    for name in header:
        becomes = _BY_WORD.get(re.sub(r"[^a-z]", "", _plain(name)), Becomes.LEAVE_OUT)
        if becomes in taken:
            becomes = Becomes.LEAVE_OUT
        if becomes is not Becomes.LEAVE_OUT:
            taken.add(becomes)
        found.append(becomes)
    return found


def is_free_text(name: str) -> bool:
    """Whether a heading promises notes, which may hold private things."""
    return bool(_FREE_TEXT.search(_plain(name)))


def _plain(name: str) -> str:
    return name.casefold().translate(str.maketrans("éèêëáàâäíìîïóòôöúùûüç", "eeeeaaaaiiiioooouuuuc"))


def check(mapping: Sequence[Becomes]) -> str | None:
    """What is wrong with a mapping, as a sentence; None when it will do."""
    if mapping.count(Becomes.EMAIL) != 1:
        return "Say which column holds the email address: one, and only one."
    for becomes in dict.fromkeys(mapping):
        if becomes not in (Becomes.CUSTOM, Becomes.LEAVE_OUT) and mapping.count(becomes) > 1:
            return f"Two columns become “{becomes.label}”. Choose one of them."
    if Becomes.NAME in mapping and (Becomes.FIRST_NAME in mapping or Becomes.LAST_NAME in mapping):
        return "Take the full name, or the first and the last name, not both."
    if mapping.count(Becomes.CUSTOM) > MAX_CUSTOM:
        return f"At most {MAX_CUSTOM} columns can become fields of their own."
    return None


def to_json(mapping: Sequence[Becomes]) -> dict[str, Any]:
    """A mapping as it is kept with the import: column number to what it becomes."""
    return {str(number): str(becomes) for number, becomes in enumerate(mapping)}


def from_json(raw: Mapping[str, Any], width: int) -> list[Becomes]:
    """The same, read back for a file of `width` columns; what is missing is left out."""
    return [Becomes(raw.get(str(number), Becomes.LEAVE_OUT)) for number in range(width)]
