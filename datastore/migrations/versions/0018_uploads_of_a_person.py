"""An index over what somebody has uploaded: how much a citizen has sent today is asked with each file.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it; nothing else changes."""
    op.create_index("ix_uploads_person", "uploads", ["person"])
