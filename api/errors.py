"""What each domain error means at the edge: an exit status of the command line, a status of HTTP.

The rooms know neither. A test holds that every error of every room stands here once.
"""

from http import HTTPStatus

from api.exits import Exit
from common import KhosoError

_BAD_INPUT = (Exit.BAD_INPUT, HTTPStatus.UNPROCESSABLE_ENTITY)
_NOT_TAKEN = (Exit.NEGATIVE, HTTPStatus.UNPROCESSABLE_ENTITY)
_TOO_BIG = (Exit.NEGATIVE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_WHO = (Exit.NEGATIVE, HTTPStatus.UNAUTHORIZED)
_NOT_ALLOWED = (Exit.NEGATIVE, HTTPStatus.FORBIDDEN)
_TOO_OFTEN = (Exit.NEGATIVE, HTTPStatus.TOO_MANY_REQUESTS)
_TOO_SLOW = (Exit.NEGATIVE, HTTPStatus.REQUEST_TIMEOUT)
_UNANNOUNCED = (Exit.BAD_INPUT, HTTPStatus.LENGTH_REQUIRED)
_UNKNOWN_KIND = (Exit.BAD_INPUT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_NOT_FOUND = (Exit.BAD_INPUT, HTTPStatus.NOT_FOUND)
_GONE = (Exit.NEGATIVE, HTTPStatus.GONE)
_CONFLICT = (Exit.NEGATIVE, HTTPStatus.CONFLICT)
_CHANGED = (Exit.NEGATIVE, HTTPStatus.PRECONDITION_FAILED)
_STATE_UNSAID = (Exit.BAD_INPUT, HTTPStatus.PRECONDITION_REQUIRED)
_CANNOT_TELL = (Exit.CANNOT_TELL, HTTPStatus.UNPROCESSABLE_ENTITY)
_UNAVAILABLE = (Exit.OUT_OF_REACH, HTTPStatus.SERVICE_UNAVAILABLE)
_FULL = (Exit.OUT_OF_REACH, HTTPStatus.INSUFFICIENT_STORAGE)
_BROKEN = (Exit.OUT_OF_REACH, HTTPStatus.INTERNAL_SERVER_ERROR)

_MEANING: dict[tuple[Exit, HTTPStatus], tuple[str, ...]] = {
    # What was said is wrong; say it otherwise.
    _BAD_INPUT: (
        "bad_agency_code", "bad_card_qr", "bad_catalogue_override", "bad_document_code",
        "bad_document_code_owner", "bad_dossier_number", "bad_enterprise_check_digit", "bad_enterprise_code",
        "bad_event_type", "bad_exchange_code", "bad_foreign_id", "bad_ground", "bad_identifier", "bad_import",
        "bad_procedure", "bad_object_key", "bad_old_number",
        "no_object_server", "secret_unreadable",
        "bad_personal_id", "bad_return_path", "bad_webhook_url",
        "bad_setting", "file_empty", "not_checkable", "old_number_only", "one_owner_only", "owner_unclear",
        "refile_unclear",
        "seal_host_too_long",
        "short_code_wrong", "signed_among_many", "text_not_kept", "unknown_country", "unknown_document_type",
        "attestation_unreadable", "print_link_too_long", "retention_out_of_bounds", "file_exists", "folder_missing",
        "key_unreadable", "no_rule_on_that_day", "path_unusable", "agency_unknown", "seal_no_profile",
        "unknown_fields",
        "bad_cursor", "bad_header", "key_used_otherwise", "bad_idempotency_key", "length_wrong",
        "password_weak", "bad_username", "proof_missing", "scope_not_granted", "share_refused", "purpose_missing",
        "password_missing", "request_invalid", "body_not_utf8",
    ),
    # Who stands at the door has not shown who it is, or may not do this, or knocks too often.
    _WHO: ("sign_in_needed", "step_up_required", "wrong_password", "wrong_client"),
    _NOT_ALLOWED: ("not_allowed", "password_to_change", "counter_not_assigned", "csrf_missing", "sign_in_refused"),
    _GONE: ("share_ended",),
    _TOO_OFTEN: ("too_many_requests", "too_many_streams", "too_many_uploads"),
    _TOO_SLOW: ("body_too_slow",),
    _UNANNOUNCED: ("length_required",),
    _UNKNOWN_KIND: ("file_kind_unknown", "form_sent"),
    _NOT_FOUND: ("file_missing", "no_provider", "not_found"),
    # A file of a known kind was looked at and cannot become a document.
    _NOT_TAKEN: (
        "refused", "file_damaged", "file_dynamic_form", "file_no_pages", "file_password", "file_took_too_long",
        "file_too_much_memory", "file_too_much_output", "file_changed", "print_pdf_unusable",
        "malware_found", "pdf_not_signable", "pdf_signed_elsewhere", "mark_letter_missing",
    ),
    _TOO_BIG: (
        "body_too_large", "file_too_large", "file_too_many_pages", "file_too_many_pixels",
        "paper_too_many_pages",
    ),
    # Understood, and not possible as things stand.
    _CONFLICT: (
        "print_not_ready",
        "owner_there", "owners_enough", "successor_differs", "last_owner", "not_the_same", "still_cited",
        "would_be_lost",
        "imported_otherwise", "said_otherwise",
        "already_held", "held_elsewhere", "already_there", "roles_exclude", "identity_differs",
        "dossier_closed", "illegal_transition", "not_decided", "not_printable", "owner_not_named", "type_not_named",
        "not_reusable", "other_bytes", "object_locked", "request_in_progress", "stale_state", "role_already_signed",
        "too_many_subscriptions", "delegation_there", "signed_file_exists", "certificate_not_in_force",
        "prepared_document_changed", "signature_does_not_match", "seal-digits-damaged", "seal_too_large",
    ),
    _CHANGED: ("changed_meanwhile",),
    _STATE_UNSAID: ("state_not_named",),
    # Nothing to judge by.
    _CANNOT_TELL: ("no-seal", "needs_the_register", "nothing_published", "demo_samples_missing"),
    # Something that is needed is not there, or not whole: the operator's turn.
    _UNAVAILABLE: (
        "database_busy", "database_unreachable", "time_stamp_unusable", "font_missing", "model_missing",
        "broker_away", "malware_scanner_unreachable", "keys_not_here", "too_many_keys",
        "trust_not_published", "no_walls", "development_keys_in_production", "schema_too_new", "schema_too_old",
        "no_admin_port", "status_list_overdue", "cannot_listen", "provider_unreachable", "public_url_missing",
        "bucket_unfit", "object_store_refused", "object_store_unreachable",
        "provider_settings",
    ),
    _FULL: ("storage_full", "no_room_for_document"),
    _BROKEN: (
        "authority_facts_not_genuine",
        "checkpoint_not_genuine", "log_tile_missing", "object_damaged", "object_missing", "pki_damaged",
        "print_not_pdf_a", "print_seal_and_status_disagree", "status_list_not_genuine",
        "statement_not_genuine", "trust_bundle_not_genuine", "wrong_key",
    ),
}  # fmt: skip

_BY_CODE = {code: meaning for meaning, codes in _MEANING.items() for code in codes}


def exit_status(error: KhosoError) -> Exit:
    """The exit status of a command that ended with this error."""
    return _BY_CODE[error.code][0]


def http_status(error: KhosoError) -> HTTPStatus:
    """The HTTP status of an answer that ended with this error."""
    return _BY_CODE[error.code][1]


def known_codes() -> frozenset[str]:
    """Every error code that has a meaning at the edge."""
    return frozenset(_BY_CODE)
