"""The web process: uvicorn around the application, and in the embedded default the worker beside it.

The worker is a process of its own, so that reading a page never slows an answer. It is started again when it
dies, told to finish when the server ends, and ends by itself when the server was killed.
"""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.http.heads import BoundedHeads
from api.http.routes.jobs import Streams
from api.progress import Steps
from common import KhosoError, say

_GRACE_SECONDS = 20
"""So long may answers under way take when the server ends; then the connections are closed."""
_WORKER_GRACE_SECONDS = 60
"""The page in work is finished."""
_RESTART_PAUSE_SECONDS = 2.0
_WORKER = [sys.executable, "-m", "api.cli", "worker", "--while-stdin"]


_BACKLOG = 2048
_MOST_CONNECTIONS = 2000
"""Of one process; further ones are answered 503 at once."""
_TURN_SECONDS = 0.0005
"""So long a thread computes before another that waits has its turn: Python's own ten times as long is more than a whole
look-up takes, and the loop that hands out the work would wait for it behind each paper that is kept."""


class CannotListen(KhosoError):
    """The address is taken, or not one of this machine."""

    code = "cannot_listen"


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; CannotListen when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise CannotListen(host=host, port=port, reason=str(error)) from error


class _Server(uvicorn.Server):
    """Ends what is open when it is told to, and the process at once when it is told again."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        signal.signal(sig, signal.SIG_DFL)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.end()
        await super().shutdown(sockets)


def server(app: FastAPI, *, proxies: str = "") -> uvicorn.Server:
    """A server for the application, not yet running. Its lines about requests come from elsewhere: none here."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHeads,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=proxies,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config, app.state.streams)


def serve_until_told(web: uvicorn.Server, listening: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT, and returns when what was open has ended.

    uvicorn raises the signal once more afterwards, for whoever minded it before: that is us, and it is done.
    """

    def told(sig: int, _frame: FrameType | None) -> None:
        web.should_exit = True
        signal.signal(sig, signal.SIG_DFL)

    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, told)
    sys.setswitchinterval(_TURN_SECONDS)
    web.run(sockets=[listening])


@contextmanager
def worker_beside(steps: Steps) -> Iterator[None]:
    """A worker process for as long as the block runs."""
    ended = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(steps, ended), name="keeper")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep_worker(steps: Steps, ended: threading.Event) -> None:
    while not ended.is_set():
        # It holds one end of a pipe: when this process is gone, however it went, the worker sees the end of it.
        with subprocess.Popen(_WORKER, stdin=subprocess.PIPE, start_new_session=True) as worker:
            while not ended.is_set() and worker.poll() is None:
                ended.wait(0.2)
            if ended.is_set():
                _end(worker)
                return
        steps.say(str(say("worker_ended", status=worker.returncode)))
        ended.wait(_RESTART_PAUSE_SECONDS)


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(_WORKER_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()  # its job comes back to the queue: nothing is lost
