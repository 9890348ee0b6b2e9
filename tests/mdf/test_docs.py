"""docs/funds.md shows the table of steps as it stands in the code."""

from pathlib import Path

from app.mdf.postings import RULES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "funds.md"


def test_the_documented_table_is_the_codes() -> None:
    lines = [
        line.strip("| ").split(" | ")
        for line in DOCS.read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    documented = {line[0]: tuple(line[1:]) for line in lines[1:]}
    assert documented == {
        str(step): (
            str(rule.to).replace("_", " ") if rule.to else "–",
            *(rule.posting.words() if rule.posting else ("–", "–")),
        )
        for step, rule in RULES.items()
    }
