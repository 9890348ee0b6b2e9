"""Text as people see it: what can't be seen is taken out before it is stored, and characters are counted as they are read.

Written the same by every keyboard (NFC), without controls and without marks that turn the direction of the words after them.
"""

import re
import unicodedata

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls, soft hyphens, invisible operators, overrides and isolates of direction, halves of characters, and what is no character.
# Joiners (Persian, emoji) and the two direction marks stay: they belong to words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U0001fffe\U0001ffff]"
)
# Letters that no screen shows; they may stand only in the flags of England, Scotland and Wales.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e007f]")
_SPACES = re.compile(r"[^\S\n\u00a0\u202f]+")  # no-break spaces stay as they are
_MANY_BREAKS = re.compile(r"\n{3,}")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # take room and show nothing
_JOINER = "\u200d"
_PILED = 8  # marks on one letter; the most that living scripts pile up is about half


def tidy(raw: str, *, multiline: bool = False) -> str:
    """The text as it is stored: NFC, nothing unseen, single spaces, no space at the ends of lines; one line unless `multiline`."""
    text = _TAGS.sub(r"\1", unseen_out(raw))
    if not multiline:
        return unicodedata.normalize("NFC", _SPACES.sub(" ", text.replace("\n", " ")).strip())
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return unicodedata.normalize("NFC", _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip())


def unseen_out(raw: str) -> str:
    """The text with one kind of line break and without characters that nobody sees; spaces stay."""
    return _UNSEEN.sub("", _BREAKS.sub("\n", raw))


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen."""
    return all(c in _BLANK or unicodedata.category(c)[0] in "CZM" for c in text)


def is_piled(text: str) -> bool:
    """Whether so many marks stand on one letter that they reach into the lines above and below."""
    if text.isascii():
        return False
    run = 0
    for c in text:
        run = run + 1 if unicodedata.category(c) in ("Mn", "Me") else 0
        if run > _PILED:
            return True
    return False


def length(text: str) -> int:
    """How many characters a person counts: a letter with its accents is one, and so is a family of joined emoji (after UAX #29)."""
    if text.isascii():
        return len(text)
    seen, before, base, joiners = 0, "", "", 0
    for c in text:
        joined = before == _JOINER and joiners == 1 and _is_picture(base) and _is_picture(c)
        if joined or _extends(c) or (_is_flag_half(c) and before == base and _is_flag_half(base)):
            base = base if joined or not _is_flag_half(c) else ""
            joiners = 0 if joined else joiners + (c == _JOINER)
        elif unicodedata.category(c) != "Cf":
            seen += 1
            base, joiners = c, 0
        before = c
    return seen


def _extends(c: str) -> bool:
    """Whether `c` always stands in the same place as what comes before it."""
    if unicodedata.category(c)[0] == "M" or c in "\u200c\u200d":
        return True
    code = ord(c)
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:  # colours of skin, letters of flags
        return True
    return 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FB  # vowels and ends of Korean syllables


def _is_picture(c: str) -> bool:
    return bool(c) and not _is_flag_half(c) and (unicodedata.category(c) == "So" or ord(c) >= 0x1F000)


def _is_flag_half(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"
