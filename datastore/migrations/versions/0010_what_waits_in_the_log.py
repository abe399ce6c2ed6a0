"""An index over the leaves that have no number yet.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UNNUMBERED = sa.text('"index" IS NULL')


def upgrade() -> None:
    """So that the archivist need not look through what is numbered."""
    op.create_index(
        "ix_log_leaves_unnumbered",
        "log_leaves",
        ["arrival"],
        sqlite_where=UNNUMBERED,
        postgresql_where=UNNUMBERED,
    )
