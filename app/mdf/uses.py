"""Where claims use files: an invoice is proof, so it stays as long as its claim."""

from collections import defaultdict
from collections.abc import Sequence

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.assets.usage import Use, Uses, register
from app.db import db, scoped
from app.mdf.models import Claim
from app.web.hosts import app_url_for


def in_claims(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The partner's claims whose invoice a file is."""
    found: dict[int, list[Use]] = defaultdict(list)
    if organisation.kind != "partner":
        return found
    query = scoped(organisation, Claim).where(Claim.invoice_asset_id.in_([asset.id for asset in assets]))
    for claim in db.session.scalars(query.order_by(Claim.id)):
        if claim.invoice_asset_id is not None:
            url = app_url_for("funds.claim_page", pid=claim.pid)
            found[claim.invoice_asset_id].append(Use("Claim", claim.number, url, blocks=True))
    return found


register("mdf", in_claims)
