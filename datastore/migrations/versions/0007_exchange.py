"""Documents under the codes of other systems.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "exchange",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_exchange_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange")),
        sa.UniqueConstraint("agency", "code", name=op.f("uq_exchange_agency_code")),
    )
    op.create_index(op.f("ix_exchange_code"), "exchange", ["code"])
    op.create_index(op.f("ix_exchange_document_id"), "exchange", ["document_id"])
