"""What the object store does is counted by kind of request, and its failures by code."""

from pathlib import Path

import pytest

from api.metrics import REGISTRY
from api.object_metrics import Metered
from datastore import DataKey, FolderObjects, ObjectMissing, ObjectStore

_KEY = DataKey.new("x")


def _timed(operation: str) -> float:
    return REGISTRY.get_sample_value("khoso_object_seconds_count", {"operation": operation}) or 0


def _failed(operation: str, code: str) -> float:
    labels = {"operation": operation, "code": code}
    return REGISTRY.get_sample_value("khoso_object_errors_total", labels) or 0


def test_a_metered_store_does_what_the_one_inside_does_and_counts_it(tmp_path: Path) -> None:
    inside = FolderObjects(tmp_path / "objects")
    store: ObjectStore = Metered(inside)
    before = {operation: _timed(operation) for operation in ("ask", "put", "get", "check", "delete")}
    store.ask()
    kept = store.put("documents/a/v1/original", b"a page", sealing=_KEY)
    assert store.read(kept, sealing=_KEY) == b"a page"
    assert store.get(kept, tmp_path / "out", sealing=_KEY).read_bytes() == b"a page"
    store.check(kept, sealing=_KEY)
    assert [one.version for one in store.versions(kept.key)] == [kept.version]
    assert store.write_once == inside.write_once
    store.delete(kept.key, kept.version)
    assert {operation: _timed(operation) - count for operation, count in before.items()} == {
        "ask": 1,
        "put": 1,
        "get": 2,
        "check": 1,
        "delete": 1,
    }


def test_a_failure_is_counted_by_its_code_and_raised(tmp_path: Path) -> None:
    store = Metered(FolderObjects(tmp_path / "objects"))
    kept = store.put("documents/a/v1/original", b"a page", sealing=_KEY)
    store.delete(kept.key, kept.version)
    before = _failed("get", "object_missing")
    with pytest.raises(ObjectMissing):
        store.read(kept, sealing=_KEY)
    assert _failed("get", "object_missing") == before + 1
