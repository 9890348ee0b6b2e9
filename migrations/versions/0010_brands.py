"""Brands: the logo at every size and on every ground, social links, one step back, several for one partner

Revision 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LOGOS = ("logo_source_id", "logo_small_id", "logo_large_id", "dark_source_id", "dark_logo_id")


def upgrade() -> None:
    with op.batch_alter_table("brand_profile", schema=None) as batch_op:
        for name in _LOGOS:
            batch_op.add_column(sa.Column(name, _BIG, nullable=True))
        batch_op.add_column(sa.Column("logo_plate", sa.String(length=7), nullable=True))
        batch_op.add_column(sa.Column("logo_facts", _JSON, nullable=True))
        batch_op.add_column(sa.Column("social", _JSON, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("previous", _JSON, nullable=True))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        for name in _LOGOS:
            batch_op.create_foreign_key(batch_op.f(f"fk_brand_profile_{name}"), "asset", [name], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("brand_profile", schema=None) as batch_op:
        for name in _LOGOS:
            batch_op.drop_constraint(batch_op.f(f"fk_brand_profile_{name}"), type_="foreignkey")
        for name in ("archived_at", "previous", "social", "logo_facts", "logo_plate", *_LOGOS):
            batch_op.drop_column(name)
