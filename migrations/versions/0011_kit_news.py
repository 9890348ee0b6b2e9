"""What partners are told of kits, who wants no such mails, and the languages a partner markets in

Revision 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("partnership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("languages", _JSON, nullable=True))
    with op.batch_alter_table("kit_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "kit_news",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("version_id", _BIG, nullable=False),
        sa.Column("vendor_id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("campaigns", _JSON, nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_kit_news_partner_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["organisation.id"], name=op.f("fk_kit_news_vendor_id")),
        sa.ForeignKeyConstraint(["version_id"], ["kit_version.id"], name=op.f("fk_kit_news_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_news")),
        sa.UniqueConstraint("pid", name=op.f("uq_kit_news_pid")),
        sa.UniqueConstraint(
            "version_id", "partner_id", "kind", name=op.f("uq_kit_news_version_id_partner_id_kind")
        ),
    )
    with op.batch_alter_table("kit_news", schema=None) as batch_op:
        batch_op.create_index("ix_kit_news_told_at", ["told_at"], unique=False)
    op.create_table(
        "kit_quiet",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("person_id", _BIG, nullable=False),
        sa.Column("organisation_id", _BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_kit_quiet_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_kit_quiet_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_quiet")),
        sa.UniqueConstraint(
            "person_id", "organisation_id", name=op.f("uq_kit_quiet_person_id_organisation_id")
        ),
        sa.UniqueConstraint("pid", name=op.f("uq_kit_quiet_pid")),
    )


def downgrade() -> None:
    op.drop_table("kit_quiet")
    with op.batch_alter_table("kit_news", schema=None) as batch_op:
        batch_op.drop_index("ix_kit_news_told_at")
    op.drop_table("kit_news")
    with op.batch_alter_table("kit_version", schema=None) as batch_op:
        batch_op.drop_column("checked_at")
    with op.batch_alter_table("partnership", schema=None) as batch_op:
        batch_op.drop_column("languages")
