"""The front of the web server: links, pixels and landing pages are noted and answered here out of memory, before Flask wakes.

Whatever is unusual about a request (another method, an unknown host, a token that isn't ours, something not in memory) goes to the
view of the same address, which answers by the same functions: byte for byte the same, as a test compares.
"""

import re
from typing import Any

from flask import Flask

from app.landing.served import pages, view
from app.landing.shown import form_tokens
from app.settings import current
from app.tokens import BadToken
from app.tracking.answers import Answer, Visit, tracker
from app.web.security import public_headers

_TOKEN = 32  # characters
_LINK_QUERY = re.compile(r"t=([\w-]{32})", re.ASCII)

Headers = list[tuple[str, str]]


class Front:
    """Answers from the memory of this process. `scope` is granian's."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self.tracker, self.pages, self.forms = tracker(), pages(), form_tokens()
            self.common = [(name.lower(), value) for name, value in public_headers(current())]
        origins: dict[str, str] = app.extensions["origins"]
        self.hosts = frozenset(host for host, origin in origins.items() if origin == "public")

    def __call__(self, scope: Any) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body; None where Flask has to answer. Raises OSError where the event can't be noted here."""
        path: str = scope.path
        if path[:3] not in ("/c/", "/o/", "/p/") or scope.method != "GET":
            return None
        given = scope.headers
        if given.get("host") not in self.hosts:
            return None
        try:
            answer = self._answer(path, scope.query_string, Visit("GET", given.get("user-agent") or ""))
        except BadToken:
            return None
        if answer is None:
            return None
        headers = [(name.lower(), value) for name, value in answer.headers]
        headers.append(("content-length", str(len(answer.body))))
        return answer.status, headers + self.common, answer.body

    def _answer(self, path: str, query: str, visit: Visit) -> Answer | None:
        kind, rest = path[1], path[3:]
        if kind == "c":
            token, _, number = rest.partition("/")
            if len(token) == _TOKEN and number.isascii() and number.isdecimal() and len(number) < 10:
                return self.tracker.click(token, int(number), visit)
        elif kind == "o":
            if len(rest) == _TOKEN + 4 and rest.endswith(".gif"):
                return self.tracker.pixel(rest[:_TOKEN], visit)
        else:
            return self._page(rest, query, visit)
        return None

    def _page(self, pid: str, query: str, visit: Visit) -> Answer | None:
        link = _LINK_QUERY.fullmatch(query) if query else None
        page = self.pages.find(pid)
        if page is None or (query and link is None):
            return None
        token = link[1] if link else ""
        return view(page, self.forms.make(page.page_id), token, visit, self.tracker)
