"""How long a mail takes from template to compiled, beside Python's own HTML parser reading the result once.

    .venv/bin/python -m bench.render FILE.mjml…

For each file one line, at the end one JSON object: the slowest file's milliseconds and its ratio to the parser. The fastest of
several runs counts, so that neighbours on the machine matter less.
"""

import json
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY
from app.render.email import EmailSource, compile_email, preview_html

RUNS = 25


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest run."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def measure(path: Path) -> dict[str, object]:
    """One template: its size, its time, and the time a parser takes for the finished page."""
    source = EmailSource(f"{{% raw %}}{path.read_text()}{{% endraw %}}", "Subject", "Preheader")

    def work() -> str:
        return preview_html(compile_email(source, {}, PARTNER, VENDOR, WHY), CONTACT)

    page = work()
    ours, parser = fastest(work), fastest(lambda: HTMLParser().feed(page))
    return {
        "file": path.name, "bytes": path.stat().st_size, "html_bytes": len(page.encode()), "ms": round(ours, 1),
        "ratio": round(ours / parser, 2),
    }  # fmt: skip


def main() -> None:
    """Measure every file named."""
    rows = [measure(Path(name)) for name in sys.argv[1:]]
    for row in rows:
        print(row)
    print(json.dumps(max(rows, key=lambda row: float(str(row["ms"])), default={})))


if __name__ == "__main__":
    main()
