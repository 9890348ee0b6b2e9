"""Which logo a submitted brand page means, drawn at every size and stored before the transaction that names it begins."""

from app.accounts.models import Organisation
from app.assets.brand import BrandInput, Upload
from app.assets.brand_forms import BrandForm
from app.assets.brand_logo import dark_source_of, held, put_files, source_of
from app.assets.colors import clean_color
from app.assets.logo import Dressed, Logo, Picture, dress, read_logo
from app.assets.models import BrandProfile
from app.db import db
from app.errors import Invalid


def wear(partner: Organisation, brand: BrandProfile, form: BrandForm, given: BrandInput) -> Dressed | None:
    """The logo as it will be shown; None where it stays as it is, or goes. Raises Invalid with a sentence beside the file.

    Call it before anything is written: what was read is let go here, so that nobody waits for the drawing.
    """
    upload, dark_upload = form.upload("logo"), form.upload("dark_logo")
    found = _found(partner, form) if upload is None else None
    plate = clean_color(given.primary_color) if form.plate.data else None
    stays = (
        upload is None
        and found is None
        and dark_upload is None
        and not form.remove_dark_logo.data
        and plate == brand.logo_plate
    )
    if stays or (form.remove_logo.data and upload is None and found is None):
        return None
    logo = (found or source_of(partner, brand)) if upload is None else None
    dark = None if form.remove_dark_logo.data or dark_upload else dark_source_of(partner, brand)
    if upload is None and logo is None:
        if dark_upload is not None:
            raise Invalid(
                "Not saved.", {"dark_logo": "Add the logo itself first, then the one for dark grounds."}
            )
        return None
    partner_pid = partner.pid
    db.session.rollback()
    dressed = _drawn(upload, logo, dark_upload, dark, plate)
    if dressed is not None:
        put_files(partner_pid, dressed)
    return dressed


def _found(partner: Organisation, form: BrandForm) -> Logo | None:
    """The logo that was read from the website, if the form holds one."""
    if not form.found_logo.data:
        return None
    found = held(partner.pid, form.found_logo.data)
    if found is None:
        raise Invalid("Not saved.", {"website": "It is long since we read your website. Read it once more."})
    return found


def _drawn(
    upload: Upload | None,
    logo: Logo | None,
    dark_upload: Upload | None,
    dark: Picture | None,
    plate: str | None,
) -> Dressed | None:
    wrong: dict[str, str] = {}
    if upload is not None:
        logo = _read(upload, "logo", wrong)
    if dark_upload is not None:
        second = _read(dark_upload, "dark_logo", wrong)
        dark = second.source if second else None
    if wrong:
        raise Invalid("Not saved.", wrong)
    return dress(logo, plate, dark) if logo else None


def _read(upload: Upload, field: str, wrong: dict[str, str]) -> Logo | None:
    try:
        return read_logo(upload.name, upload.data)
    except Invalid as error:
        wrong[field] = error.message
        return None
