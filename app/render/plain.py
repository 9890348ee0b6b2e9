"""Frozen dataclasses to JSON-able data and back, by their type hints: how kits and pages are stored.

Only what the kit format needs: nested dataclasses, tuples, dates, string enums, and optional values.
"""

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cache


def to_plain(value: object) -> object:
    """Frozen dataclasses, tuples, dates and enums as JSON-able data."""
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


@cache
def _hints(cls: type) -> dict[str, object]:
    return typing.get_type_hints(cls)


def from_plain(cls: type, data: Mapping[str, object]) -> object:
    """A frozen dataclass from JSON-able data; unknown keys are ignored."""
    known = {f.name for f in fields(cls)} - {"files"}
    hints = _hints(cls)
    return cls(**{key: _typed(hints[key], value) for key, value in data.items() if key in known})


def _typed(hint: object, value: object) -> object:
    """A JSON value as the type of its field."""
    if value is None:
        return None
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _typed(next(_matching(args, value)), value)
    if origin is tuple and isinstance(value, list):
        inner = args if len(args) == len(value) and Ellipsis not in args else [args[0]] * len(value)
        return tuple(_typed(kind, item) for kind, item in zip(inner, value, strict=True))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return from_plain(hint, value)
    if hint is dt.date:
        return dt.date.fromisoformat(str(value))
    return hint(str(value)) if isinstance(hint, type) and issubclass(hint, StrEnum) else value


def _matching(args: tuple[object, ...], value: object) -> typing.Iterator[object]:
    for kind in args:
        if kind is type(None):
            continue
        if isinstance(value, list) == (typing.get_origin(kind) is tuple):
            yield kind
