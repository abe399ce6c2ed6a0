"""A job keeps the trace of the request that asked for it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs that are there have none."""
    op.add_column("jobs", sa.Column("trace", sa.String(length=32), nullable=True))
