"""A DKIM record beside the one that is wanted: the ways in which forms and people spoil a long key (RFC 6376, 3.6.1)."""

import re

_SPACE = re.compile(r"\s+")
_STRAY = re.compile(r'\\[nr]|["\\\s]+')
_Judged = tuple[str, str]


def explain_dkim(wanted: str, values: tuple[str, ...]) -> _Judged | None:
    """A state and what is to be said; None where no record here is one of DKIM."""
    found = [text for text in values if "p=" in text or "v=dkim1" in text.lower().replace(" ", "")]
    if not found:
        return None
    ours = _tags(wanted)["p"]
    if len(found) > 1:
        return (
            "wrong",
            f"{len(found)} keys stand at this name, and receivers take any of them. Keep the one on the left.",
        )
    return _judge(found[0], ours)


def _judge(text: str, ours: str) -> _Judged:
    tags = _tags(text)
    key = _SPACE.sub("", tags.get("p", ""))
    if key == ours and not set(text) & {'"', "\\"}:
        return _about_the_rest(text, tags)
    if key == "" and "p" in tags:
        return (
            "wrong",
            "The key is empty, which tells receivers that it was withdrawn. Put the whole value there.",
        )
    clean = _STRAY.sub("", _tags(_STRAY.sub("", text)).get("p", ""))
    if clean == ours:
        return (
            "wrong",
            "Quotation marks or backslashes stand inside the value. Take them out: the key must be one text.",
        )
    if clean and ours.startswith(clean):
        return (
            "wrong",
            f"The key is cut off after {len(clean)} of {len(ours)} characters. Give it in two strings of at most 255, as the zone file below has it.",
        )
    if clean and clean in ours:
        return (
            "wrong",
            f"Only {len(clean)} of {len(ours)} characters of the key stand here: its beginning is missing.",
        )
    return "wrong", "Another key stands here. Put the value on the left in its place."


def _about_the_rest(text: str, tags: dict[str, str]) -> _Judged:
    first = text.strip().lower()
    version = tags.get("v")
    if version is not None and (version.upper() != "DKIM1" or not first.startswith("v")):
        return "wrong", "v=DKIM1 must stand first in it."
    if tags.get("k", "rsa").lower() != "rsa":
        return "wrong", "The key is of the kind RSA: write k=rsa."
    if "h" in tags and "sha256" not in tags["h"].lower():
        return "wrong", "It forbids the hash that we sign with: take the h= out."
    if "y" in tags.get("t", "").lower().split(":"):
        return "look", "It says that it is only a test (t=y): take that out."
    return "found", ""


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
