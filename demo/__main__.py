"""`python -m demo HOME KIT`: play the story against a running installation; the last line is what happened, as JSON."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import httpx

from demo.browser import Stuck
from demo.story import Story


def main() -> int:
    """Play; exit code 1 when a player is stuck, with the page's words."""
    parser = argparse.ArgumentParser(prog="demo")
    parser.add_argument("home", help="where people sign in, such as http://localhost:8000")
    parser.add_argument("kit", type=Path, help="the kit as a zip")
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        story = Story(
            given.home,
            Path(folder),
            given.kit,
            given.contacts,
            given.seed,
            lambda text: print(f"  {text}.", flush=True),
        )
        try:
            report = story.play()
        except (Stuck, httpx.HTTPError) as error:
            print(f"The story is stuck: {error}", file=sys.stderr)
            return 1
    print(json.dumps(report.plain()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
