"""Draws one cleaned SVG in a process of its own: standard input to PNG on standard output, within limits it sets itself.

Started by app.assets.svg with two arguments: a font file for words (or "-": there are none), and seconds of CPU. Nothing of the product
is imported here, so the process starts fast and holds no secret.
"""

import io
import resource
import sys
import tempfile

MEMORY = 768 * 1024 * 1024
FAMILY = "Inter"


def main(font: str, seconds: int) -> None:
    """Read, draw, write. A drawing that needs more than the limits ends the process, and nothing else."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from resvg_py import svg_to_bytes  # under the limits already

    svg = sys.stdin.buffer.read().decode()
    if font == "-":
        # Whatever slipped through the cleaning: this process can open no file and no connection any more.
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        sys.stdout.buffer.write(svg_to_bytes(svg_string=svg, skip_system_fonts=True))
        return
    with tempfile.NamedTemporaryFile(suffix=".ttf") as file:
        file.write(_truetype(font))
        file.flush()
        png = svg_to_bytes(
            svg_string=svg, font_files=[file.name], font_family=FAMILY, serif_family=FAMILY, sans_serif_family=FAMILY,
            cursive_family=FAMILY, fantasy_family=FAMILY, monospace_family=FAMILY,
        )  # fmt: skip
        sys.stdout.buffer.write(png)


def _truetype(path: str) -> bytes:
    """A web font as the plain font that the drawing library reads."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    found = TTFont(path)
    found.flavor = None
    out = io.BytesIO()
    found.save(out)
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
