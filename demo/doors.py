"""Getting in: by the link of an invitation, or by the sign-in page."""

from demo.browser import Browser, Page
from demo.mailbox import Mailbox

PASSWORD = "a long walk along the harbour"  # noqa: S105 - the players' own, for an installation that they made


def accept(browser: Browser, mailbox: Mailbox, address: str, name: str, subject: str, button: str) -> Page:
    """Open the invitation that came by mail, give a name and a password, begin."""
    letter = mailbox.wait_for(address, subject)
    form = browser.open(letter.link()).form(button)
    return form.fill(name=name, password=PASSWORD).submit(button)


def sign_in(browser: Browser, address: str) -> Page:
    """Sign in as somebody who has been here before."""
    return browser.open("/sign-in").form("Sign in").fill(email=address, password=PASSWORD).submit("Sign in")
