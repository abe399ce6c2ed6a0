"""Gauges of what all processes of an installation share, read from the database when Prometheus asks.

The same from every process: take the maximum. Read at most every `KEEP` seconds, and never more than a fiftieth of the
time: counting the papers of a nation takes longer than counting those of a ward.
"""

import shutil
import time
from collections.abc import Iterable

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.house import House
from common import KhosoError
from datastore import JobRole, JobState, Priority

KEEP = 15.0
_SHARE = 50


class Installation(Collector):
    """The gauges of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: list[Metric] = []
        self._good_until = 0.0

    def collect(self) -> Iterable[Metric]:
        """What is known; `khoso_database_up 0` alone of a database that does not answer."""
        yield self._own()
        started = time.monotonic()
        if started >= self._good_until:
            self._kept = self._read()
            took = time.monotonic() - started
            self._good_until = started + max(KEEP, _SHARE * took)
        yield from self._kept

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before somebody asks."""
        return ()

    def _own(self) -> Metric:
        gauge = GaugeMetricFamily("khoso_disk_free_bytes", "Room where files are received and worked on.")
        gauge.add_metric((), shutil.disk_usage(self._house.settings.data_dir).free)
        return gauge

    def _read(self) -> list[Metric]:
        up = GaugeMetricFamily("khoso_database_up", "1 while the database answers.")
        try:
            found = [
                *self._work(),
                *self._events(),
                self._documents(),
                *self._lock_proof(),
                self._connections(),
            ]
        except KhosoError:
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [up, *found]

    def _work(self) -> Iterable[Metric]:
        standing, now = self._house.datastore.work_standing(), self._house.clock()
        jobs = GaugeMetricFamily(
            "khoso_jobs_waiting", "Jobs that are not done.", labels=("role", "kind", "priority", "state")
        )
        for one in standing.jobs:
            jobs.add_metric((one.role, one.kind, one.priority.name.lower(), one.state), one.count)
        oldest = GaugeMetricFamily(
            "khoso_job_oldest_seconds", "How long the oldest job has waited.", labels=("role", "priority")
        )
        for role in JobRole:
            for priority in Priority:
                oldest.add_metric((role, priority.name.lower()), standing.waits(role, priority, now))
        aside = GaugeMetricFamily("khoso_jobs_set_aside", "Jobs that a person must look at.")
        aside.add_metric((), standing.count(JobState.SET_ASIDE))
        failing = GaugeMetricFamily("khoso_time_stamps_failing", "Jobs that got no time stamp.")
        failing.add_metric((), standing.time_stamps_failing)
        return jobs, oldest, aside, failing

    def _events(self) -> Iterable[Metric]:
        backlog, now = self._house.datastore.outbox.backlog(), self._house.clock()
        waiting = GaugeMetricFamily("khoso_events_waiting", "Events that somebody is still to be told.")
        waiting.add_metric((), backlog.waiting)
        oldest = GaugeMetricFamily("khoso_event_oldest_seconds", "How long the oldest of them has waited.")
        oldest.add_metric((), 0 if backlog.since is None else (now - backlog.since).total_seconds())
        aside = GaugeMetricFamily(
            "khoso_events_set_aside", "Deliveries of events that a person must look at."
        )
        aside.add_metric((), backlog.set_aside)
        paused = GaugeMetricFamily("khoso_webhooks_paused", "Receivers that took nothing for long.")
        paused.add_metric((), backlog.paused)
        return waiting, oldest, aside, paused

    def _documents(self) -> Metric:
        documents = GaugeMetricFamily("khoso_documents", "Papers by status.", labels=("status",))
        for status, count in self._house.datastore.document_counts().items():
            documents.add_metric((status,), count)
        return documents

    def _lock_proof(self) -> Iterable[Metric]:
        """Nothing where it was never proven: an alert on absence is for that."""
        proof = self._house.datastore.last_lock_proof()
        if proof is not None:
            age = GaugeMetricFamily("khoso_lock_proof_age_seconds", "Since the object lock was last proven.")
            age.add_metric((), (self._house.clock() - proof.at).total_seconds())
            yield age

    def _connections(self) -> Metric:
        used = GaugeMetricFamily("khoso_database_connections", "Connections that this process uses now.")
        used.add_metric((), self._house.datastore.connections())
        return used
