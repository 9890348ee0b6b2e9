"""The side bar and the phone bar: which pages a role sees, in which order, with how many things waiting.

An item whose page isn't registered is left out, so that no link leads nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, url_for

Counter = Callable[[Any], int]
LogoOf = Callable[[Any], str | None]


@dataclass(frozen=True)
class Item:
    """A page in the navigation. `key` is what a template sets as `nav`; `phone` puts it into the phone's bar."""

    key: str
    label: str
    icon: str
    endpoint: str
    phone: bool = False
    setup: bool = False


@dataclass(frozen=True)
class Link:
    """An item as it is drawn. `count` is 0 where nothing waits."""

    key: str
    label: str
    icon: str
    url: str
    count: int


@dataclass(frozen=True)
class Navigation:
    """What the two bars hold. `tabs` and `rest` together are all there is."""

    main: tuple[Link, ...] = ()
    setup: tuple[Link, ...] = ()
    tabs: tuple[Link, ...] = ()
    rest: tuple[Link, ...] = ()


PARTNER = (
    Item("home", "Home", "home", "home.index", phone=True),
    Item("campaigns", "Campaigns", "send", "campaigns.index", phone=True),
    Item("kits", "Kits", "package", "kits.index"),
    Item("contacts", "Contacts", "users", "contacts.index"),
    Item("leads", "Leads", "inbox", "leads.index", phone=True),
    Item("deals", "Deals", "heart-handshake", "deals.index"),
    Item("funds", "Funds", "coin-euro", "funds.index", phone=True),
    Item("brand", "Brand", "palette", "brand.edit", setup=True),
    Item("library", "Library", "photo", "library.index", setup=True),
    Item("settings", "Settings", "settings", "settings.index", setup=True),
)
VENDOR = (
    Item("home", "Home", "home", "home.index", phone=True),
    Item("kits", "Kits", "package", "kits.index", phone=True),
    Item("reviews", "Reviews", "eye", "reviews.index"),
    Item("partners", "Partners", "building-store", "partners.index", phone=True),
    Item("funds", "Funds", "coin-euro", "funds.index", phone=True),
    Item("leads", "Leads and deals", "inbox", "leads.index"),
    Item("tests", "Tests", "flask", "tests.index"),
    Item("reports", "Reports", "chart-bar", "reports.index"),
    Item("library", "Library", "photo", "library.index", setup=True),
    Item("settings", "Settings", "settings", "settings.index", setup=True),
)
_counters: dict[str, Counter] = {}
_logos: list[LogoOf] = []


def register_count(key: str, counter: Counter) -> None:
    """Show beside item `key` how many things wait: `counter(actor)`, asked once a page."""
    _counters[key] = counter


def register_logo(find: LogoOf) -> None:
    """Show an organisation's logo in the switcher: `find(organisation)` gives an address or None."""
    _logos[:] = [find]


def navigation(actor: Any) -> Navigation:
    """The bars for this actor; empty when nobody is signed in."""
    if not actor:
        return Navigation()
    items = [
        item
        for item in (VENDOR if actor.organisation.kind == "vendor" else PARTNER)
        if item.endpoint in current_app.view_functions
    ]
    links = {item.key: _link(item, actor) for item in items}
    return Navigation(
        main=tuple(links[item.key] for item in items if not item.setup),
        setup=tuple(links[item.key] for item in items if item.setup),
        tabs=tuple(links[item.key] for item in items if item.phone),
        rest=tuple(links[item.key] for item in items if not item.phone),
    )


def logo_url(organisation: Any) -> str | None:
    """The organisation's logo, or None: then its initials are drawn."""
    found: dict[int, str | None] = g.setdefault("navigation_logos", {})
    if organisation.id not in found:
        found[organisation.id] = _logos[0](organisation) if _logos else None
    return found[organisation.id]


def initials(name: str) -> str:
    """`MV` for Maya de Vries: the first letters of the first and the last word."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0].upper() for word in ([words[0], words[-1]] if len(words) > 1 else words))


def register(app: Flask) -> None:
    """Give templates the bars."""
    app.jinja_env.globals.update(navigation=navigation, logo_url=logo_url)
    app.jinja_env.filters["initials"] = initials


def _link(item: Item, actor: Any) -> Link:
    counter = _counters.get(item.key)
    return Link(item.key, item.label, item.icon, url_for(item.endpoint), counter(actor) if counter else 0)
