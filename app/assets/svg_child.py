"""Draws one cleaned SVG in a process of its own: standard input to PNG on standard output, within limits it sets itself.

Started by app.assets.svg with the seconds of CPU it may take, whether this server's own fonts may help out ("own" or "all"), and font
files for words (none: there are no words). Nothing of the product is imported here, so the process starts fast and holds no secret.
"""

import resource
import sys

MEMORY = 768 * 1024 * 1024
FAMILY = "Throughline Words"


def main(seconds: int, which: str, fonts: list[str]) -> None:
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
    png = svg_to_bytes(
        svg_string=svg, font_files=fonts, skip_system_fonts=which == "own", font_family=FAMILY, serif_family=FAMILY,
        sans_serif_family=FAMILY, cursive_family=FAMILY, fantasy_family=FAMILY, monospace_family=FAMILY,
    )  # fmt: skip
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
