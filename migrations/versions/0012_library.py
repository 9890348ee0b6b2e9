"""The library: sizes, versions, words and rights of a file, tags, deleting with a way back

Revision 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source_sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("renderings", _JSON, nullable=True))
        batch_op.add_column(sa.Column("frames", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("pages", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("alt", sa.String(length=300), server_default="", nullable=False))
        batch_op.add_column(sa.Column("credit", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("rights_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("listed", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("replaced_by_id", _BIG, nullable=True))
        batch_op.add_column(sa.Column("deleted_at", _MOMENT, nullable=True))
        batch_op.add_column(sa.Column("deleted_by", _BIG, nullable=True))
        batch_op.add_column(sa.Column("kept_at", _MOMENT, nullable=True))
        batch_op.create_index(
            batch_op.f("ix_asset_organisation_id_source_sha256"), ["organisation_id", "source_sha256"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_asset_replaced_by_id"), "asset", ["replaced_by_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_asset_deleted_by"), "person", ["deleted_by"], ["id"])
    op.create_table(
        "asset_tag",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("organisation_id", _BIG, nullable=False),
        sa.Column("asset_id", _BIG, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_asset_tag_organisation_id")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_asset_tag_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_tag")),
        sa.UniqueConstraint("asset_id", "name", name=op.f("uq_asset_tag_asset_id_name")),
    )
    op.create_index(op.f("ix_asset_tag_organisation_id_name"), "asset_tag", ["organisation_id", "name"])


def downgrade() -> None:
    op.drop_index(op.f("ix_asset_tag_organisation_id_name"), table_name="asset_tag")
    op.drop_table("asset_tag")
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_asset_deleted_by"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_asset_replaced_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_asset_organisation_id_source_sha256"))
        for name in ("kept_at", "deleted_by", "deleted_at", "replaced_by_id", "version", "listed", "rights_until", "credit", "alt", "pages", "frames", "renderings", "source_sha256"):  # fmt: skip
            batch_op.drop_column(name)
