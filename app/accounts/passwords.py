"""Passwords: argon2id, a rule about length, and the same work for people who don't exist.

Nothing here says whether an address is known; the callers keep it so.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.accounts.models import Person

SHORTEST = 12
LONGEST = 256
_FEWEST_KINDS = 5
_COMMON = frozenset(
    [
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "1q2w3e4r5t6y",
        "qwertyuiop123",
        "qwerty123456",
        "qwertyqwerty",
        "123456789012",
        "1234567890123",
        "123123123123",
        "abcdefghijkl",
        "abcd12345678",
        "iloveyou1234",
        "letmein12345",
        "welcome12345",
        "welcome123456",
        "administrator",
        "adminadmin123",
        "changeme1234",
        "changemenow1",
        "throughline1",
        "throughline12",
        "correcthorsebatterystaple",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "qazwsxedcrfv",
        "zaq12wsxcde3",
        "asdfghjkl123",
        "football1234",
        "baseball1234",
        "sunshine1234",
        "princess1234",
        "dragon123456",
        "monkey123456",
        "trustno1trustno1",
        "superman1234",
        "starwars1234",
        "p@ssw0rd1234",
        "p@ssword1234",
        "passw0rd1234",
    ]
)
_hasher = PasswordHasher()  # argon2id with the library's current costs


def trouble(password: str, *personal: str) -> str | None:
    """Why a password can't be taken, in words that say what mends it; None when it can.

    `personal` are words that others know: address, name, company.
    """
    plain = password.casefold().replace(" ", "")
    if len(password) < SHORTEST:
        return f"Use {SHORTEST} characters or more. Four words in a row do well."
    if len(password) > LONGEST:
        return f"Use {LONGEST} characters or fewer."
    known = {word.casefold().replace(" ", "") for word in personal} | {
        word.partition("@")[0].casefold() for word in personal
    }
    if plain in known:
        return "Use something that isn’t your name, your address or your company."
    if plain in _COMMON or len(set(plain)) < _FEWEST_KINDS:
        return "This one is among the first that others try. Use four words in a row."
    return None


def store(person: Person, password: str) -> None:
    """Give `person` a new password. Ends all their sessions: begin a new one where that is wanted."""
    person.password_hash = _hasher.hash(password)
    person.session_epoch = (person.session_epoch or 0) + 1


def fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one stored. For nobody (None) the same work is done, and the answer is no."""
    try:
        _hasher.verify(stored or _of_nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def renew(person: Person, password: str) -> None:
    """Hash a password that fits anew, where the stored hash was made with smaller costs than today's."""
    if person.password_hash and _hasher.check_needs_rehash(person.password_hash):
        person.password_hash = _hasher.hash(password)


@cache
def _of_nobody() -> str:
    return _hasher.hash("the password of nobody in particular")
