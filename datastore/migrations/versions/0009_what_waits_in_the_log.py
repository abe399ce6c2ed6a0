"""An index over the leaves that have no number yet.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
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
