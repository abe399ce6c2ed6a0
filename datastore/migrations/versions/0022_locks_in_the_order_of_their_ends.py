"""Locks are met in the order in which they end, without looking at all of them.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_retentions_ending", "retentions", ["until", "object_id"])
