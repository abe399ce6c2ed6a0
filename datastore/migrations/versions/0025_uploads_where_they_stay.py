"""An upload is sealed with the key of the document that it will become, and keeps its intention until then.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What waits now lies under another key, somewhere else: it is to be uploaded again, and swept within a day."""
    op.execute(
        "INSERT INTO object_intents (id, key, made_at, swept) SELECT id, object_key, at, false FROM uploads"
    )
    op.execute("DELETE FROM uploads")
    op.add_column("uploads", sa.Column("wrapped_key", sa.LargeBinary(), nullable=True))
    op.add_column("uploads", sa.Column("intent", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_uploads_intent"), "uploads", ["intent"])
