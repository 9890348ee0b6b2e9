"""Reviews of campaigns: rounds, comments, and in how many days a vendor answers

Revision 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review_terms",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("vendor_id", _BIG, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["vendor_id"], ["organisation.id"], name=op.f("fk_review_terms_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_terms")),
        sa.UniqueConstraint("pid", name=op.f("uq_review_terms_pid")),
        sa.UniqueConstraint("vendor_id", name=op.f("uq_review_terms_vendor_id")),
    )
    op.create_table(
        "review_round",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("vendor_id", _BIG, nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("kit_id", _BIG, nullable=False),
        sa.Column("kit_version_id", _BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asked_by", _BIG, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer_id", _BIG, nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("decided_by", _BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("snapshot", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_review_round_asked_by")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_review_round_campaign_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_review_round_decided_by")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_review_round_kit_id")),
        sa.ForeignKeyConstraint(
            ["kit_version_id"], ["kit_version.id"], name=op.f("fk_review_round_kit_version_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_review_round_partner_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["person.id"], name=op.f("fk_review_round_reviewer_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["organisation.id"], name=op.f("fk_review_round_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_round")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_review_round_campaign_id_number")),
        sa.UniqueConstraint("pid", name=op.f("uq_review_round_pid")),
    )
    with op.batch_alter_table("review_round", schema=None) as batch_op:
        batch_op.create_index("ix_review_round_kit", ["partner_id", "kit_id"], unique=False)
        batch_op.create_index("ix_review_round_vendor_open", ["vendor_id", "outcome"], unique=False)

    op.create_table(
        "review_comment",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("vendor_id", _BIG, nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("round_id", _BIG, nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", _BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("replied_by", _BIG, nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", _BIG, nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_review_comment_author_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_review_comment_campaign_id")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_review_comment_partner_id")
        ),
        sa.ForeignKeyConstraint(["replied_by"], ["person.id"], name=op.f("fk_review_comment_replied_by")),
        sa.ForeignKeyConstraint(["resolved_by"], ["person.id"], name=op.f("fk_review_comment_resolved_by")),
        sa.ForeignKeyConstraint(["round_id"], ["review_round.id"], name=op.f("fk_review_comment_round_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["organisation.id"], name=op.f("fk_review_comment_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
        sa.UniqueConstraint("pid", name=op.f("uq_review_comment_pid")),
    )
    with op.batch_alter_table("review_comment", schema=None) as batch_op:
        batch_op.create_index("ix_review_comment_campaign", ["campaign_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("review_comment", schema=None) as batch_op:
        batch_op.drop_index("ix_review_comment_campaign")

    op.drop_table("review_comment")
    with op.batch_alter_table("review_round", schema=None) as batch_op:
        batch_op.drop_index("ix_review_round_vendor_open")
        batch_op.drop_index("ix_review_round_kit")

    op.drop_table("review_round")
    op.drop_table("review_terms")
