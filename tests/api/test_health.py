"""How the parts of a real installation are, told at `/readyz`, at the admin port and by `khoso doctor`."""

import json
import socket
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, Gauge

from api.admin import NoAdminPort, admin_server
from api.cli.place import house
from api.house import House
from api.installation_metrics import Installation
from api.progress import steps_on_stderr
from api.steps import health
from api.steps.doctor import Finding, examine
from api.steps.intake import Paper, Person, receive
from api.steps.readiness import Check, Readiness, Seen, Standing
from common import say, utc_now
from datastore import EVENT_TYPES
from signing.timestamps import DevelopmentTimeStamper
from tests.databases import PostgresServer
from tests.services import Services

_SAMPLE = Path(__file__).parents[2] / "samples" / "trich_luc_khai_tu.png"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as one:
        yield one


def _code(seen: Seen) -> str | None:
    return None if seen.reason is None else seen.reason.code


def _get(address: str, path: str) -> tuple[int, str]:
    try:
        with _OPENER.open(f"http://{address}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _answering(check: Check) -> Readiness:
    return Readiness({"database": check}, patience=30)


def test_a_new_installation_is_ready(opened: House) -> None:
    report = Readiness(health.checks_of(opened), patience=30).look()
    assert report.ready
    assert {"database", "schema", "disk", "clock"} <= report.checks.keys()


def test_a_database_that_is_gone_is_not_ready_and_says_why(opened: House) -> None:
    database = opened.settings.data_dir / "khoso.db"
    opened.datastore.close()
    database.write_bytes(b"this is no database")
    seen = Readiness(health.checks_of(opened), patience=30).look().checks["database"]
    assert seen.standing is Standing.FAILED


def test_a_newer_schema_is_that_of_an_upgrade_under_way(opened: House) -> None:
    with sqlite3.connect(opened.settings.data_dir / "khoso.db") as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    rows.close()
    seen = health.schema(opened)
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "schema_too_new")


def test_an_older_schema_is_not_ready(opened: House) -> None:
    with sqlite3.connect(opened.settings.data_dir / "khoso.db") as rows:
        rows.execute("DELETE FROM alembic_version")
    rows.close()
    seen = _answering(Check(lambda: health.schema(opened))).look().checks["database"]
    assert (seen.standing, _code(seen)) == (Standing.FAILED, "schema_too_old")


@pytest.mark.parametrize(
    ("free", "standing", "code"),
    [
        (10_000_000_000, Standing.WELL, None),
        (1_000_000_000, Standing.DEGRADED, "disk_low"),
        (100_000_000, Standing.FAILED, "disk_full"),
    ],
)
def test_a_disk_without_room_for_a_file_is_not_ready(
    opened: House, free: int, standing: Standing, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=free))
    seen = health.disk(opened)
    assert (seen.standing, _code(seen)) == (standing, code)


def test_a_clock_that_differs_from_the_database_s_is_degraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.cli.place import settings
    from api.house import open_house

    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with (
        steps_on_stderr() as steps,
        open_house(settings(), steps, lambda: utc_now() - timedelta(seconds=30)) as late,
    ):
        seen = health.clock(late)
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "clock_differs")
    assert 28 < float(seen.facts["skew_seconds"]) < 32


def test_doctor_shows_disk_and_clock_by_the_same_checks(opened: House) -> None:
    found = {finding.check: finding for finding in examine(opened)}
    assert (found["disk"].well, found["clock"].well) == (True, True)


def test_doctor_counts_papers_and_jobs_by_what_their_states_are_called(opened: House) -> None:
    _receive(opened)
    found = {finding.check: finding.seen for finding in examine(opened)}
    assert "giấy tờ / documents: Mới tiếp nhận / received 1" in found["database"]
    assert "chờ làm / queued 1" in found["jobs"]


def test_doctor_speaks_of_webhooks_where_somebody_has_subscribed_and_of_none_elsewhere(opened: House) -> None:
    def webhooks(house: House) -> Finding:
        return next(finding for finding in examine(house) if finding.check == "webhooks")

    with opened.datastore.begin(opened.system("test"), "open") as work:
        work.dossiers.open("H41.08-261125-0001", procedure="1.001193")
    late = replace(opened, clock=lambda: utc_now() + timedelta(hours=1))
    none = webhooks(late)
    assert (none.well, none.seen) == (True, "chưa có hệ thống nào đăng ký / no subscriptions")
    with opened.datastore.begin(opened.system("test"), "subscribe") as work:
        work.subscriptions.make("https://receiver.example/hook", sorted(EVENT_TYPES))
    found = webhooks(late)
    assert not found.well
    assert "waiting 1 (" in found.seen
    assert "khoso beat" in found.fix


def test_the_admin_port_shows_counters_life_and_readiness() -> None:
    registry = CollectorRegistry()
    Gauge("khoso_test", "x", registry=registry).set(7)
    with admin_server("127.0.0.1:0", registry, _answering(Check(Seen))) as address:
        assert _get(address, "/livez") == (200, '{"alive": true}')
        assert "khoso_test 7.0" in _get(address, "/metrics")[1]
        status, told = _get(address, "/readyz")
        assert (status, json.loads(told)["ready"]) == (200, True)
        assert _get(address, "/")[0] == 404


def test_the_admin_port_of_a_process_that_is_not_ready_says_so() -> None:
    failed = Check(lambda: Seen(Standing.FAILED, say("disk_full", free="0.1")))
    with admin_server("127.0.0.1:0", CollectorRegistry(), _answering(failed)) as address:
        status, told = _get(address, "/readyz")
        assert _get(address, "/livez")[0] == 200
    reason: dict[str, Any] = json.loads(told)["checks"]["database"]["reason"]
    assert (status, reason["code"]) == (503, "disk_full")


def test_processes_of_one_machine_take_one_admin_port_each() -> None:
    well, registry = _answering(Check(Seen)), CollectorRegistry()
    with (
        admin_server("127.0.0.1:0", registry, well) as first,
        admin_server(first, registry, well) as second,
    ):
        assert first != second
        assert _get(second, "/livez")[0] == 200


def test_an_admin_address_that_is_not_ours_is_refused() -> None:
    with (
        pytest.raises(NoAdminPort),
        admin_server("192.0.2.1:9464", CollectorRegistry(), _answering(Check(Seen))),
    ):
        pass


def test_somebody_who_only_connects_keeps_nobody_from_the_admin_port() -> None:
    with admin_server("127.0.0.1:0", CollectorRegistry(), _answering(Check(Seen))) as address:
        host, _colon, port = address.rpartition(":")
        with socket.create_connection((host, int(port))):
            assert _get(address, "/livez")[0] == 200


def _receive(opened: House) -> UUID:
    paper = Paper((_SAMPLE,), (Person("040144985806"),), compared=True)
    return receive(opened, opened.system("test"), paper).document.id


def _later(minutes: int) -> Callable[[], datetime]:
    return lambda: utc_now() + timedelta(minutes=minutes)


def test_a_paper_that_nobody_reads_for_long_is_told_with_whose_work_it_is(opened: House) -> None:
    _receive(opened)
    assert health.queue(opened).standing is Standing.WELL
    seen = health.queue(replace(opened, clock=_later(20)))
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "queue_waits")
    assert 1190 < float(seen.facts["reader_waits_seconds"]) < 1210
    assert seen.facts["signer_waits_seconds"] == 0


def test_events_that_no_courier_looks_at_are_told(opened: House) -> None:
    with opened.datastore.begin(opened.system("test"), "subscribe") as work:
        work.subscriptions.make("https://receiver.example/hook", ["vn.khoso.document.revoked"])
    _receive(opened)
    assert health.events(opened).standing is Standing.WELL
    seen = health.events(replace(opened, clock=_later(20)))
    assert (seen.standing, _code(seen), seen.facts["waiting"]) == (Standing.DEGRADED, "events_wait", 1)
    opened.datastore.outbox.hand_out()
    assert health.events(replace(opened, clock=_later(20))).standing is Standing.WELL


def test_a_job_that_was_set_aside_is_told(opened: House) -> None:
    _receive(opened)
    job = opened.datastore.queue.claim("w")
    assert job is not None
    opened.datastore.queue.fail(job, "fault:ValueError", again=False)
    seen = health.queue(opened)
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "jobs_set_aside")


def test_a_time_stamp_authority_that_fails_is_told_by_who_waits_for_it(opened: House) -> None:
    _receive(opened)
    job = opened.datastore.queue.claim("w")
    assert job is not None
    assert health.time_stamps(opened).standing is Standing.WELL
    opened.datastore.queue.fail(job, "time_stamp_unusable")
    seen = health.time_stamps(opened)
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "time_stamps_fail")


def test_a_time_stamp_authority_that_gives_no_usable_stamps_is_told_before_anybody_needs_one(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _answers(opened, "time_stamp_authority").standing is Standing.WELL
    stamp = DevelopmentTimeStamper.stamp
    monkeypatch.setattr(
        DevelopmentTimeStamper, "stamp", lambda self, digest: stamp(self, sha256(digest).digest())
    )
    seen = _answers(opened, "time_stamp_authority")
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "time_stamp_unusable")
    (found,) = (finding for finding in examine(opened) if finding.check == "time stamps")
    assert (found.well, found.seen) == (False, "time_stamp_unusable")


def _answers(opened: House, check: str) -> Seen:
    return Readiness(health.checks_of(opened), patience=30).look().checks[check]


def test_the_object_server_s_clock_is_compared_as_well(
    tmp_path: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in services.start("minio").items():
        if name.startswith("KHOSO_S3"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as on_minio:
        assert health.clock(on_minio).facts["objects_skew_seconds"] == 0
        seen = health.clock(replace(on_minio, clock=_later(1)))
        with services.killed("minio"):
            assert "objects_skew_seconds" not in health.clock(on_minio).facts
    assert (seen.standing, _code(seen)) == (Standing.DEGRADED, "clock_differs")
    assert 57 < float(seen.facts["objects_skew_seconds"]) < 62


def test_what_all_processes_share_is_counted_from_the_database(opened: House) -> None:
    registry = CollectorRegistry()
    registry.register(Installation(opened))
    _receive(opened)
    of_job = {"role": "reader", "kind": "read", "priority": "counter", "state": "queued"}
    assert registry.get_sample_value("khoso_jobs_waiting", of_job) == 1
    assert registry.get_sample_value("khoso_documents", {"status": "received"}) == 1
    assert registry.get_sample_value("khoso_database_up") == 1


def test_the_age_of_the_last_proof_of_the_lock_is_shown_once_there_is_one(opened: House) -> None:
    fresh = CollectorRegistry()
    fresh.register(Installation(opened))
    assert fresh.get_sample_value("khoso_lock_proof_age_seconds") is None
    opened.datastore.keep_lock_proof(with_root=True)
    later = CollectorRegistry()
    later.register(Installation(replace(opened, clock=_later(60))))
    age = later.get_sample_value("khoso_lock_proof_age_seconds")
    assert age is not None
    assert 3590 < age < 3700


def test_counting_is_not_repeated_at_once(opened: House) -> None:
    registry = CollectorRegistry()
    registry.register(Installation(opened))
    assert registry.get_sample_value("khoso_documents", {"status": "received"}) is None
    _receive(opened)
    assert registry.get_sample_value("khoso_documents", {"status": "received"}) is None


def test_the_counters_of_a_process_whose_database_is_gone_say_that_it_is(opened: House) -> None:
    opened.datastore.close()
    (opened.settings.data_dir / "khoso.db").unlink()
    (opened.settings.data_dir / "khoso.db").mkdir()
    registry = CollectorRegistry()
    registry.register(Installation(opened))
    assert registry.get_sample_value("khoso_database_up") == 0


# --- with a real database server that dies, and one that hangs -----------------------------------------------------


@pytest.fixture
def on_postgresql(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    services.start("postgresql")
    server = PostgresServer(services)
    database = server.make()
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("KHOSO_DATABASE_URL", server.url(database))
    with steps_on_stderr() as steps, house(steps) as one:
        yield one
    server.drop(database)


def test_a_service_on_a_server_is_ready_and_told_by_the_server_s_clock(on_postgresql: House) -> None:
    report = Readiness(health.checks_of(on_postgresql), patience=30).look()
    assert report.ready
    assert float(report.checks["clock"].facts["skew_seconds"]) == 0


def test_a_database_server_that_died_is_told_and_so_is_its_return(
    on_postgresql: House, services: Services
) -> None:
    readiness = Readiness(health.checks_of(on_postgresql), keep=0, patience=30)
    assert readiness.look().ready
    with services.killed("postgresql"):
        seen = readiness.look().checks["database"]
        assert (seen.standing, _code(seen)) == (Standing.FAILED, "database_unreachable")
    assert readiness.look().ready


def test_a_database_server_that_hangs_is_told_in_time_and_asked_once(
    on_postgresql: House, services: Services
) -> None:
    on_postgresql.datastore.close()  # what is connected has its own process of the server, which goes on
    readiness = Readiness(health.checks_of(on_postgresql), keep=0, patience=0.5)
    with services.frozen("postgresql"):
        for _ in range(3):
            checks = readiness.look().checks
            assert (checks["database"].standing, _code(checks["database"])) == (
                Standing.FAILED,
                "check_no_answer",
            )
            assert checks["disk"].standing is Standing.WELL
        asking = [one for one in threading.enumerate() if one.name.startswith("khoso-check-")]
        assert [one.name for one in asking].count("khoso-check-database") == 1
    for one in asking:
        one.join(60)  # each has its answer now, and gives its connection back
