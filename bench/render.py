"""How long a mail takes from template to compiled, beside Python's own HTML parser reading the result once and beside mjml-python.

    .venv/bin/python -m bench.render FILE.mjml…

For each file one line, at the end one JSON object: the slowest file's milliseconds, its ratio to the parser, and what MJML alone takes
as a ratio to mjml-python (Rust; None where it refuses the file). The fastest of several runs counts, so that neighbours on the
machine matter less.
"""

import json
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from mjml import mjml2html

from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY
from app.render.email import EmailSource, compile_email, preview_html, to_html

RUNS = 25


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest run."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def beside_mjml_python(text: str) -> float | None:
    """The time of our MJML compiler as a multiple of mjml-python's."""
    try:
        theirs = fastest(lambda: mjml2html(text))
    except ValueError:
        return None
    return round(fastest(lambda: to_html(text)) / theirs, 1)


def measure(path: Path) -> dict[str, object]:
    """One template: its size, its time, and the time a parser takes for the finished page."""
    source = EmailSource(f"{{% raw %}}{path.read_text()}{{% endraw %}}", "Subject", "Preheader")

    def work() -> str:
        return preview_html(compile_email(source, {}, PARTNER, VENDOR, WHY), CONTACT)

    text = path.read_text()
    page = work()
    ours, parser = fastest(work), fastest(lambda: HTMLParser().feed(page))
    return {
        "file": path.name, "bytes": path.stat().st_size, "html_bytes": len(page.encode()), "ms": round(ours, 1),
        "ratio": round(ours / parser, 2), "mjml_ratio": beside_mjml_python(text),
    }  # fmt: skip


def main() -> None:
    """Measure every file named."""
    rows = [measure(Path(name)) for name in sys.argv[1:]]
    for row in rows:
        print(row)
    print(json.dumps(max(rows, key=lambda row: float(str(row["ms"])), default={})))


if __name__ == "__main__":
    main()
