"""What can be wrong with a file of contacts as a whole: said with its line, before anything is stored."""

from app.errors import Invalid


class Unreadable(Invalid):
    """The file can't be read as a table. `line` counts from 1 as an editor does; 0 means the file as a whole."""

    def __init__(self, line: int, what: str, mend: str) -> None:
        self.line = line
        self.what = what
        self.mend = mend
        place = f"Line {line:,}: " if line else ""
        super().__init__(f"{place}{what} {mend}", {"file": f"{place}{what} {mend}"}, line=line)
