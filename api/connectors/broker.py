"""Waking workers through a broker (Celery over Redis or RabbitMQ): the only place that knows Celery.

A message says "there may be work for this role" and nothing else: the truth about work is the job row. So it may
come twice, late or never, and the broker may be wiped: who works claims a row, and `khoso beat` wakes again for what
still waits. A message holds the role and a trace id; never a document, never anything about a person.
"""

import signal
import time
from collections.abc import Callable

from celery import Celery
from celery.apps.worker import Worker
from celery.signals import setup_logging, worker_shutting_down
from celery.worker.consumer import Consumer
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

from api.logs import log
from api.traces import Trace, current_trace, within
from common import KhosoError
from datastore import JobRole

_TASK = "khoso.work"
_PATIENCE = 0.5
"""Seconds. Whoever wakes has an answer to give to somebody; the sweeper makes good what is not sent."""
_TRY_AGAIN_AFTER = 5.0
"""Seconds without a try after one that failed: a broker that is away costs one request the patience, not each."""
_REFUSED_PAUSE = 2.0
"""Seconds; a worker that is told to stop waits for no longer."""
_PLENTY = 100
"""Messages that wait for one role. More would wake nobody sooner, and a broker without workers must not fill up."""
_PLENTY_LASTS = 0.2
"""Seconds in which nobody works off so many; the broker is not asked in them."""
_EXPIRES = 600
"""Seconds. Older news is none."""


_IMPATIENT = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE, "max_retries": 0}


class BrokerAway(KhosoError):
    """The broker gives no answer: nobody is woken, so what was taken in waits; fact `reason`."""

    code = "broker_away"


def queue_name(role: JobRole) -> str:
    """The queue in which workers of this role listen."""
    return f"khoso.{role.value}"


class _Patient(Consumer):
    """Listens as Celery does; a broker that answers and refuses is asked again after a pause instead of at once."""

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        super().on_connection_error_before_connected(exc)
        self._pause_when_refused(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        super().on_connection_error_after_connected(exc)
        self._pause_when_refused(exc)

    def _pause_when_refused(self, exc: Exception) -> None:
        if isinstance(exc, self.channel_errors):  # type: ignore[attr-defined]  # its types leave it out
            log.warning("broker_refuses", kind=type(exc).__name__)
            time.sleep(_REFUSED_PAUSE)


def _app(url: str, **transport: float) -> Celery:
    app = Celery("khoso", broker=url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_channel_error_retry=True,  # what a broker refuses, because its disk is full, it takes again later
        broker_connection_max_retries=None,  # for ever: a broker that comes back is found without a person
        broker_connection_retry_on_startup=True,
        broker_transport_options=transport,
        result_backend=None,
        task_create_missing_queues=False,
        task_default_queue=queue_name(JobRole.READER),
        task_ignore_result=True,
        task_publish_retry=False,
        # Nothing is acknowledged, for nothing is lost with a message. (Celery 5.7 with the solo pool and Redis hears
        # nothing any more, and says so nowhere, once an acknowledgement met a connection that had just broken.)
        task_queues=[Queue(queue_name(role), no_ack=True) for role in JobRole],
        task_serializer="json",
        worker_consumer=_Patient,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,  # nobody commands a worker through the broker
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
    )
    return app


def _away_of(connection: Connection) -> tuple[type[BaseException], ...]:
    """What its broker raises that is away or refuses."""
    return (
        OperationalError,
        OSError,
        *connection.recoverable_connection_errors,
        *connection.recoverable_channel_errors,
    )


def ask(url: str) -> None:
    """It answers, over a connection of its own; BrokerAway."""
    with Connection(url, connect_timeout=_PATIENCE, transport_options=_IMPATIENT) as connection:
        try:
            _channel = connection.default_channel  # made only with a broker that answers
        except _away_of(connection) as error:
            raise BrokerAway(reason=type(error).__name__) from error


class Wakes:
    """Tells workers that there is work. A broker that is away fails nobody and delays by a moment at most."""

    def __init__(self, url: str) -> None:
        self._app = _app(url, **_IMPATIENT)
        self._away = _away_of(self._app.connection_for_write())
        self._not_before = 0.0
        self._plenty_until: dict[JobRole, float] = {}

    def __call__(self, roles: frozenset[JobRole]) -> None:
        """Wake one worker of each role; never raises for the broker's sake."""
        if time.monotonic() < self._not_before:
            return
        try:
            for role in sorted(roles):
                self._wake(role)
        except self._away as error:
            self._not_before = time.monotonic() + _TRY_AGAIN_AFTER
            log.warning("broker_away", kind=type(error).__name__)

    def _wake(self, role: JobRole) -> None:
        if time.monotonic() < self._plenty_until.get(role, 0.0):
            return
        name = queue_name(role)
        with self._app.producer_or_acquire() as producer:
            # Declared each time, because a broker that was wiped has forgotten it.
            waiting = producer.channel.queue_declare(
                queue=name, durable=True, auto_delete=False
            ).message_count
            if waiting < _PLENTY:
                self._app.send_task(
                    _TASK,
                    (role.value, current_trace()),
                    queue=name,
                    producer=producer,
                    expires=_EXPIRES,
                    retry=False,
                )
            else:
                self._plenty_until[role] = time.monotonic() + _PLENTY_LASTS

    def close(self) -> None:
        """Give back the connections."""
        self._app.close()


def _log_stays(**_facts: object) -> None:
    """Celery would have the log its own way, and let nothing below a warning through; that it hears this is enough."""


def listen(url: str, role: JobRole, work: Callable[[], None], stop: Callable[[], None]) -> int:
    """Does `work` whenever somebody wakes this role, until the process is told to stop; its exit status.

    One process and one thread (`--pool solo`): the work holds what cannot be shared, as the page pool. `stop` is
    called from the signal handler of the first SIGTERM or SIGINT; a second one ends the process as it is. The
    broker may come and go meanwhile.
    """
    app = _app(url)

    def woken(_role: str, trace: str | None) -> None:
        with within(Trace.go_on(trace)):
            work()

    app.task(name=_TASK)(woken)

    def stopping(**_facts: object) -> None:
        stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)

    worker_shutting_down.connect(stopping, weak=False)
    setup_logging.connect(_log_stays, weak=False)
    worker = Worker(
        app=app,
        pool="solo",
        concurrency=1,
        queues=[queue_name(role)],
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
