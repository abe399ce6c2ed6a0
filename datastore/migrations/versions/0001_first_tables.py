"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant
from datastore.dialect import SEARCH_INDEX

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table of the first version, and the index over the words of `search`."""
    op.create_table(
        "agencies",
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_agencies")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("weight", sa.String(length=24), nullable=False),
        sa.Column("doc_type", sa.String(length=40), nullable=True),
        sa.Column("source_form", sa.String(length=24), nullable=False),
        sa.Column("compared_by", sa.Text(), nullable=True),
        sa.Column("original_returned", sa.Boolean(), nullable=True),
        sa.Column("checked_by", sa.Text(), nullable=True),
        sa.Column("ground", sa.String(length=32), nullable=True),
        sa.Column("intake_agency", sa.String(length=35), nullable=False),
        sa.Column("competent_agency", sa.String(length=35), nullable=False),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("held_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["superseded_by"], ["documents.id"], name=op.f("fk_documents_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("held_key", name=op.f("uq_documents_held_key")),
    )
    op.create_index(op.f("ix_documents_competent_agency"), "documents", ["competent_agency"], unique=False)
    op.create_index(op.f("ix_documents_doc_type"), "documents", ["doc_type"], unique=False)
    op.create_index(op.f("ix_documents_dossier"), "documents", ["dossier"], unique=False)
    op.create_index(op.f("ix_documents_intake_agency"), "documents", ["intake_agency"], unique=False)
    op.create_index(op.f("ix_documents_status"), "documents", ["status"], unique=False)
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("procedure", sa.String(length=64), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("intake_agency", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("number", name=op.f("uq_dossiers_number")),
    )
    op.create_index(op.f("ix_dossiers_agency"), "dossiers", ["agency"], unique=False)
    op.create_index(op.f("ix_dossiers_intake_agency"), "dossiers", ["intake_agency"], unique=False)
    op.create_table(
        "keys",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", BIG, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )
    op.create_table(
        "log_leaves",
        sa.Column("arrival", BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("index", BIG, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_log_leaves")),
        sa.UniqueConstraint("id", name=op.f("uq_log_leaves_id")),
        sa.UniqueConstraint("index", name=op.f("uq_log_leaves_index")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_tiles",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("object_version", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256_plain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256_stored", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_tiles")),
    )
    op.create_table(
        "object_intents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_object_intents")),
    )
    op.create_index(op.f("ix_object_intents_key"), "object_intents", ["key"], unique=False)
    op.create_table(
        "objects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("sha256_plain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256_stored", sa.LargeBinary(length=32), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objects")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_objects_key_version")),
    )
    op.create_index(op.f("ix_objects_document_id"), "objects", ["document_id"], unique=False)
    op.create_table(
        "overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("key", sa.String(length=112), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
        sa.UniqueConstraint(
            "kind", "agency", "key", "valid_from", name=op.f("uq_overrides_kind_agency_key_valid_from")
        ),
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
    )
    op.create_table(
        "diary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_diary_document_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_diary_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diary")),
    )
    op.create_index(op.f("ix_diary_agency"), "diary", ["agency"], unique=False)
    op.create_index(op.f("ix_diary_document_id"), "diary", ["document_id"], unique=False)
    op.create_index(op.f("ix_diary_owner_id"), "diary", ["owner_id"], unique=False)
    op.create_table(
        "document_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=112), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("assigned_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_codes_document_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_document_codes_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_codes")),
        sa.UniqueConstraint("code", "instance", name=op.f("uq_document_codes_code_instance")),
        sa.UniqueConstraint("document_id", "sequence", name=op.f("uq_document_codes_document_id_sequence")),
    )
    op.create_table(
        "dossier_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("component", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("attached_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_dossier_documents_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_documents_dossier_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_documents")),
        sa.UniqueConstraint(
            "dossier_id",
            "document_id",
            "component",
            name=op.f("uq_dossier_documents_dossier_id_document_id_component"),
        ),
    )
    op.create_index(
        op.f("ix_dossier_documents_document_id"), "dossier_documents", ["document_id"], unique=False
    )
    op.create_table(
        "dossier_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_events_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_events")),
        sa.UniqueConstraint("dossier_id", "n", name=op.f("uq_dossier_events_dossier_id_n")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_jobs_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("kind", "document_id", name=op.f("uq_jobs_kind_document_id")),
    )
    op.create_index(op.f("ix_jobs_document_id"), "jobs", ["document_id"], unique=False)
    op.create_index("ix_jobs_waiting", "jobs", ["state", "not_before"], unique=False)
    op.create_table(
        "log_states",
        sa.Column("sequence", BIG, autoincrement=True, nullable=False),
        sa.Column("leaf", BIG, nullable=False),
        sa.Column("table", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["leaf"], ["log_leaves.arrival"], name=op.f("fk_log_states_leaf")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_log_states")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_log_states_leaf"), "log_states", ["leaf"], unique=False)
    op.create_index("ix_log_states_row", "log_states", ["table", "key", "sequence"], unique=False)
    op.create_table(
        "owner_identifiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("identifier", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_owner_identifiers_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_identifiers")),
    )
    op.create_index(op.f("ix_owner_identifiers_owner_id"), "owner_identifiers", ["owner_id"], unique=False)
    op.create_index(
        "uq_owner_identifiers_current",
        "owner_identifiers",
        ["identifier"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "prints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("short_code", sa.String(length=20), nullable=False),
        sa.Column("status_index", BIG, nullable=False),
        sa.Column("revision_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("to_whom", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_prints_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prints")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_prints_document_id_number")),
        sa.UniqueConstraint("short_code", name=op.f("uq_prints_short_code")),
        sa.UniqueConstraint("status_index", name=op.f("uq_prints_status_index")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_receipts_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("agency", "number", name=op.f("uq_receipts_agency_number")),
    )
    op.create_index(op.f("ix_receipts_document_id"), "receipts", ["document_id"], unique=False)
    op.create_table(
        "search",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_search_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search")),
        sa.UniqueConstraint("document_id", name=op.f("uq_search_document_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_stores_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("owner_id", name=op.f("uq_stores_owner_id")),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("originals_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("quality", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("verdict", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("pdf_id", sa.Uuid(), nullable=True),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_versions_document_id")),
        sa.ForeignKeyConstraint(["pdf_id"], ["objects.id"], name=op.f("fk_versions_pdf_id")),
        sa.ForeignKeyConstraint(["reading_id"], ["objects.id"], name=op.f("fk_versions_reading_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("document_id", "n", name=op.f("uq_versions_document_id_n")),
    )
    op.create_index(op.f("ix_versions_originals_digest"), "versions", ["originals_digest"], unique=False)
    op.create_table(
        "wraps",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("key_name", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_wraps_document_id")),
        sa.ForeignKeyConstraint(["key_name"], ["keys.name"], name=op.f("fk_wraps_key_name")),
        sa.PrimaryKeyConstraint("document_id", "key_name", name=op.f("pk_wraps")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("print_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_notices_document_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_notices_owner_id")),
        sa.ForeignKeyConstraint(["print_id"], ["prints.id"], name=op.f("fk_notices_print_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_document_id"), "notices", ["document_id"], unique=False)
    op.create_table(
        "originals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_originals_object_id")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_originals_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_originals")),
        sa.UniqueConstraint("version_id", "n", name=op.f("uq_originals_version_id_n")),
    )
    op.create_table(
        "revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_revisions_object_id")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_revisions_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("version_id", "k", name=op.f("uq_revisions_version_id_k")),
        sa.UniqueConstraint("version_id", "role", name=op.f("uq_revisions_version_id_role")),
    )
    op.create_index(op.f("ix_revisions_sha256"), "revisions", ["sha256"], unique=False)
    op.create_table(
        "signings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("to_be_signed", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("prepared_id", sa.Uuid(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("prepared_at", Instant(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["prepared_id"], ["objects.id"], name=op.f("fk_signings_prepared_id")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_signings_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signings")),
        sa.UniqueConstraint("version_id", "role", name=op.f("uq_signings_version_id_role")),
    )
    op.create_table(
        "store_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("to_at", Instant(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_store_entries_document_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_entries_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_entries")),
    )
    op.create_index(op.f("ix_store_entries_document_id"), "store_entries", ["document_id"], unique=False)
    op.create_index(op.f("ix_store_entries_store_id"), "store_entries", ["store_id"], unique=False)
    op.create_index(
        "uq_store_entries_current",
        "store_entries",
        ["store_id", "document_id"],
        unique=True,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.execute(SEARCH_INDEX)
