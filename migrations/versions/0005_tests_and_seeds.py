"""Tests to oneself, the seed list and its copies, checks before sending, finished messages among the product's own mails

Revision 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("outgoing_mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("raw", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("uncertain_at", sa.DateTime(timezone=True), nullable=True))
    _seeds()
    _tests()
    _checks()


def _seeds() -> None:
    op.create_table(
        "seed",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_hash", sa.String(length=43), nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_seed_asked_by_person")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_seed_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seed")),
        sa.UniqueConstraint(
            "organisation_id", "address_hash", name=op.f("uq_seed_organisation_id_address_hash")
        ),
        sa.UniqueConstraint("pid", name=op.f("uq_seed_pid")),
    )
    op.create_table(
        "seed_copy",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("send_id", _ID, nullable=False),
        sa.Column("rendering_id", _ID, nullable=False),
        sa.Column("seed_id", _ID, nullable=True),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("mail_id", _ID, nullable=True),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outgoing_mail.id"], name=op.f("fk_seed_copy_mail_id_outgoing_mail")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_seed_copy_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["rendering_id"], ["rendering.id"], name=op.f("fk_seed_copy_rendering_id_rendering")
        ),
        sa.ForeignKeyConstraint(
            ["seed_id"], ["seed.id"], name=op.f("fk_seed_copy_seed_id_seed"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_seed_copy_send_id_send")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seed_copy")),
        sa.UniqueConstraint("pid", name=op.f("uq_seed_copy_pid")),
        sa.UniqueConstraint(
            "send_id", "seed_id", "rendering_id", name=op.f("uq_seed_copy_send_id_seed_id_rendering_id")
        ),
    )


def _tests() -> None:
    op.create_table(
        "trial_mail",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("partner_id", _ID, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("mail_id", _ID, nullable=True),
        sa.Column("email", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("links", _JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_trial_mail_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outgoing_mail.id"], name=op.f("fk_trial_mail_mail_id_outgoing_mail")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_trial_mail_partner_id_organisation")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_trial_mail_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_mail")),
        sa.UniqueConstraint("pid", name=op.f("uq_trial_mail_pid")),
    )
    with op.batch_alter_table("trial_mail", schema=None) as batch_op:
        batch_op.create_index("ix_trial_mail_campaign", ["campaign_id", "created_at"], unique=False)


def _checks() -> None:
    op.create_table(
        "mail_check",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("partner_id", _ID, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("found", _JSON, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_mail_check_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_mail_check_partner_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_check")),
        sa.UniqueConstraint("campaign_id", "fingerprint", name=op.f("uq_mail_check_campaign_id_fingerprint")),
        sa.UniqueConstraint("pid", name=op.f("uq_mail_check_pid")),
    )
    with op.batch_alter_table("mail_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_check_state"), ["state"], unique=False)


def downgrade() -> None:
    for name in ("mail_check", "trial_mail", "seed_copy", "seed"):
        op.drop_table(name)
    with op.batch_alter_table("outgoing_mail", schema=None) as batch_op:
        batch_op.drop_column("uncertain_at")
        batch_op.drop_column("raw")
