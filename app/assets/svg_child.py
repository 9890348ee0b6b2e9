"""Draws one cleaned SVG in a process of its own: standard input to PNG on standard output, within limits it sets itself.

Started by app.assets.svg with the seconds of CPU it may take, and the font files for words (none: there are no words). Nothing of the
product is imported here, so the process starts fast and holds no secret.
"""

import resource
import sys
import tempfile
from pathlib import Path

MEMORY = 768 * 1024 * 1024
FAMILY = "Throughline Words"


def main(seconds: int, fonts: list[str]) -> None:
    """Read, draw, write. A drawing that needs more than the limits ends the process, and nothing else."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from resvg_py import svg_to_bytes  # under the limits already

    svg = sys.stdin.buffer.read().decode()
    if not fonts:
        # Whatever slipped through the cleaning: this process can open no file and no connection any more.
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        sys.stdout.buffer.write(svg_to_bytes(svg_string=svg, skip_system_fonts=True))
        return
    with tempfile.TemporaryDirectory() as folder:
        made = [_truetype(font, number, Path(folder)) for number, font in enumerate(fonts)]
        known = set().union(*(letters for _, letters in made))
        png = svg_to_bytes(
            svg_string=svg, font_files=[file for file, _ in made], font_family=FAMILY, serif_family=FAMILY,
            sans_serif_family=FAMILY, cursive_family=FAMILY, fantasy_family=FAMILY, monospace_family=FAMILY,
            # The same words look the same on every server, whatever fonts it has; those are for letters that ours lack.
            skip_system_fonts=all(ord(letter) in known or letter.isspace() for letter in svg),
        )  # fmt: skip
        sys.stdout.buffer.write(png)


def _truetype(path: str, number: int, folder: Path) -> tuple[str, set[int]]:
    """A web font as the plain font that the drawing library reads, and its letters. The first is the family, the others lend to it."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    found = TTFont(path)
    found.flavor = None
    for record in found["name"].names:
        if record.nameID in (1, 16):
            record.string = FAMILY if number == 0 else f"{FAMILY} {number}"
    made = folder / f"{number}.ttf"
    found.save(made)
    return str(made), set(found.getBestCmap())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
