"""Sentences are found wherever a process stands."""

import sys
from pathlib import Path

import pytest

from common import catalogue, say
from common.messages import ROOMS


def test_sentences_are_found_when_the_import_system_may_list_no_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A confined child once lost all rooms when a file appeared in the folder beside them."""
    catalogue.cache_clear()
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    try:
        assert "font" in say("font_missing", family="X", package="y").en
        assert {path.parent.name for path in Path(__file__).parents[2].glob("*/messages.toml")} == set(ROOMS)
    finally:
        catalogue.cache_clear()


def test_things_and_states_are_said_as_people_call_them() -> None:
    lost = say("not_found", what="upload", id="x")
    assert lost.vi.startswith("Không tìm thấy tệp đã nộp trong")
    assert "upload" in lost.en
    unchecked = say("share_refused_status", status="read")
    assert "(trạng thái: đã nhận dạng)" in unchecked.vi
    closed = say("illegal_transition", what="dossier", old="succeeded", new="attached")
    assert closed.vi == "Hồ sơ đang ở trạng thái đã có kết quả, không thể chuyển sang có thêm giấy tờ."
    stuck = say("illegal_transition", what="document", old="provisional", new="checked")
    assert (
        stuck.vi
        == "Giấy tờ đang ở trạng thái tạm thời, chưa có hiệu lực, không thể chuyển sang đã đối chiếu."
    )
    assert stuck.en == "Document is provisional, not yet in force and cannot become checked."
    unnamed = say("illegal_transition", what="H41.08", old="x", new="y")
    assert unnamed.en == "H41.08 is x and cannot become y."


def test_roles_are_named_in_both_languages_one_or_several() -> None:
    """A clerk read that something is for `handler, archivist`."""
    refused = say("not_allowed_to_role", roles="handler, archivist")
    assert refused.vi.endswith("chỉ dành cho: cán bộ xử lý, cán bộ lưu trữ.")
    assert refused.en.endswith("it is for: handling officer, archivist.")
    assert say("roles_exclude", roles="admin").vi.startswith("Vai trò quản trị viên của cơ quan không được")
    assert say("role_already_signed", roles="agency").vi.startswith("Tài liệu này đã có chữ ký của cơ quan;")
