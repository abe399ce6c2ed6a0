"""Locks are met in the order in which they end, without looking at all of them.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_retentions_ending", "retentions", ["until", "object_id"])
