"""Where a person's clock hangs: time zones and countries as people write them in lists, and the zone of a country with one clock.

Zones are IANA names; which countries have which is the CLDR's table, as Babel ships it.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from sqlalchemy import ColumnElement, case, func

from app.accounts.organise import countries
from app.audience.mailable import Mail, mailable_select
from app.audience.models import Contact
from app.audience.people import People
from app.clock import today
from app.db import db

_NO_PLACE = frozenset({"Factory", "localtime"})
_LANGUAGES = ("en", "nl", "de", "fr", "es", "it", "pt", "da", "sv", "nb", "pl", "cs")
_AS_PEOPLE_SAY = {
    "holland": "NL",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "great britain": "GB",
    "northern ireland": "GB",
    "america": "US",
    "united states of america": "US",
    "deutschland": "DE",
    "schweiz": "CH",
    "czech republic": "CZ",
    "russian federation": "RU",
    "republic of ireland": "IE",
    "korea": "KR",
    "turkey": "TR",
    "ivory coast": "CI",
    "macedonia": "MK",
    "moldavia": "MD",
    "vietnam": "VN",
    "brasil": "BR",
}
# of the zones of a country that all show the same time, the one that people there know
_BEST_KNOWN = {
    "CY": "Asia/Nicosia",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MY": "Asia/Kuala_Lumpur",
    "UZ": "Asia/Tashkent",
}
_LOOK = timedelta(days=7)  # between two looks at the clocks of a country
_LOOKS = 106  # so for two years: every change of the clocks lasts longer than a week


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - _NO_PLACE}


@lru_cache(maxsize=4096)
def zone_name(text: str) -> str | None:
    """The IANA name in `text`, whatever its capitals and with blanks for underscores; None if it is none."""
    return _zones().get("_".join(text.split()).casefold())


@cache
def _countries() -> dict[str, str]:
    codes = {code for code, _ in countries()}
    named = {}
    for language in reversed(_LANGUAGES):  # where two languages disagree the first one counts
        for code, name in Locale(language).territories.items():
            if code in codes:
                named[_plain(name)] = code
    for other, current in get_global("territory_aliases").items():
        if re.fullmatch(r"[A-Z]{2,3}", other) and len(current) == 1 and current[0] in codes:
            named[other.casefold()] = current[0]
    return {**named, **_AS_PEOPLE_SAY, **{code.casefold(): code for code in codes}}


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The two-letter code (ISO 3166) of a country given as a code of two or three letters or by name; None if it isn't known.

    Names are those of twelve European languages, accents or none.
    """
    return _countries().get(_plain(text))


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"^the |\.", "", " ".join(bare.replace("&", "and").split()))


@lru_cache(maxsize=512)
def zone_of_country(code: str) -> str | None:
    """The zone of a country in which every clock shows the same time for the coming two years; None for any other.

    So Germany has one (Büsingen's clocks are Berlin's), Portugal none, because of the Azores.
    """
    names = [name for name in get_global("territory_zones").get(code, ()) if zone_name(name)]
    if not names:
        return None
    start = datetime.combine(today("UTC"), datetime.min.time(), UTC)
    looks = [start + _LOOK * number for number in range(_LOOKS)]
    clocks = {tuple(look.astimezone(ZoneInfo(name)).utcoffset() for look in looks) for name in names}
    return _BEST_KNOWN.get(code, names[0]) if len(clocks) == 1 else None


def place_key() -> ColumnElement[str]:
    """What is known of a contact's place as one text: the zone's name, else the country's code, else nothing."""
    return case((Contact.time_zone != "", Contact.time_zone), else_=Contact.country)


def zone_of(key: str, default: str) -> str:
    """The zone of a contact with this `place_key`; `default` where none is known."""
    if len(key) == 2:
        return zone_of_country(key) or default
    return zone_name(key) or default


def people_by_place(partner_id: int, mail: Mail | int, people: People | int) -> dict[str, int]:
    """How many people of a list (by its id) or of others may be mailed, by their `place_key`."""
    key = place_key().label("place")
    query = mailable_select(partner_id, mail, people).with_only_columns(key, func.count())
    return {row[0]: row[1] for row in db.session.execute(query.group_by(key))}
