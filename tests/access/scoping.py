"""Finds reads of tenants' tables that don't start from the blessed `scoped(organisation, Model)`.

A raw read is fine where a comment `# unscoped: why` stands in its statement: the reason is then in front of whoever reviews it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "# unscoped:"
_READS = {"get", "get_one", "query"}
_SENDS = {*_READS, "execute", "scalar", "scalars", "add", "add_all", "delete"}
_STATEMENTS = {"select", "update", "insert", "delete", "scoped"}


@dataclass(frozen=True)
class Raw:
    """One raw read without a reason."""

    path: str
    line: int
    model: str

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line} reads {self.model} of every tenant. Start from scoped(organisation, {self.model}) or get_or_404, "
            f"or say `{MARK} why` in the statement."
        )


def raw_reads(source: str, models: frozenset[str], path: str = "") -> list[Raw]:
    """Every `select(Model…)`, `session.get(Model, …)` and `session.query(Model…)` on one of `models` whose statement gives no reason."""
    tree = ast.parse(source)
    lines = source.splitlines()
    found = []
    for statement in _statements(tree):
        explained = any(MARK in line for line in lines[statement.lineno - 1 : statement.end_lineno])
        if not explained:
            found += [Raw(path, call.lineno, model) for call, model in _reads(statement, models)]
    return found


def in_folder(folder: Path, models: frozenset[str]) -> list[Raw]:
    """The raw reads of every module below `folder`."""
    root = folder.parent
    paths = sorted(folder.rglob("*.py"))
    return [raw for path in paths for raw in raw_reads(path.read_text(), models, str(path.relative_to(root)))]


def sql_calls(source: str) -> list[ast.Call]:
    """Every call that makes a query or sends one through the session; locking, flushing and taking back are none."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if (isinstance(call.func, ast.Name) and call.func.id in _STATEMENTS)
        or (
            isinstance(call.func, ast.Attribute) and call.func.attr in _SENDS and _is_session(call.func.value)
        )
    ]


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Simple statements, and the heads of compound ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            yield node
        elif isinstance(node, ast.For | ast.While | ast.If | ast.With):
            parts = (
                [node.iter]
                if isinstance(node, ast.For)
                else [node.test]
                if isinstance(node, ast.While | ast.If)
                else []
            )
            parts += [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
            for part in parts:
                yield ast.copy_location(ast.Expr(part), part)


def _reads(statement: ast.stmt, models: frozenset[str]) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        selects = isinstance(called, ast.Name) and called.id == "select"
        if not selects and not (
            isinstance(called, ast.Attribute) and called.attr in _READS and _is_session(called.value)
        ):
            continue
        for argument in node.args:
            name = _model(argument)
            if name in models:
                yield node, name
                break


def _is_session(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "session") or (
        isinstance(node, ast.Name) and node.id == "session"
    )


def _model(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
