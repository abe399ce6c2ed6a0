"""Counters and gauges of one process, for Prometheus (`docs/operations.md`, monitoring).

Promised: no label has a value that a caller could choose or that tells of a person: routes are templates, methods the
known ones, statuses their class, agencies are not told apart. Each process counts for itself and is asked at its own
address; what is counted in the database (`api/installation_metrics.py`) is the same from each, so take its maximum.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry(auto_describe=True)
"""Ours alone: what a library counts for itself is not shown by accident."""
ProcessCollector(registry=REGISTRY)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PAGE_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0)

REQUESTS = Counter(
    "khoso_http_requests", "Requests answered.", ("route", "method", "status"), registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "khoso_http_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ("route", "method"),
    buckets=_REQUEST_SECONDS,
    registry=REGISTRY,
)
REQUESTS_IN_WORK = Gauge("khoso_http_requests_in_work", "Requests not answered yet.", registry=REGISTRY)
JOBS = Counter("khoso_jobs", "Jobs that ended here, by how.", ("kind", "outcome"), registry=REGISTRY)
JOB_SECONDS = Histogram("khoso_job_seconds", "Work on one job.", ("kind",), registry=REGISTRY)
PAGES = Counter("khoso_pages_read", "Pages read.", registry=REGISTRY)
PAGE_SECONDS = Histogram(
    "khoso_page_seconds",
    "Reading of a document, drawing included, per page of it.",
    buckets=_PAGE_SECONDS,
    registry=REGISTRY,
)
SIGNATURES = Counter("khoso_signatures", "Signatures made, by whose.", ("role",), registry=REGISTRY)
TIME_STAMP_FAILURES = Counter(
    "khoso_time_stamp_failures", "Signatures that got no usable time stamp.", registry=REGISTRY
)
OBJECT_SECONDS = Histogram(
    "khoso_object_seconds", "Answers of the object store.", ("operation",), registry=REGISTRY
)
OBJECT_ERRORS = Counter(
    "khoso_object_errors", "Failures of the object store.", ("operation", "code"), registry=REGISTRY
)
MALWARE = Counter("khoso_malware_found", "Files refused for malware.", registry=REGISTRY)
BUILD = Info("khoso_build", "What runs here.", registry=REGISTRY)


def method_label(method: str) -> str:
    """A method of the protocol; any other that somebody sends is `other`."""
    return method if method in _METHODS else "other"


def status_label(status: int) -> str:
    """`2xx`."""
    return f"{status // 100}xx"


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observes how long the block took, however it ended."""
    started = time.perf_counter()
    try:
        yield
    finally:
        histogram.observe(time.perf_counter() - started)
