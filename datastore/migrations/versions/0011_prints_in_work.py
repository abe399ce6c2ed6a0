"""How far the making of a print is; what is published, as rows.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("state != 'ready'")


def upgrade() -> None:
    """Make both tables; prints that are there were made long ago."""
    op.create_table(
        "print_makings",
        sa.Column("print_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("sheets_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprints", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["print_id"], ["prints.id"], name=op.f("fk_print_makings_print_id")),
        sa.ForeignKeyConstraint(["sheets_id"], ["objects.id"], name=op.f("fk_print_makings_sheets_id")),
        sa.PrimaryKeyConstraint("print_id", name=op.f("pk_print_makings")),
    )
    op.create_index(
        "ix_print_makings_open", "print_makings", ["asked_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "published",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_published")),
    )
