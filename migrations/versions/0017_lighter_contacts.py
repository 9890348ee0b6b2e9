"""Contacts and consents carry fewer indexes: nobody looks a contact up by its hash, nor a consent by an id of its own or by its partner

Revision 0017, after 0016
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_contact_address_hash", table_name="contact")
    op.drop_index("ix_consent_partner_id", table_name="consent")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_constraint("uq_consent_pid", type_="unique")
        batch_op.drop_column("pid")


def downgrade() -> None:
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pid", sa.String(22), nullable=True))
    connection = op.get_bind()
    consent = sa.table("consent", sa.column("id", sa.BigInteger), sa.column("pid", sa.String))
    ids = list(connection.scalars(sa.select(consent.c.id)))
    for start in range(0, len(ids), 1_000):
        connection.execute(
            consent.update().where(consent.c.id == sa.bindparam("this")).values(pid=sa.bindparam("made")),
            [{"this": each, "made": secrets.token_urlsafe(16)} for each in ids[start : start + 1_000]],
        )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.alter_column("pid", existing_type=sa.String(22), nullable=False)
        batch_op.create_unique_constraint("uq_consent_pid", ["pid"])
    op.create_index("ix_consent_partner_id", "consent", ["partner_id"])
    op.create_index("ix_contact_address_hash", "contact", ["address_hash"])
