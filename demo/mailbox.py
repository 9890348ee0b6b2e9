"""The mailboxes of everyone in the story: the sandbox mailbox, read through its pages as a mail program would."""

import email
import re
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from urllib.parse import urljoin

from bs4 import BeautifulSoup

from demo.browser import Browser, Stuck

_URL = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Letter:
    """One mail as it lies in a mailbox."""

    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject as a person reads it."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain text."""
        part = self.message.get_body(("plain",))
        return part.get_content() if part else ""

    @property
    def html(self) -> BeautifulSoup:
        """The HTML part."""
        part = self.message.get_body(("html",))
        return BeautifulSoup(part.get_content() if part else "", "lxml")

    def link(self) -> str:
        """The first address in the text: what a mail of the product asks to open."""
        found = _URL.search(self.text)
        if not found:
            raise Stuck(f"the mail “{self.subject}” holds no link")
        return found[0].rstrip(".,)")

    def links(self) -> list[str]:
        """All addresses that its links lead to, in order, each once."""
        return list(
            dict.fromkeys(
                str(a["href"])
                for a in self.html.find_all("a", href=True)
                if str(a["href"]).startswith("http")
            )
        )

    def images(self) -> list[str]:
        """All pictures it would load."""
        return [
            str(i["src"]) for i in self.html.find_all("img", src=True) if str(i["src"]).startswith("http")
        ]

    def one_click(self) -> str:
        """The address that takes a one-click unsubscribe."""
        found = _URL.search(str(self.message["List-Unsubscribe"] or ""))
        if not found:
            raise Stuck(f"the mail “{self.subject}” can’t be unsubscribed from")
        return found[0]


class Mailbox:
    """Reads the sandbox. `home` is the address people sign in at."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.client = Browser(home).client

    def all(self, to: str | None = None) -> list[Letter]:
        """Every mail (to one address), the newest first."""
        letters: list[Letter] = []
        url: str | None = "/sandbox"
        while url:
            params = {"q": to} if to and url == "/sandbox" else None
            answer = (
                self.client.get(
                    urljoin(self.home, url), params=params, headers={"Accept": "application/json"}
                )
                .raise_for_status()
                .json()
            )
            for item in answer["messages"]:
                raw = self.client.get(urljoin(self.home, item["raw_url"])).raise_for_status().content
                letters.append(Letter(item["to"].lower(), email.message_from_bytes(raw, policy=default)))
            url = answer.get("next_url")
        return letters

    def wait_for(self, to: str, subject: str, seconds: float = 20) -> Letter:
        """The newest mail to `to` whose subject holds these words; stops when none comes."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for letter in self.all(to):
                if subject.lower() in letter.subject.lower() and letter.to == to.lower():
                    return letter
            time.sleep(0.2)
        raise Stuck(f"no mail with “{subject}” came to a player within {seconds:.0f} s")
