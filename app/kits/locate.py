"""Where in a TOML file a table or key stands, since the parser itself keeps no lines.

Good for files written by people: headers and keys at the beginning of a line, as every kit has them.
"""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([\w-]+|\"[^\"]+\")\s*=")
_QUOTES = ('"""', "'''")


class Lines:
    """Line numbers (from 1) of tables and keys; a table's address is its dotted name with the index of each array."""

    def __init__(self, text: str) -> None:
        self.lines: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}
        current, inside = "", ""
        for number, line in enumerate(text.splitlines(), 1):
            if inside:
                inside = "" if inside in line else inside
                continue
            if found := _HEADER.match(line):
                current = self._address(found.group(2).replace('"', ""), found.group(1) == "[[")
                self.lines[current, ""] = number
            elif found := _KEY.match(line):
                self.lines[current, found.group(1).strip('"')] = number
            inside = next((q for q in _QUOTES if line.count(q) % 2), "")

    def _address(self, dotted: str, array: bool) -> str:
        """`[[pages.form.fields]]` becomes `pages[0].form.fields[2]`."""
        address = ""
        parts = dotted.split(".")
        for at, part in enumerate(parts):
            address = f"{address}.{part}" if address else part
            if at == len(parts) - 1 and array:
                self._counts[address] = self._counts.get(address, -1) + 1
            if address in self._counts:
                address = f"{address}[{self._counts[address]}]"
        return address

    def of(self, address: str, key: str = "") -> int:
        """The line of a key, else of its table, else 0."""
        return self.lines.get((address, key)) or self.lines.get((address, ""), 0)
