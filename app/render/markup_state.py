"""Where in markup a value stands: text, attribute, address, style, or a spot where nothing may stand.

A small state machine over HTML and MJML; the template language escapes by it, and the mail compiler checks places by it.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Spot(StrEnum):
    """The kinds of spots, each with its own escaping."""

    TEXT = "text"
    ATTRIBUTE = "attribute"
    URL = "url"
    CSS = "css"
    FORBIDDEN = "forbidden"


URL_ATTRIBUTES = frozenset(
    [
        "href",
        "src",
        "background",
        "background-url",
        "action",
        "poster",
        "cite",
        "xlink:href",
        "thumbnails-src",
        "icon-src",
    ]
)
TEXT_ATTRIBUTES = frozenset(
    ["alt", "title", "aria-label", "name", "value", "placeholder", "content", "label", "lang"]
)
RAW_TEXT = frozenset({"style", "mj-style", "script"})
_SPACE = " \t\r\n\f"


@dataclass(frozen=True)
class State:
    """The scanner's memory: in text, in a tag, in a quoted value, in a comment or in raw text."""

    mode: str = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    value: str = ""

    @property
    def spot(self) -> Spot:
        """What kind of spot this is."""
        if self.mode == "text":
            return Spot.TEXT
        if self.mode == "raw":
            return Spot.FORBIDDEN if self.tag == "script" else Spot.CSS
        if self.mode != "value" or self.attribute.startswith("on") or self.attribute in ("srcset", "srcdoc"):
            return Spot.FORBIDDEN
        if self.attribute in URL_ATTRIBUTES:
            return Spot.URL
        if self.attribute in TEXT_ATTRIBUTES:
            return Spot.ATTRIBUTE
        return Spot.CSS if self.tag.startswith("mj-") or self.attribute in _STYLING else Spot.ATTRIBUTE

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two branches must agree on where they meet again."""
        return (self.mode, self.tag if self.mode != "text" else "", self.attribute, self.quote)


_STYLING = frozenset(
    [
        "style",
        "class",
        "id",
        "width",
        "height",
        "bgcolor",
        "color",
        "align",
        "valign",
        "for",
        "type",
        "rel",
        "target",
        "dir",
    ]
)


# Whole well-formed tags that leave a reader in text, as it was before: read in one go, or mails would take long.
_PLAIN = re.compile(
    r"(?:[^<]+|<(?!(?:style|mj-style|script)\b)[a-zA-Z][\w:-]*"
    r"(?:[ \t\r\n\f]+[\w:@.-]+(?:=(?:\"[^\"]*\"|'[^']*'))?)*[ \t\r\n\f]*/?>|</[a-zA-Z][\w:-]*[ \t\r\n\f]*>)+",
    re.ASCII | re.IGNORECASE,
)


def advance(state: State, data: str) -> State:
    """The state after reading `data`."""
    at = 0
    while at < len(data):
        if state.mode == "text" and (plain := _PLAIN.match(data, at)):
            state, at = State(), plain.end()
            continue
        step = _STEPS[state.mode]
        state, at = step(state, data, at)
    return state


def _text(state: State, data: str, at: int) -> tuple[State, int]:
    start = data.find("<", at)
    if start < 0:
        return state, len(data)
    if data.startswith("<!-->", start):
        return state, start + 5
    if data.startswith("<!--[if", start) or data.startswith("<![", start):
        end = data.find(">", start)
        return state, len(data) if end < 0 else end + 1
    if data.startswith("<!--", start):
        return replace(state, mode="comment"), start + 4
    follows = data[start + 1 : start + 2]
    if follows and not (follows.isalpha() or follows in "/!?"):
        return state, start + 1
    end = start + 1
    while end < len(data) and data[end] not in _SPACE + ">" and not (data[end] == "/" and end > start + 1):
        end += 1
    return State(mode="tag", tag=data[start + 1 : end].lower()), end


def _comment(state: State, data: str, at: int) -> tuple[State, int]:
    end = data.find("-->", at)
    return (state, len(data)) if end < 0 else (State(), end + 3)


def _raw(state: State, data: str, at: int) -> tuple[State, int]:
    end = data.lower().find("</" + state.tag, at)
    return (state, len(data)) if end < 0 else (State(), end)


def _tag(state: State, data: str, at: int) -> tuple[State, int]:
    char = data[at]
    if char == ">":
        closed = data[at - 1 : at] == "/" if at else False
        raw = state.tag in RAW_TEXT and not closed
        return State(mode="raw", tag=state.tag) if raw else State(), at + 1
    if char == "=":
        return replace(state, mode="equals"), at + 1
    if char in _SPACE + "/":
        return state, at + 1
    end = at
    while end < len(data) and data[end] not in _SPACE + "=>/":
        end += 1
    return replace(state, attribute=data[at:end].lower()), end


def _equals(state: State, data: str, at: int) -> tuple[State, int]:
    char = data[at]
    if char in _SPACE:
        return state, at + 1
    if char in "\"'":
        return replace(state, mode="value", quote=char, value=""), at + 1
    return replace(state, mode="bare"), at


def _value(state: State, data: str, at: int) -> tuple[State, int]:
    end = data.find(state.quote, at)
    if end < 0:
        return replace(state, value=state.value + data[at:]), len(data)
    return State(mode="tag", tag=state.tag), end + 1


def _bare(state: State, data: str, at: int) -> tuple[State, int]:
    while at < len(data) and data[at] not in _SPACE + ">":
        at += 1
    return (State(mode="tag", tag=state.tag) if at < len(data) else state), at


_STEPS = {
    "text": _text,
    "comment": _comment,
    "raw": _raw,
    "tag": _tag,
    "equals": _equals,
    "value": _value,
    "bare": _bare,
}
