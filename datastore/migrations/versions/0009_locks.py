"""What the object server was asked to protect, and when its lock was last proven.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was protected or proven before."""
    op.create_table(
        "lock_proofs",
        sa.Column("at", Instant(), nullable=False),
        sa.Column("with_root", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_lock_proofs")),
    )
    op.create_table(
        "retentions",
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_retentions_object_id")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_retentions")),
    )
