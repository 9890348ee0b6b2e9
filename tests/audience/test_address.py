"""The fast path for plain addresses says what email-validator says, or leaves it to email-validator."""

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.audience import address
from app.audience.address import BadAddress, normalise

_NEAR = "abzAZ019.-_@!#$%&'*+/=?^`{|}~\"<> ,\tßéK"  # the last is the Kelvin sign, whose lower case is k
_LABEL = st.one_of(
    st.text("abXn019-", min_size=1, max_size=8),
    st.sampled_from(
        ["xn--bcher-kva", "ab--c", "a" * 63, "a" * 64, "-a", "a-", "1", *SPECIAL_USE_DOMAIN_NAMES]
    ),
)
_DOMAIN = st.lists(_LABEL, min_size=1, max_size=5).map(".".join)
_LOCAL = st.text(_NEAR, max_size=12) | st.just("a" * 65) | st.just("a" * 200)
_ADDRESS = st.builds("{}@{}".format, _LOCAL, _DOMAIN) | st.text(_NEAR, max_size=24)


def judged(text: str) -> str | None:
    """What email-validator alone makes of it."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    made = (found.ascii_email or found.normalized).lower()
    return made if len(made) <= address.MAX_ADDRESS else None


@settings(max_examples=1500, deadline=None)
@given(_ADDRESS)
@example("a@b.co")
@example("a@b.co\n")
@example("a@b.co.")
@example("a@" + "a." * 126 + "com")
@example("a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com")
@example("a@ab--cd.com")
@example("a@xn--bcher-kva.com")
@example("A@TEST.Invalid")
@example("a@1.2")
@example("\u212a@b.co")
@example("a@\u212a.co")
def test_an_address_is_taken_and_written_as_email_validator_does(text: str) -> None:
    try:
        made: str | None = normalise(text)
    except BadAddress:
        made = None
    assert made == judged(text)


@pytest.mark.parametrize(
    "text", ["person1.a@hoekstra12.co.uk", "Info@Harbour-IT.example", "o'neil+news@x1.nl"]
)
def test_plain_addresses_never_reach_the_slow_path(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "validate_email", lambda *_: pytest.fail("the slow path"))
    assert normalise(text) == text.lower()
