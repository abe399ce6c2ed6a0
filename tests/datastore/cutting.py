"""A way to a server that swallows its answers: what was asked is done, and nobody hears of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


@contextmanager
def answers_swallowed(host: str, port: int) -> Iterator[str]:
    """Passes what comes on to the server, waits for the first byte of its answer, and hangs up. Gives `host:port`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_serve, args=(listening, (host, port)), daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _serve(listening: socket.socket, server: tuple[str, int]) -> None:
    while True:
        try:
            client, _address = listening.accept()
        except OSError:
            return
        with client, socket.create_connection(server) as inside:
            Thread(target=_pass_on, args=(client, inside), daemon=True).start()
            inside.recv(1)


def _pass_on(client: socket.socket, inside: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(1 << 16):
            inside.sendall(data)
