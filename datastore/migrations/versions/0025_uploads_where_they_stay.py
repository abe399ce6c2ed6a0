"""Files that wait lie where their documents will have them: in a table of their own, which older programs do not know.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """What waits now lies in the staging area under another key. Programs of the version before go on with it, and with
    the table, which the next version drops; it is swept within a day."""
    op.create_table(
        "waiting_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("object_key", sa.String(length=255), nullable=False),
        sa.Column("object_version", sa.String(length=64), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("sha256_plain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256_stored", sa.LargeBinary(length=32), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("intent", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_files")),
        sa.UniqueConstraint("object_key", name=op.f("uq_waiting_files_object_key")),
    )
    for column in ("person", "intent", "until"):
        op.create_index(op.f(f"ix_waiting_files_{column}"), "waiting_files", [column])
    op.execute(
        "INSERT INTO object_intents (id, key, made_at, swept) SELECT id, object_key, at, false FROM uploads"
    )
