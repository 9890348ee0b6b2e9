"""Where kits use files: a version brings its own copy, known by the same bytes."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Text, cast, or_

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.assets.usage import Use, Uses, register
from app.db import db, scoped
from app.kits.models import Kit, KitVersion
from app.web.hosts import app_url_for


def in_kits(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The vendor's kit versions that hold the same picture or document."""
    found: dict[int, list[Use]] = defaultdict(list)
    if organisation.kind != "vendor" or not assets:
        return found
    media = cast(KitVersion.media, Text)
    query = scoped(organisation, KitVersion).where(or_(*(media.contains(asset.sha256) for asset in assets)))
    by_digest = {asset.sha256: asset.id for asset in assets}
    kits = {kit.id: kit for kit in db.session.scalars(scoped(organisation, Kit))}
    for version in db.session.scalars(query.order_by(KitVersion.id)):
        kit = kits[version.kit_id]
        url = app_url_for("kits.show", pid=kit.pid, version=version.pid)
        use = Use("Kit", f"{kit.name} {version.version}", url, blocks=False)
        for digest in {str(facts.get("sha256")) for facts in version.media.values()} & set(by_digest):
            found[by_digest[digest]].append(use)
    return found


register("kits", in_kits)
