"""Where in a TOML file a table, key or value stands, to the character, since the parser itself keeps no places.

It scans text that `tomllib` has accepted; of anything else it remembers what came before the first surprise.
"""

import re
from bisect import bisect_right

_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_PART = re.compile(r"\s*(?:\"(?P<basic>(?:[^\"\\\n]|\\.)*)\"|'(?P<literal>[^'\n]*)'|(?P<bare>[\w-]+))[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]\}#\n]+")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\s*\n\s*|.)|.", re.DOTALL)


class Places:
    """Turns offsets in a text into lines and columns, both from 1; columns count characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of this offset; an offset beyond the text is its end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Lines(Places):
    """Places of tables and keys; a table's address is its dotted name with the index of each array: `slots[2]`."""

    def __init__(self, text: str) -> None:
        super().__init__(text.replace("\r\n", "\n"))
        self._keys: dict[tuple[str, str], int] = {}
        self._values: dict[tuple[str, str], tuple[int, int]] = {}
        self._counts: dict[str, int] = {}
        try:
            self._document()
        except (IndexError, ValueError, RecursionError):
            return  # half a file: what was found before is good

    def of(self, address: str, key: str = "") -> int:
        """The line of a key, else of its table, else 0."""
        return self.where(address, key)[0]

    def where(self, address: str, key: str = "") -> tuple[int, int]:
        """Line and column of a key, else of its table, else (0, 0)."""
        found = self._keys.get((address, key), self._keys.get((address, "")))
        return (0, 0) if found is None else self.at(found)

    def has(self, address: str, key: str) -> bool:
        """Whether the table gives this key."""
        return (address, key) in self._keys

    def value(self, address: str, key: str) -> tuple[int, int]:
        """Line and column where a key's value begins (`names[2]` is the third of a list), else as `where`."""
        found = self._values.get((address, key))
        return self.where(address, key.partition("[")[0]) if found is None else self.at(found[0])

    def inside(self, address: str, key: str, line: int, column: int) -> tuple[int, int]:
        """Where a place inside a text value stands in the file; `line` and `column` count inside the value, from 1."""
        found = self._values.get((address, key))
        if found is None or not line:
            return self.value(address, key)
        raw = self.text[found[0] : found[1]]
        quotes = 3 if raw.startswith(('"""', "'''")) else 1
        begins = quotes + (1 if raw[quotes : quotes + 1] == "\n" and quotes == 3 else 0)
        literal = raw.startswith("'")
        at, row, col = begins, 1, 1
        while (row, col) < (line, max(column, 1)) and at < len(raw) - quotes:
            piece = raw[at] if literal else _ESCAPE.match(raw, at)[0]  # type: ignore[index]
            shown = "" if piece[0] == "\\" and "\n" in piece else "\n" if piece in ("\n", "\\n") else "x"
            at += len(piece)
            row, col = (row + 1, 1) if shown == "\n" else (row, col + len(shown))
        return self.at(found[0] + at)

    def _document(self) -> None:
        at, table = _skip(self.text, 0), ""
        while at < len(self.text):
            if self.text[at] == "[":
                double = self.text.startswith("[[", at)
                parts, end = self._key(at + (2 if double else 1))
                table = self._address([name for name, _ in parts], double)
                self._keys[table, ""] = at
                at = _skip(self.text, self.text.index("]", end) + (2 if double else 1))
            else:
                at = _skip(self.text, self._pair(at, table))

    def _key(self, at: int) -> tuple[list[tuple[str, int]], int]:
        """The parts of a dotted key with their offsets, and where it ends."""
        parts = []
        while found := _PART.match(self.text, at):
            name = next(g for g in found.groups() if g is not None)
            start = min(found.start(g) for g in ("basic", "literal", "bare") if found[g] is not None)
            parts.append((name, start - (0 if found["bare"] is not None else 1)))
            at = found.end()
            if self.text[at : at + 1] != ".":
                break
            at += 1
        if not parts:
            raise ValueError("no key")
        return parts, at

    def _pair(self, at: int, table: str) -> int:
        parts, at = self._key(at)
        for name, start in parts[:-1]:
            self._keys.setdefault((table, name), start)
            table = f"{table}.{name}" if table else name
            self._keys.setdefault((table, ""), start)
        name, start = parts[-1]
        self._keys[table, name] = start
        return self._value(_skip(self.text, self.text.index("=", at) + 1), table, name)

    def _value(self, at: int, table: str, key: str) -> int:
        address = f"{table}.{key}" if table else key
        if self.text[at] == "[":
            end = self._array(at + 1, table, key)
        elif self.text[at] == "{":
            self._keys.setdefault((address, ""), at)
            end = self._inline(at + 1, address)
        else:
            found = _STRING.match(self.text, at) or _SCALAR.match(self.text, at)
            end = found.end() if found else at + 1
        self._values[table, key] = (at, end)
        return end

    def _array(self, at: int, table: str, key: str) -> int:
        index, at = 0, _skip(self.text, at)
        while self.text[at] != "]":
            at = _skip(self.text, self._value(at, table, f"{key}[{index}]"))
            at = _skip(self.text, at + 1) if self.text[at] == "," else at
            index += 1
        return at + 1

    def _inline(self, at: int, address: str) -> int:
        at = _skip(self.text, at)
        while self.text[at] != "}":
            at = _skip(self.text, self._pair(at, address))
            at = _skip(self.text, at + 1) if self.text[at] == "," else at
        return at + 1

    def _address(self, parts: list[str], array: bool) -> str:
        """`[[pages.form.fields]]` becomes `pages[0].form.fields[2]`."""
        address = ""
        for at, part in enumerate(parts):
            address = f"{address}.{part}" if address else part
            if at == len(parts) - 1 and array:
                self._counts[address] = self._counts.get(address, -1) + 1
            if address in self._counts:
                address = f"{address}[{self._counts[address]}]"
        return address


def _skip(text: str, at: int) -> int:
    """Past white space and comments."""
    found = _SPACE.match(text, at)
    return found.end() if found else at
