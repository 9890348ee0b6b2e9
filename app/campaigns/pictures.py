"""Pictures for a kit's slots: cut to the shape that a slot asks for, and those of the library that fit as they are."""

import io
from pathlib import PurePath
from typing import TYPE_CHECKING

from app.accounts.models import Organisation
from app.assets.images import clean_image, encoded
from app.assets.models import Asset
from app.assets.queries import ENDINGS, assets_of
from app.kits.pieces import Slot
from app.kits.slots import fits_ratio
from app.lazy import lazy

if TYPE_CHECKING:
    from PIL import Image
else:
    Image = lazy("PIL.Image")

MOST = 40  # of the library, the newest


def cut(slot: Slot, name: str, data: bytes) -> tuple[str, bytes]:
    """An uploaded picture with its name, its middle cut to the slot's shape; as it came where it has that shape, or where what
    is left would be too small. Raises Invalid for what is no picture.
    """
    image = clean_image(name, data)
    if not slot.ratio or fits_ratio(image.width, image.height, slot.ratio):
        return name, data
    across, down = (int(number) for number in slot.ratio.split(":"))
    width = min(image.width, round(image.height * across / down))
    height = min(image.height, round(image.width * down / across))
    if width < max(slot.min_width, 1) or height < max(slot.min_height, 1):
        return name, data
    left, top = (image.width - width) // 2, (image.height - height) // 2
    with Image.open(io.BytesIO(image.data)) as source:
        drawn = encoded(source.crop((left, top, left + width, top + height)), source.format or "PNG")
    return f"{PurePath(name).stem} (cut to {across}×{down}).{drawn.ending}", drawn.data


def fitting(partner: Organisation, slot: Slot, library: list[Asset] | None = None) -> list[Asset]:
    """Pictures of the partner's library that this slot takes as they are, the newest first; `library` spares asking for it."""
    found = [
        asset for asset in (library if library is not None else assets_of(partner)) if _takes(slot, asset)
    ]
    return found[:MOST]


def _takes(slot: Slot, asset: Asset) -> bool:
    if (
        not asset.is_public
        or asset.width is None
        or asset.height is None
        or asset.content_type not in ENDINGS
    ):
        return False
    large = asset.width >= slot.min_width and asset.height >= slot.min_height
    return large and (not slot.ratio or fits_ratio(asset.width, asset.height, slot.ratio))
