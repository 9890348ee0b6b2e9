"""A partner's brand: what every piece is dressed in, and what is missing before anything may be sent."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.assets.colors import clean_color
from app.assets.images import clean_image
from app.assets.models import Asset, BrandProfile
from app.assets.queries import asset_of
from app.assets.upload import add_image
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid

LIMITS = {
    "legal_name": 160,
    "postal_address": 300,
    "phone": 40,
    "website": 300,
    "sender_name": 80,
    "reply_to": 254,
}


@dataclass(frozen=True)
class Gap:
    """Something a launch needs and the brand lacks; `field` is its name on the brand page."""

    field: str
    text: str


@dataclass(frozen=True)
class BrandInput:
    """A brand as a person typed it; save() checks every field."""

    primary_color: str
    call_color: str
    legal_name: str = ""
    postal_address: str = ""
    phone: str = ""
    website: str = ""
    sender_name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class Upload:
    """A file as it came: the person's name for it, and its bytes."""

    name: str
    data: bytes


def default_brand(partner: Organisation) -> BrandProfile | None:
    """The brand that the partner's campaigns take; None until somebody has saved one."""
    query = scoped(partner, BrandProfile).where(BrandProfile.is_default).order_by(BrandProfile.id)
    return db.session.scalars(query).first()


def brand_by_id(partner: Organisation, brand_id: int | None) -> BrandProfile | None:
    """One brand of the partner; None where there is none with this id."""
    if brand_id is None:
        return None
    return db.session.scalars(scoped(partner, BrandProfile).where(BrandProfile.id == brand_id)).one_or_none()


def logo_of(partner: Organisation, brand: BrandProfile | None) -> Asset | None:
    """The brand's logo, if there is one."""
    return asset_of(partner, brand.logo_id) if brand else None


def gaps(brand: BrandProfile | None) -> list[Gap]:
    """What the law or a mailbox asks for and the brand lacks, in the order of the page."""
    needed = (
        ("sender_name", "The sender name is missing: people see it in their inbox."),
        ("reply_to", "The address that answers go to is missing."),
        ("postal_address", "The postal address is missing. It stands in every mail: the law asks for it."),
    )
    return [Gap(name, text) for name, text in needed if not (brand and getattr(brand, name).strip())]


def brand_gaps(brand: BrandProfile | None) -> list[str]:
    """The sentences of gaps(): nothing is launched while there is one."""
    return [gap.text for gap in gaps(brand)]


def save(
    actor: Actor, given: BrandInput, logo: Upload | None = None, remove_logo: bool = False
) -> BrandProfile:
    """Store the partner's brand, made on first use. Raises Invalid with a sentence for each wrong field, nothing stored."""
    cleaned, wrong = _checked(given)
    if logo is not None:
        try:
            clean_image(logo.name, logo.data)
        except Invalid as error:
            wrong["logo"] = error.message
    if wrong:
        raise Invalid("The brand is not saved yet: mend the marked fields.", wrong)
    brand = default_brand(actor.organisation)
    if brand is None:
        brand = BrandProfile(partner_id=actor.organisation.id)
        db.session.add(brand)
    for name, value in cleaned.items():
        setattr(brand, name, value)
    if logo is not None:
        brand.logo_id = add_image(actor, logo.name, logo.data).id
    elif remove_logo:
        brand.logo_id = None
    brand.updated_at = now()
    db.session.flush()
    record(actor, "brand.saved", brand)
    return brand


def _checked(given: BrandInput) -> tuple[dict[str, str], dict[str, str]]:
    cleaned: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, clean in _CLEANERS.items():
        try:
            cleaned[name] = clean(getattr(given, name))
            if len(cleaned[name]) > LIMITS.get(name, 300):
                raise Invalid(f"At most {LIMITS[name]} characters.")
        except Invalid as error:
            wrong[name] = error.message
    return cleaned, wrong


def one_line(raw: str) -> str:
    """Text that may stand in a header: one line, no control characters. Raises Invalid."""
    text = raw.strip()
    if any(ord(c) < 32 or ord(c) == 127 or c in "\u2028\u2029" for c in text):
        raise Invalid("Write it on one line.")
    return text


def _lines(raw: str) -> str:
    """An address over several lines, as one with commas: that is how mails show it."""
    parts = [" ".join(part.split()).strip(",") for part in raw.replace("\r", "\n").split("\n")]
    return one_line(", ".join(part for part in parts if part))


def _address(raw: str) -> str:
    text = one_line(raw)
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise Invalid("Write one address, such as hello@company.example.") from None


def _website(raw: str) -> str:
    text = one_line(raw)
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or "." not in (parts.hostname or "")
        or any(c in address for c in ' "<>\\')
    ):
        raise Invalid("Write the website’s address, such as https://company.example.")
    return address


_CLEANERS: dict[str, Callable[[str], str]] = {
    "primary_color": clean_color,
    "call_color": clean_color,
    "legal_name": one_line,
    "postal_address": _lines,
    "phone": one_line,
    "website": _website,
    "sender_name": one_line,
    "reply_to": _address,
}
