"""The sizes of a picture: a phone on a slow line loads the small one, a mail never more than 1,200 pixels, a page what its screen shows.

Each is drawn from the picture as we keep it, so none holds anything that the checks have not seen.
"""

import io
from typing import TYPE_CHECKING

from app.assets.images import FORMATS, CleanImage, encoded
from app.lazy import lazy

if TYPE_CHECKING:
    from PIL import Image
else:
    Image = lazy("PIL.Image")

MAIL = "mail"
THUMB = "thumb"
WIDTHS = {"320": 320, "640": 640, MAIL: 1200, "page": 1920}
"""Name of a size → the width in pixels it has at most. Narrower pictures keep their width."""
_THUMB_BOX = (240, 240)
_KINDS = {content_type: kind for kind, (_, content_type) in FORMATS.items()}


def sizes_of(image: CleanImage) -> dict[str, CleanImage]:
    """The picture at every size that makes sense for it: always `mail` and `thumb`, the others where they are smaller.

    Of a picture that moves, `mail` moves too and the others are its first frame.
    """
    found = {}
    still = _pixels(image)
    for name, width in sorted(WIDTHS.items(), key=lambda item: -item[1]):
        if name == MAIL and (image.frames > 1 or image.width <= width):
            found[MAIL] = image
        elif name == MAIL or image.width > width or (name == "page" and image.width > WIDTHS[MAIL]):
            still = _no_wider(still, width)
            found[name] = encoded(still, _kind(image))
    found[THUMB] = thumb_of(image, still)
    return found


def thumb_of(image: CleanImage, still: "Image.Image | None" = None) -> CleanImage:
    """The picture small enough for a list. `still` is the picture as pixels, where it is at hand."""
    small = _pixels(image, at_least=_THUMB_BOX[0] * 2) if still is None else still.copy()
    small.thumbnail(_THUMB_BOX, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return encoded(small, _kind(image))


def _pixels(image: CleanImage, at_least: int = 0) -> "Image.Image":
    """The picture, or its first frame, as pixels and nothing else; a JPEG is read smaller where so few pixels will do."""
    with Image.open(io.BytesIO(image.data)) as opened:
        if at_least:
            opened.draft("RGB", (at_least, at_least))
        still = opened.convert("RGBA" if opened.mode in ("RGBA", "P", "PA", "LA") else "RGB")
    still.info = {}
    return still


def _no_wider(still: "Image.Image", width: int) -> "Image.Image":
    if still.width <= width:
        return still
    height = max(1, round(still.height * width / still.width))
    return still.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _kind(image: CleanImage) -> str:
    return _KINDS[image.content_type]
