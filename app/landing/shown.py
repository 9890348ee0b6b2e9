"""A token for one showing of a form: it makes a double click one submission and tells how long a person took.

It is what `tokens.make_timed` makes (itsdangerous), with the derived key kept: one is made for every view of a page.
"""

import secrets
from datetime import datetime
from functools import lru_cache

from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes

from app import tokens
from app.clock import now
from app.landing.models import PublishedPage
from app.settings import current

FORM_PURPOSE = "form"


def form_token(page: PublishedPage, at: datetime | None = None) -> str:
    """A token for showing this page's form now, or as if it had been shown `at`."""
    shown = (at or now()).timestamp()
    return tokens.make_timed(FORM_PURPOSE, {"p": page.id, "n": secrets.token_urlsafe(12), "at": shown})


class FormTokens:
    """Makes the same tokens for an installation's secret key, without an application context."""

    def __init__(self, secret_key: str) -> None:
        serializer = URLSafeTimedSerializer(secret_key, salt=f"throughline {FORM_PURPOSE}")
        self._signer = serializer.make_signer(serializer.salt)
        self._key = self._signer.derive_key()

    def make(self, page_id: int) -> str:
        """A token for showing the form of a page now."""
        shown = now().timestamp()
        facts = f'{{"p":{page_id},"n":"{secrets.token_urlsafe(12)}","at":{shown!r}}}'
        stamp = base64_encode(int_to_bytes(int(shown)))
        value = base64_encode(facts) + b"." + stamp
        signature = base64_encode(self._signer.algorithm.get_signature(self._key, value))
        return (value + b"." + signature).decode()


@lru_cache(maxsize=4)
def _of(secret_key: str) -> FormTokens:
    return FormTokens(secret_key)


def form_tokens() -> FormTokens:
    """The maker of the running application."""
    return _of(current().secret_key)
