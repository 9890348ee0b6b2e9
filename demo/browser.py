"""A person's browser without a screen: follows links by their words, fills forms by their labels, keeps cookies.

It knows nothing of the product but what stands on its pages, and stops with the page's own words when something is refused.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urljoin

import httpx
from bs4 import BeautifulSoup, Tag


class Stuck(Exception):
    """A player can't go on: the page is not what a person would expect. The message quotes the page."""


@dataclass
class Form:
    """A form as it stands on a page, with what is filled in already."""

    browser: "Browser"
    page: "Page"
    tag: Tag
    values: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes, str]] = field(default_factory=dict)

    def fill(self, **labels_or_names: str | bool) -> Self:
        """Fill fields by name; True and False tick boxes."""
        for name, value in labels_or_names.items():
            self.set(name, value)
        return self

    def set(self, name: str, value: str | bool) -> Self:
        """Fill the field with this name, or whose label starts with these words."""
        control = self._control(name)
        key = str(control["name"])
        if control.get("type") == "checkbox":
            self.values = [(k, v) for k, v in self.values if k != key]
            if value:
                self.values.append((key, str(control.get("value", "on"))))
            return self
        text = self._option(control, str(value)) if control.name == "select" else str(value)
        self.values = [(k, v) for k, v in self.values if k != key] + [(key, text)]
        return self

    def choose(self, name: str, label: str) -> Self:
        """Tick the radio or checkbox of a group whose label starts with these words."""
        for control in self.tag.find_all("input", attrs={"name": name}):
            words = _label_of(self.page.soup, control)
            if words.startswith(label):
                if control.get("type") == "radio":
                    self.values = [(k, v) for k, v in self.values if k != name]
                self.values.append((name, str(control.get("value", "on"))))
                return self
        raise Stuck(f"no choice “{label}” for {name} on {self.page.name}")

    def value(self, name: str) -> str:
        """What stands in a field now."""
        return dict(self.values).get(str(self._control(name)["name"]), "")

    def attach(self, name: str, path: Path, content_type: str) -> Self:
        """Put a file into a file field."""
        key = str(self._control(name)["name"])
        self.files[key] = (path.name, path.read_bytes(), content_type)
        return self

    def submit(self, button: str | None = None) -> "Page":
        """Press the button with these words (or the form's first) and go where it leads."""
        values = list(self.values)
        pressed = self._button(button)
        if pressed is not None and pressed.get("name"):
            values.append((str(pressed["name"]), str(pressed.get("value", ""))))
        action = str(
            (pressed.get("formaction") if pressed is not None else None)
            or self.tag.get("action")
            or self.page.url
        )
        method = str(self.tag.get("method", "get")).lower()
        return self.browser.send(method, urljoin(self.page.url, action), values, self.files)

    def _button(self, words: str | None) -> Tag | None:
        outside = (
            self.page.soup.find_all("button", attrs={"form": str(self.tag["id"])})
            if self.tag.get("id")
            else []
        )
        buttons = [b for b in (*self.tag.find_all("button"), *outside) if b.get("type", "submit") == "submit"]
        if words is None:
            return buttons[0] if buttons else None
        for button in buttons:
            if _words(button).startswith(words) or str(button.get("aria-label", "")).startswith(words):
                return button
        raise Stuck(f"no button “{words}” on {self.page.name}; there are: {[_words(b) for b in buttons]}")

    def _control(self, name: str) -> Tag:
        found = self.tag.find(["input", "select", "textarea"], attrs={"name": name})
        if isinstance(found, Tag):
            return found
        for label in self.tag.find_all("label"):
            if _words(label).startswith(name) and label.get("for"):
                target = self.tag.find(id=str(label["for"]))
                if isinstance(target, Tag):
                    return target
        for control in self.tag.find_all(["input", "select", "textarea"]):
            if str(control.get("aria-label", "")).startswith(name):
                return control
        names = [str(c.get("name")) for c in self.tag.find_all(["input", "select", "textarea"])]
        raise Stuck(f"no field “{name}” on {self.page.name}; there are: {names}")

    def _option(self, control: Tag, words: str) -> str:
        options = control.find_all("option")
        for option in options:
            if words in (str(option.get("value", "")), _words(option)) or _words(option).startswith(words):
                return str(option.get("value", _words(option)))
        raise Stuck(f"no choice “{words}” on {self.page.name}; there are: {[_words(o) for o in options]}")


@dataclass
class Page:
    """A page as it was answered."""

    browser: "Browser"
    url: str
    status: int
    soup: BeautifulSoup

    @property
    def name(self) -> str:
        """The page's heading and address, for messages."""
        return f"“{self.heading}” ({self.status} {self.url})"

    @property
    def heading(self) -> str:
        """The words of the first heading."""
        found = self.soup.find("h1")
        return _words(found) if isinstance(found, Tag) else ""

    @property
    def text(self) -> str:
        """All words of the page's main part, single-spaced."""
        main = self.soup.find("main") or self.soup
        return " ".join(main.get_text(" ").split())

    def follow(self, words: str) -> "Page":
        """Follow the link that starts with these words (or is described by them)."""
        for link in self.soup.find_all("a", href=True):
            if _words(link).startswith(words) or str(link.get("aria-label", "")).startswith(words):
                return self.browser.open(urljoin(self.url, str(link["href"])))
        raise Stuck(f"no link “{words}” on {self.name}")

    def has_link(self, words: str) -> bool:
        """Whether a link starts with these words."""
        return any(_words(link).startswith(words) for link in self.soup.find_all("a", href=True))

    def has_button(self, words: str) -> bool:
        """Whether a button starts with these words."""
        return any(_words(b).startswith(words) for b in self.soup.find_all("button"))

    def form(self, button: str) -> Form:
        """The form that a button with these words sends, with what is filled in already."""
        for control in self.soup.find_all("button"):
            if control.get("type", "submit") != "submit":
                continue
            if not (
                _words(control).startswith(button) or str(control.get("aria-label", "")).startswith(button)
            ):
                continue
            tag = (
                self.soup.find("form", id=str(control["form"]))
                if control.get("form")
                else control.find_parent("form")
            )
            if isinstance(tag, Tag):
                return Form(self.browser, self, tag, _preset(tag))
        buttons = [_words(b) for b in self.soup.find_all("button")]
        raise Stuck(f"no form with a button “{button}” on {self.name}; buttons: {buttons}; {self.errors()}")

    def errors(self) -> str:
        """What the page says is wrong."""
        found = self.soup.select(".tl-error, .tl-notice-bad, [role=alert]")
        return " / ".join(_words(tag) for tag in found)

    def figure(self, label: str) -> str:
        """The value beside a label in a list of figures or facts."""
        for term in self.soup.find_all("dt"):
            if _words(term).startswith(label):
                value = term.find_next_sibling("dd")
                if isinstance(value, Tag):
                    return _words(value)
        raise Stuck(f"no figure “{label}” on {self.name}")


class Browser:
    """One person's browser: cookies, one page at a time."""

    def __init__(
        self, home: str, agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    ) -> None:
        self.home = home
        self.client = httpx.Client(
            follow_redirects=True, timeout=30, headers={"User-Agent": agent, "Accept": "text/html"}
        )

    def open(self, url: str) -> Page:
        """Open an address; a path is taken from home. Stops on anything but success."""
        return self._page(self.client.get(urljoin(self.home, url)))

    def send(
        self, method: str, url: str, values: list[tuple[str, str]], files: dict[str, tuple[str, bytes, str]]
    ) -> Page:
        """Send a form."""
        if method == "get":
            return self._page(self.client.get(url, params=tuple(values)))
        data: dict[str, list[str]] = {}
        for key, value in values:
            data.setdefault(key, []).append(value)
        return self._page(self.client.post(url, data=data, files=files or None, headers={"Referer": url}))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _page(self, answer: httpx.Response) -> Page:
        page = Page(self, str(answer.url), answer.status_code, BeautifulSoup(answer.text, "lxml"))
        if answer.status_code >= 400:
            raise Stuck(f"{page.name}: {page.errors() or page.text[:300]}")
        return page


def _preset(tag: Tag) -> list[tuple[str, str]]:
    values: list[tuple[str, str]] = []
    for control in tag.find_all(["input", "select", "textarea"]):
        name, kind = control.get("name"), control.get("type", "text")
        if not name or control.has_attr("disabled") or kind in ("submit", "button", "file"):
            continue
        if control.name == "select":
            options = control.find_all("option")
            chosen = [o for o in options if o.has_attr("selected")] or options[:1]
            values += [(str(name), str(o.get("value", _words(o)))) for o in chosen]
        elif kind in ("checkbox", "radio"):
            if control.has_attr("checked"):
                values.append((str(name), str(control.get("value", "on"))))
        else:
            text = (
                control.get_text().removeprefix("\n")
                if control.name == "textarea"
                else str(control.get("value", ""))
            )
            values.append((str(name), text))
    return values


def _label_of(soup: BeautifulSoup, control: Tag) -> str:
    around = control.find_parent("label")
    if isinstance(around, Tag):
        return _words(around)
    label = soup.find("label", attrs={"for": str(control.get("id", ""))})
    return _words(label) if isinstance(label, Tag) else ""


def _words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())
