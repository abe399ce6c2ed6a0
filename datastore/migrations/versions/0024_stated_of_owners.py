"""What was said of an owner when a paper was brought and was not what is known.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of papers that are there nobody knows any more what was said."""
    op.create_table(
        "stated_of_owners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.String(length=10), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_stated_of_owners_document_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_stated_of_owners_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stated_of_owners")),
    )
    op.create_index(op.f("ix_stated_of_owners_document_id"), "stated_of_owners", ["document_id"])
