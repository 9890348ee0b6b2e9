"""Parts of a rule's SQL that the two databases spell differently: a key of `Contact.fields` by its kind, the domain of an address, small letters.

Each gives NULL, or the empty text, where the contact has nothing of that kind: what an import left there as another kind counts as nothing.
"""

from typing import Any

from sqlalchemy import Boolean, Float, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class json_text(GenericFunction[str]):  # noqa: N801 — named as SQL functions are
    """A key's value where it is a JSON string."""

    type = String()
    inherit_cache = True


class json_number(GenericFunction[float]):  # noqa: N801
    """A key's value where it is a JSON number."""

    type = Float()
    inherit_cache = True


class json_flag(GenericFunction[bool]):  # noqa: N801
    """A key's value where it is true or false."""

    type = Boolean()
    inherit_cache = True


class domain_of(GenericFunction[str]):  # noqa: N801
    """What stands behind the at sign."""

    type = String()
    inherit_cache = True


class small(GenericFunction[str]):  # noqa: N801
    """The text with A–Z as a–z and all else as it is: the same on both databases, whatever their locale."""

    type = String()
    inherit_cache = True


def small_letters(text: str) -> str:
    """What `small` does, in Python."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _both(element: Any, compiler: Any, kw: Any) -> tuple[str, str]:
    column, key = (compiler.process(each, **kw) for each in element.clauses)
    return column, key


def _on_sqlite(types: str) -> Any:
    # json_each, not a path: a name may hold quotes and dots
    def compile_(element: Any, compiler: Any, **kw: Any) -> str:
        column, key = _both(element, compiler, kw)
        found = f"json_each({column}) AS f WHERE f.key = {key} AND f.type IN ({types})"
        return f"(SELECT f.atom FROM {found})"  # noqa: S608 — both are compiled SQL, the key a bound parameter

    return compile_


def _on_postgresql(kind: str, cast: str) -> Any:
    def compile_(element: Any, compiler: Any, **kw: Any) -> str:
        column, key = _both(element, compiler, kw)
        typed = f"jsonb_typeof({column} -> CAST({key} AS text)) = '{kind}'"
        return f"(CASE WHEN {typed} THEN ({column} ->> CAST({key} AS text)){cast} END)"

    return compile_


compiles(json_text, "sqlite")(_on_sqlite("'text'"))
compiles(json_number, "sqlite")(_on_sqlite("'integer', 'real'"))
compiles(json_flag, "sqlite")(_on_sqlite("'true', 'false'"))
compiles(json_text, "postgresql")(_on_postgresql("string", ' COLLATE "C"'))
compiles(json_number, "postgresql")(_on_postgresql("number", "::float8"))
compiles(json_flag, "postgresql")(_on_postgresql("boolean", "::boolean"))


@compiles(domain_of, "sqlite")
def _domain_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"substr({column}, instr({column}, '@') + 1)"


@compiles(domain_of, "postgresql")
def _domain_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"substr({column}, strpos({column}, '@') + 1)"


@compiles(small, "sqlite")
def _small_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"lower({compiler.process(element.clauses, **kw)})"


@compiles(small, "postgresql")
def _small_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **kw)}) COLLATE "C")'
