"""The plain data a template may name: vendor, partner, contact, and the typed values of slots.

Nothing here has behaviour that a template could reach; attributes are text, numbers, dates or None.
"""

from dataclasses import dataclass, field, fields

CONTACT_FIELDS = ("first_name", "last_name", "company", "job_title", "email")
LINK_NAMES = ("landing", "unsubscribe")


@dataclass(frozen=True)
class Vendor:
    """The organisation whose kit it is, as mails and pages name it."""

    name: str
    legal_name: str = ""
    city: str = ""
    website: str = ""
    logo_url: str = ""
    logo_alt: str = ""


@dataclass(frozen=True)
class Partner:
    """The organisation that sends; colours are `#rrggbb`, urls https. `postal_address` is one line, as the law wants it.

    `logo_url` is drawn for dense screens: `logo_width` and `logo_height` are half its pixels, the size to show it at.
    """

    name: str
    legal_name: str = ""
    postal_address: str = ""
    phone: str = ""
    website: str = ""
    email: str = ""
    logo_url: str = ""
    logo_alt: str = ""
    primary_color: str = "#15324b"
    call_color: str = "#b9431a"
    sender_name: str = ""
    logo_dark_url: str = ""
    logo_large_url: str = ""
    logo_width: int = 0
    logo_height: int = 0
    linkedin: str = ""
    facebook: str = ""
    instagram: str = ""
    youtube: str = ""
    x: str = ""
    tiktok: str = ""
    xing: str = ""
    bluesky: str = ""


@dataclass(frozen=True)
class ImageValue:
    """A picture in a slot: where it is served, what it tells, its size in pixels."""

    url: str
    alt: str = ""
    width: int = 0
    height: int = 0

    def __bool__(self) -> bool:
        return bool(self.url)


@dataclass(frozen=True)
class Missing:
    """A required slot nobody has filled yet; `noun` completes the sentence "… is missing"."""

    slot: str
    noun: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.noun} is missing"


IMAGE_FIELDS = tuple(f.name for f in fields(ImageValue))


@dataclass(frozen=True)
class Names:
    """Which names a template may use: declared slots by type, and what else the piece offers."""

    slots: dict[str, str] = field(default_factory=dict)
    contact: bool = True
    links: tuple[str, ...] = LINK_NAMES
    plain: tuple[str, ...] = ("why",)
    submitted: tuple[str, ...] = ()
    links_in_text: bool = False

    def attributes(self, root: str) -> tuple[str, ...]:
        """The attributes that `root` has; none for a name that is not a group."""
        return {
            "slot": tuple(self.slots),
            "partner": tuple(f.name for f in fields(Partner)),
            "vendor": tuple(f.name for f in fields(Vendor)),
            "contact": CONTACT_FIELDS if self.contact else (),
            "link": self.links,
            "submitted": self.submitted,
        }.get(root, ())
